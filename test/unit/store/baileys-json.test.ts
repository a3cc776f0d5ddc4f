import { BufferJSON } from '@whiskeysockets/baileys';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fromBaileysJson, stringifyBaileys } from '../../../shared/store/baileys-json.js';

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

it('comes back as it went in', () => {
  fc.assert(
    fc.property(value, (original) => {
      expect(fromBaileysJson(JSON.parse(stringifyBaileys(original)))).toEqual(original);
    }),
  );
});

it('leaves out what is undefined, and takes byte lists of older versions', () => {
  expect(stringifyBaileys({ a: undefined, b: [undefined, 1] })).toBe('{"b":[null,1]}');
  expect(fromBaileysJson({ type: 'Buffer', data: [1, 2] })).toEqual(Buffer.from([1, 2]));
});

it('is what Baileys itself writes and reads', () => {
  const original = { a: Buffer.from([1, 2, 3]), b: { c: [new Uint8Array([4])], d: 'e' } };
  expect(stringifyBaileys(original)).toBe(JSON.stringify(original, BufferJSON.replacer));
  expect(JSON.parse(stringifyBaileys(original), BufferJSON.reviver)).toEqual({ a: original.a, b: { c: [Buffer.from([4])], d: 'e' } });
});
