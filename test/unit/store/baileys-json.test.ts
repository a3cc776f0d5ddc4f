import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fromBaileysJson, stringifyBaileys, toBaileysJson } from '../../../shared/store/baileys-json.js';

const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.array(tie('value')),
    fc.dictionary(
      fc.string().filter((key) => key !== 'type' && key !== 'data'),
      tie('value'),
    ),
  ),
})).value;

it('comes back as it went in, by the tree and by the text alike', () => {
  fc.assert(
    fc.property(value, (original) => {
      const text = stringifyBaileys(original);
      expect(text).toBe(JSON.stringify(toBaileysJson(original)));
      expect(fromBaileysJson(JSON.parse(text))).toEqual(original);
    }),
  );
});

it('leaves out what is undefined, and takes byte lists of older versions', () => {
  expect(stringifyBaileys({ a: undefined, b: [undefined, 1] })).toBe('{"b":[null,1]}');
  expect(fromBaileysJson({ type: 'Buffer', data: [1, 2] })).toEqual(Buffer.from([1, 2]));
});
