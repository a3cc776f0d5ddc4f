import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';

/** Raw Curve25519 keys, 32 bytes each. */
export interface RawKeyPair {
  readonly private: Buffer;
  readonly public: Buffer;
}

/** A Curve25519 key pair that can also sign, grown from a seed of 32 bytes. */
export interface SigningKeys extends RawKeyPair {
  readonly seed: Buffer;
}

const X25519_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');
const ED25519_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_PREFIX_LENGTH = 12;
const SIGN_BIT = 0x80;
const LAST = 31;

function publicOf(prefix: Buffer, privateKey: Buffer): Buffer {
  const key = createPrivateKey({ key: Buffer.concat([prefix, privateKey]), format: 'der', type: 'pkcs8' });
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX_LENGTH);
}

/**
 * The key pair of a seed. Its private key is the scalar that Ed25519 would derive from the same seed, which lets the machine's own Ed25519 make
 * the signatures: the JavaScript one takes 30 ms each.
 */
export function signingKeys(seed: Buffer): SigningKeys {
  const scalar = createHash('sha512').update(seed).digest().subarray(0, 32);
  scalar.writeUInt8(scalar.readUInt8(0) & 248, 0);
  scalar.writeUInt8((scalar.readUInt8(LAST) & 127) | 64, LAST);
  return { seed, private: scalar, public: publicOf(X25519_PREFIX, scalar) };
}

/** The same keys for the same words, in every process: how both ends agree on the simulated root without talking. */
export function keysFromWords(words: string): SigningKeys {
  return signingKeys(createHash('sha256').update(words).digest());
}

/** A signature that verifies against the pair's Curve25519 public key (XEdDSA): 64 bytes. */
export function signWith({ seed }: SigningKeys, message: Uint8Array): Buffer {
  const key = createPrivateKey({ key: Buffer.concat([ED25519_PREFIX, seed]), format: 'der', type: 'pkcs8' });
  const signature = sign(null, message, key);
  // A Curve25519 key does not tell the sign of its Edwards twin; the unused top bit of the signature does.
  const signBit = publicOf(ED25519_PREFIX, seed).readUInt8(LAST) & SIGN_BIT;
  signature.writeUInt8(signature.readUInt8(63) | signBit, 63);
  return signature;
}
