// The stand-in beside the package that it stands in for.
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import * as itself from 'whatsapp-rust-bridge-itself';
import * as standIn from '../../../stand-ins/whatsapp-rust-bridge/index.js';

const bytes = (minLength: number, maxLength = minLength) => fc.uint8Array({ minLength, maxLength });
const macs = fc.array(bytes(32), { maxLength: 5 });

it('is what Baileys loads', () => {
  const baileys = createRequire(createRequire(import.meta.url).resolve('@whiskeysockets/baileys'));
  expect(baileys.resolve('whatsapp-rust-bridge')).toBe(
    fileURLToPath(new URL('../../../stand-ins/whatsapp-rust-bridge/index.js', import.meta.url)),
  );
});

it('derives the same bytes, of any length, with and without salt and info', () => {
  const how = fc.record({ salt: bytes(0, 100), info: fc.string({ unit: 'binary' }) }, { requiredKeys: [] });
  fc.assert(
    fc.property(bytes(0, 200), fc.integer({ min: 1, max: 8_160 }), how, (secret, length, given) => {
      expect(standIn.hkdf(secret, length, given)).toEqual(itself.hkdf(secret, length, given));
    }),
  );
  for (const { hkdf } of [standIn, itself]) expect(() => hkdf(randomBytes(32), 8_161, {})).toThrow();
});

it('makes the same five keys of one', () => {
  fc.assert(
    fc.property(bytes(32), (keyData) => {
      const [ours, theirs] = [standIn.expandAppStateKeys(keyData), itself.expandAppStateKeys(keyData)];
      for (const name of ['indexKey', 'valueEncryptionKey', 'valueMacKey', 'snapshotMacKey', 'patchMacKey'] as const)
        expect(ours[name]).toEqual(theirs[name]);
    }),
  );
});

it('comes to the same sum, leaves what it started from, and takes away what it added', () => {
  const [ours, theirs] = [new standIn.LTHashAntiTampering(), new itself.LTHashAntiTampering()];
  fc.assert(
    fc.property(bytes(128), macs, macs, (base, subtract, add) => {
      const before = Buffer.from(base);
      const sum = ours.subtractThenAdd(base, subtract, add);
      expect(sum).toEqual(theirs.subtractThenAdd(base, subtract, add));
      expect(before.equals(base)).toBe(true);
      expect(ours.subtractThenAdd(sum, add, subtract)).toEqual(base);
    }),
  );
});

it('adds as well to what lies within a larger buffer', () => {
  const base = randomBytes(300).subarray(7, 135);
  const added = [randomBytes(32)];
  expect(new standIn.LTHashAntiTampering().subtractThenAdd(base, [], added)).toEqual(
    new itself.LTHashAntiTampering().subtractThenAdd(base, [], added),
  );
});

it('has the same MD5', () => {
  fc.assert(
    fc.property(bytes(0, 500), (data) => {
      expect(standIn.md5(data)).toEqual(itself.md5(data));
    }),
  );
});
