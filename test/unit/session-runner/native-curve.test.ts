import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { Curve, SenderKeyMessage } from '../../../session-runner/baileys.js';
import { libsignalCurve } from '../../../session-runner/libsignal.js';
import { useNativeCurve } from '../../../session-runner/native-curve.js';

const withType = (key: Uint8Array): Buffer => Buffer.concat([Buffer.of(5), key]);
const libsignal = { ...libsignalCurve };
const noise = () => Curve.verify(Curve.generateKeyPair().public, randomBytes(8), randomBytes(64));

test('without the cure noise counts as a signature', () => {
  expect(noise()).toBe(true);
});

describe('with the cure', () => {
  beforeAll(useNativeCurve);

  test('noise counts as none, and a signature as one, whether its key has a type byte or not', () => {
    expect(noise()).toBe(false);
    const key = Curve.generateKeyPair();
    const message = randomBytes(8);
    for (const signature of [Curve.sign(key.private, message), libsignal.calculateSignature(key.private, message)]) {
      expect(Curve.verify(key.public, message, Buffer.from(signature))).toBe(true);
      expect(Curve.verify(withType(key.public), message, Buffer.from(signature))).toBe(true);
    }
  });

  test('keys and secrets are those of libsignal', () => {
    const [ours, theirs] = [Curve.generateKeyPair(), libsignal.generateKeyPair()];
    const secret = libsignal.calculateAgreement(theirs.pubKey, Buffer.from(ours.private));
    expect(Curve.sharedKey(ours.private, theirs.pubKey)).toEqual(secret);
    expect(libsignalCurve.calculateAgreement(theirs.pubKey, ours.private)).toEqual(secret);
    const { pubKey, privKey } = libsignalCurve.generateKeyPair();
    expect(pubKey).toHaveLength(33);
    expect(libsignal.calculateAgreement(withType(ours.public), privKey)).toEqual(Curve.sharedKey(ours.private, pubKey));
  });

  test('libsignal goes on asking for nothing to be checked where it does not look at the answer', () => {
    const { pubKey } = libsignalCurve.generateKeyPair();
    expect(libsignalCurve.verifySignature(pubKey, randomBytes(8), randomBytes(64))).toBe(false);
    expect(libsignalCurve.verifySignature(pubKey, randomBytes(8), randomBytes(64), true)).toBe(true);
  });

  describe('a message of a group', () => {
    test('is signed so that libsignal takes it, and taken from libsignal, and refused when it was changed', () => {
      const signing = libsignal.generateKeyPair();
      const message = new SenderKeyMessage(1, 2, randomBytes(48), Buffer.from(signing.privKey));
      const bytes = Buffer.from(message.serialize());
      expect(libsignal.verifySignature(Buffer.from(signing.pubKey), bytes.subarray(0, -64), bytes.subarray(-64))).toBe(true);
      const theirs = Buffer.concat([
        bytes.subarray(0, -64),
        libsignal.calculateSignature(Buffer.from(signing.privKey), bytes.subarray(0, -64)),
      ]);
      new SenderKeyMessage(null, null, null, null, theirs).verifySignature(signing.pubKey);
      theirs.writeUInt8(theirs.readUInt8(9) ^ 1, 9);
      expect(() => new SenderKeyMessage(null, null, null, null, theirs).verifySignature(signing.pubKey)).toThrow('Invalid signature');
    });
  });
});
