import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DamagedError, openJson, sealJson } from '../../../shared/store/sealed-json.js';

const text = fc.string({ unit: 'binary' });
const content = fc.record({ version: fc.nat(), rows: fc.array(fc.tuple(text, fc.jsonValue())), [']}"\ud800ü']: text });
/** As it comes back from a file or an object store. */
const fromBytes = (bytes: Uint8Array): unknown => openJson(Buffer.from(bytes).toString());

it('opens what it sealed', () => {
  fc.assert(
    fc.property(content, (value) => {
      expect(fromBytes(Buffer.from(sealJson(value)))).toMatchObject(JSON.parse(JSON.stringify(value)) as object);
    }),
  );
});

it('is plain JSON for everybody else', () => {
  expect(JSON.parse(sealJson({ a: 1 }))).toEqual({ a: 1, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
});

it('notices every changed bit and every cut', () => {
  fc.assert(
    fc.property(content, (value) => {
      const sealed = Buffer.from(sealJson(value));
      for (let at = 0; at < sealed.length; at++) {
        const damaged = Buffer.from(sealed);
        damaged.writeUInt8(damaged.readUInt8(at) ^ (1 << (at % 8)), at);
        expect(() => fromBytes(damaged)).toThrow(DamagedError);
        expect(() => fromBytes(sealed.subarray(0, at))).toThrow(DamagedError);
      }
    }),
    { numRuns: 20 },
  );
});

it('notices what was added', () => {
  const sealed = sealJson({ a: 1 });
  for (const added of [`${sealed} `, ` ${sealed}`, `${sealed}${sealed}`, '']) expect(() => openJson(added)).toThrow(DamagedError);
});
