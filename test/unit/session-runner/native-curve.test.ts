import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Curve } from '../../../session-runner/baileys.js';
import { verifySignature, verifySignatures } from '../../../session-runner/verify-signatures.js';

describe('signatures', () => {
  test('made by libsignal are good, and no other key, message or changed bit is', () => {
    for (let round = 0; round < 64; round++) {
      const key = Curve.generateKeyPair();
      const message = randomBytes(1 + round);
      const signature = Curve.sign(key.private, message);
      expect(verifySignature(key.public, message, signature)).toBe(true);
      expect(verifySignature(Curve.generateKeyPair().public, message, signature)).toBe(false);
      expect(verifySignature(key.public, Buffer.concat([message, Buffer.of(round)]), signature)).toBe(false);
      const changed = Buffer.from(signature);
      changed.writeUInt8(changed.readUInt8(round) ^ (1 << (round % 8)), round);
      expect(verifySignature(key.public, message, changed)).toBe(false);
    }
  });

  test('of a wrong length are bad instead of an error', () => {
    const key = Curve.generateKeyPair();
    expect(verifySignature(key.public, randomBytes(4), randomBytes(63))).toBe(false);
    expect(verifySignature(randomBytes(31), randomBytes(4), randomBytes(64))).toBe(false);
  });

  test('are checked by Baileys only after the cure: without it, noise counts as a signature', () => {
    expect(Curve.verify(Curve.generateKeyPair().public, randomBytes(8), randomBytes(64))).toBe(true);
    verifySignatures();
    expect(Curve.verify(Curve.generateKeyPair().public, randomBytes(8), randomBytes(64))).toBe(false);
    const key = Curve.generateKeyPair();
    const message = randomBytes(8);
    expect(Curve.verify(key.public, message, Curve.sign(key.private, message))).toBe(true);
    // As libsignal writes keys: with a type byte in front.
    expect(Curve.verify(Buffer.concat([Buffer.of(5), key.public]), message, Curve.sign(key.private, message))).toBe(true);
  });
});
