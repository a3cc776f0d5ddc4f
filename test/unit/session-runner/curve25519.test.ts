// Beside libsignal's own functions, which are another implementation of the same.
import type * as Crypto from 'node:crypto';
import { createPrivateKey, generateKeyPairSync, randomBytes, type JsonWebKeyInput } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { calculateAgreement, calculateSignature, generateKeyPair as libsignalPair, verifySignature } from 'libsignal/src/curve.js';
import * as asNodeIs from '../../../session-runner/curve25519.js';

const withType = (key: Uint8Array): Buffer => Buffer.concat([Buffer.of(5), key]);
const BASE = Buffer.concat([Buffer.of(9), Buffer.alloc(31)]);
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array));
const hex = (text: string): Buffer => Buffer.from(text, 'hex');

type PrivateKeys = typeof createPrivateKey;

/** Whether a key comes as a JWK without its public half. */
const halved = (key: Parameters<PrivateKeys>[0]): boolean => (key as Partial<JsonWebKeyInput>).key?.x === '';

/** Refuses a JWK without its public half, as Node.js does from 24.22 on. */
const strictly: PrivateKeys = (key) => {
  if (halved(key)) throw Object.assign(new TypeError('Invalid JWK OKP key'), { code: 'ERR_CRYPTO_INVALID_JWK' });
  return createPrivateKey(key);
};

const loadedWith = async (privateKeys: PrivateKeys): Promise<typeof asNodeIs> => {
  vi.doMock('node:crypto', async (load) => ({ ...(await load<typeof Crypto>()), createPrivateKey: privateKeys }));
  vi.resetModules();
  try {
    return await import('../../../session-runner/curve25519.js');
  } finally {
    vi.doUnmock('node:crypto');
  }
};

it('hands keys over in the form that is quick, wherever Node.js takes it', async () => {
  const accepted = generateKeyPairSync('x25519').privateKey;
  const asked: boolean[] = [];
  const leniently: PrivateKeys = (key) => {
    asked.push(halved(key));
    return accepted;
  };
  const { agree } = await loadedWith(leniently);
  agree(BASE, randomBytes(32));
  expect(asked).toEqual([true, true]);
});

it('does not take any error for an answer about the form', async () => {
  const broken: PrivateKeys = () => {
    throw new ReferenceError('not yet');
  };
  await expect(loadedWith(broken)).rejects.toThrow('not yet');
});

describe.each([
  ['as this Node.js takes keys', asNodeIs],
  ['where Node.js wants the public half of a key', await loadedWith(strictly)],
])('%s', (_where, { agree, generateKeyPair, sign, verify }) => {
  describe('an agreement', () => {
    // RFC 7748, 5.2 and 6.1.
    it.each([
      [
        'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
        'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
        'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
      ],
      [
        '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb',
        '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
        '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
      ],
    ])('is that of the standard', (privateKey, publicKey, secret) => {
      expect(agree(hex(publicKey), hex(privateKey)).toString('hex')).toBe(secret);
    });

    it('is the one that libsignal reaches, with any two keys', () => {
      fc.assert(
        fc.property(bytes(32), bytes(32), (one, other) => {
          const [ours, theirs] = [agree(BASE, one), agree(BASE, other)];
          expect(agree(theirs, one)).toEqual(agree(ours, other));
          expect(agree(theirs, one)).toEqual(calculateAgreement(withType(theirs), one));
        }),
        { numRuns: 50 },
      );
    });

    it('is none with a point that would make any secret zero, or with what is no key', () => {
      expect(() => agree(Buffer.alloc(32), randomBytes(32))).toThrow();
      expect(() => agree(randomBytes(31), randomBytes(32))).toThrow();
      expect(() => agree(BASE, randomBytes(33))).toThrow();
    });
  });

  it('makes key pairs, each once, that libsignal agrees with', () => {
    const pairs = Array.from({ length: 20 }, generateKeyPair);
    expect(new Set(pairs.map(({ privateKey }) => privateKey.toString('hex'))).size).toBe(20);
    for (const { publicKey, privateKey } of pairs) {
      expect([publicKey.length, privateKey.length]).toEqual([32, 32]);
      expect(agree(BASE, privateKey)).toEqual(publicKey);
      const theirs = libsignalPair();
      expect(calculateAgreement(withType(publicKey), theirs.privKey)).toEqual(agree(theirs.pubKey.subarray(1), privateKey));
    }
  });

  describe('a signature', () => {
    it('of ours is good to libsignal, with any key and message, and one of libsignal is good to us', () => {
      fc.assert(
        fc.property(bytes(32), fc.uint8Array({ minLength: 1, maxLength: 300 }), (privateKey, text) => {
          const message = Buffer.from(text);
          const publicKey = agree(BASE, privateKey);
          const signature = sign(privateKey, message);
          expect(verifySignature(withType(publicKey), message, signature)).toBe(true);
          expect(verify(publicKey, message, signature)).toBe(true);
          expect(verify(publicKey, message, calculateSignature(privateKey, message))).toBe(true);
        }),
        { numRuns: 40 },
      );
    });

    it('is another one each time, so that no two share a nonce', () => {
      const { privateKey } = generateKeyPair();
      const signatures = Array.from({ length: 50 }, () => sign(privateKey, Buffer.from('the same')).subarray(0, 32).toString('hex'));
      expect(new Set(signatures).size).toBe(50);
    });

    it('is good for no other key, message or changed bit', () => {
      for (let round = 0; round < 64; round++) {
        const { publicKey, privateKey } = generateKeyPair();
        const message = randomBytes(1 + round);
        const signature = sign(privateKey, message);
        expect(verify(publicKey, message, signature)).toBe(true);
        expect(verify(generateKeyPair().publicKey, message, signature)).toBe(false);
        expect(verify(publicKey, Buffer.concat([message, Buffer.of(round)]), signature)).toBe(false);
        const changed = Buffer.from(signature);
        changed.writeUInt8(changed.readUInt8(round) ^ (1 << (round % 8)), round);
        expect(verify(publicKey, message, changed)).toBe(false);
      }
    });

    it('of a wrong length is bad instead of an error', () => {
      const { publicKey } = generateKeyPair();
      expect(verify(publicKey, randomBytes(4), randomBytes(63))).toBe(false);
      expect(verify(randomBytes(31), randomBytes(4), randomBytes(64))).toBe(false);
    });
  });
});
