// What Signal does on Curve25519, by Node's own cryptography. Public keys have 32 bytes here, without libsignal's type byte.
import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  randomBytes,
  sign as signNatively,
  verify as verifyNatively,
  type KeyObject,
} from 'node:crypto';

/** The field of the curve, and the order of its base point. */
const P = 2n ** 255n - 19n;
const Q = 2n ** 252n + 27742317777372353535851937790883648493n;
/** Topmost bit of a number of 32 bytes, where the sign of a point is written. */
const SIGN = 0x80;

export interface KeyPair {
  publicKey: Buffer;
  privateKey: Buffer;
}

type Name = 'X25519' | 'Ed25519';

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');

// Keys cross as JWK: the DER of OpenSSL 3.0 takes several times as long as what is done with them.
const fromPublic = (crv: Name, key: Uint8Array): KeyObject =>
  createPublicKey({ key: { kty: 'OKP', crv, x: base64url(key) }, format: 'jwk' });
const fromJwk = (crv: Name, key: Uint8Array): KeyObject =>
  createPrivateKey({ key: { kty: 'OKP', crv, d: base64url(key), x: '' }, format: 'jwk' });
/** What comes before the 32 bytes of a private key in PKCS #8 (RFC 8410, 7). */
const PKCS8: Readonly<Record<Name, Buffer>> = {
  X25519: Buffer.from('302e020100300506032b656e04220420', 'hex'),
  Ed25519: Buffer.from('302e020100300506032b657004220420', 'hex'),
};
const fromPkcs8 = (crv: Name, key: Uint8Array): KeyObject => {
  if (key.length !== 32) throw new RangeError('a private key has 32 bytes');
  return createPrivateKey({ key: Buffer.concat([PKCS8[crv], key]), format: 'der', type: 'pkcs8' });
};
/** The public half `x` is what is to be known. From 24.22 on Node.js compares it with the key; there OpenSSL is 3.5, which is quick with DER. */
const needsPublicHalf = (): boolean => {
  try {
    fromJwk('X25519', Buffer.alloc(32));
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_CRYPTO_INVALID_JWK') throw error;
    return true;
  }
};
const fromPrivate = needsPublicHalf() ? fromPkcs8 : fromJwk;
const publicOf = (privateKey: Uint8Array): Buffer =>
  Buffer.from(fromPrivate('X25519', privateKey).export({ format: 'jwk' }).x ?? '', 'base64url');

/** Not by `generateKeyPairSync`: on Node.js 20 a process may hang for ever that exports what it made while garbage is collected. */
export const generateKeyPair = (): KeyPair => {
  const privateKey = clamped(randomBytes(32));
  return { publicKey: publicOf(privateKey), privateKey };
};

/** The secret that both share. @throws when one of them is no key, or gives the secret zero */
export const agree = (publicKey: Uint8Array, privateKey: Uint8Array): Buffer =>
  diffieHellman({ publicKey: fromPublic('X25519', publicKey), privateKey: fromPrivate('X25519', privateKey) });

/**
 * Checks an XEd25519 signature as libsignal makes them: `publicKey` is a 32-byte Curve25519 key, `signature` 64 bytes whose topmost bit is
 * the sign of the Edwards key. See signal.org/docs/specifications/xeddsa.
 */
export const verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean => {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const plain = Buffer.from(signature);
  const last = plain.readUInt8(63);
  plain.writeUInt8(last & ~SIGN, 63);
  return verifyNatively(null, message, fromPublic('Ed25519', signed(edwardsKey(publicKey), last & SIGN)), plain);
};

/** Makes such a signature. */
export const sign = (privateKey: Uint8Array, message: Uint8Array): Buffer => {
  const edwards = edwardsKey(publicOf(privateKey));
  const { nonce, point } = freshNonce(privateKey, message);
  const scalar = numberOf(clamped(privateKey));
  // Which of the two Edwards keys it is only a multiplication would tell; with the wrong one the signature is none.
  for (const bit of [0, SIGN]) {
    const key = signed(edwards, bit);
    const hash = numberOf(sha512(point, key, message));
    const signature = Buffer.concat([point, bytesOf((nonce + hash * scalar) % Q)]);
    if (verifyNatively(null, message, fromPublic('Ed25519', key), signature)) return signed(signature, bit);
  }
  throw new Error('the private key cannot sign');
};

/**
 * A random number and its multiple of the base point, taken from an Ed25519 signature under a key that is used once: it says the point, and
 * whoever knows the key knows the number (RFC 8032, 5.1.6). The key depends on what is signed, too, should randomness ever repeat itself.
 */
const freshNonce = (privateKey: Uint8Array, message: Uint8Array): { nonce: bigint; point: Buffer } => {
  const seed = createHmac('sha256', privateKey).update(randomBytes(32)).update(message).digest();
  const point = signNatively(null, message, fromPrivate('Ed25519', seed)).subarray(0, 32);
  const prefix = sha512(seed).subarray(32);
  return { nonce: numberOf(sha512(prefix, message)) % Q, point };
};

/** The Edwards form of a Montgomery key, without its sign: y = (u − 1) / (u + 1). */
const edwardsKey = (montgomery: Uint8Array): Buffer => {
  const u = numberOf(montgomery) & (2n ** 255n - 1n);
  return bytesOf((((u - 1n + P) % P) * inverse((u + 1n) % P)) % P);
};

/** By Euclid; 0 for 0. */
const inverse = (number: bigint): bigint => {
  let [rest, next, factor, other] = [P, number, 0n, 1n];
  while (next > 0n) {
    const times = rest / next;
    [rest, next] = [next, rest - times * next];
    [factor, other] = [other, factor - times * other];
  }
  return rest === 1n ? (factor + P) % P : 0n;
};

const signed = (bytes: Buffer, bit: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(copy.length - 1) | bit, copy.length - 1);
  return copy;
};

const clamped = (privateKey: Uint8Array): Buffer => {
  const scalar = Buffer.from(privateKey);
  scalar.writeUInt8(scalar.readUInt8(0) & 0xf8, 0);
  scalar.writeUInt8((scalar.readUInt8(31) & 0x7f) | 0x40, 31);
  return scalar;
};

const sha512 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha512');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** Numbers are little-endian. */
const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
const bytesOf = (number: bigint): Buffer => Buffer.from(number.toString(16).padStart(64, '0'), 'hex').reverse();
