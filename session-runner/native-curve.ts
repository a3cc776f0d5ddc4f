import { createPublicKey, verify } from 'node:crypto';
import { Curve } from './baileys.js';

const P = 2n ** 255n - 19n;

/**
 * Checks an XEd25519 signature as libsignal makes them: `publicKey` is a 32-byte Curve25519 key, `signature` 64 bytes whose topmost bit is
 * the sign of the Edwards key. See signal.org/docs/specifications/xeddsa.
 */
export const verifySignature = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean => {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const plain = Buffer.from(signature);
  const sign = plain.readUInt8(63) & 0x80;
  plain.writeUInt8(plain.readUInt8(63) & 0x7f, 63);
  const x = edwardsKey(publicKey, sign).toString('base64url');
  return verify(null, message, createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }), plain);
};

/** The Edwards form of a Montgomery key: y = (u − 1) / (u + 1). */
const edwardsKey = (montgomery: Uint8Array, sign: number): Buffer => {
  const u = BigInt(`0x${Buffer.from(montgomery).reverse().toString('hex')}`) & (2n ** 255n - 1n);
  const y = (((u - 1n + P) % P) * power((u + 1n) % P, P - 2n)) % P;
  const key = Buffer.from(y.toString(16).padStart(64, '0'), 'hex').reverse();
  key.writeUInt8(key.readUInt8(31) | sign, 31);
  return key;
};

const power = (base: bigint, exponent: bigint): bigint => {
  let result = 1n;
  for (let square = base, rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
};

/**
 * Makes Baileys check signatures at all: its `Curve.verify` ignores the answer of the libsignal it runs on and calls every signature good,
 * so that neither the server's certificate nor the phone's signature under a new device was checked.
 */
export const verifySignatures = (): void => {
  Curve.verify = (publicKey, message, signature) => {
    // Baileys passes keys with and without libsignal's type byte.
    const key = publicKey.length === 33 ? publicKey.subarray(1) : publicKey;
    return verifySignature(key, message, signature);
  };
};
