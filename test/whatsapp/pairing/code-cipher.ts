import { pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { aesDecryptCTR, aesDecryptGCM, aesEncryptCTR, Curve, hkdf } from '@whiskeysockets/baileys';
import { ControlError } from '../control/control-error.js';
import type { RawKeyPair } from '../wire/key-pair.js';

const ITERATIONS = 131_072;
const derive = promisify(pbkdf2);

/** A Curve25519 public key wrapped with a pairing code: salt 32, IV 16, key 32 bytes. */
export async function unwrapKey(code: string, wrapped: Buffer): Promise<Buffer> {
  const key = await derive(code, wrapped.subarray(0, 32), ITERATIONS, 32, 'sha256');
  return aesDecryptCTR(wrapped.subarray(48, 80), key, wrapped.subarray(32, 48));
}

/** Wraps a public key with a pairing code. */
export async function wrapKey(code: string, publicKey: Uint8Array): Promise<Buffer> {
  const salt = randomBytes(32);
  const iv = randomBytes(16);
  const key = await derive(code, salt, ITERATIONS, 32, 'sha256');
  return Buffer.concat([salt, iv, aesEncryptCTR(publicKey, key, iv)]);
}

/** What both sides of a pairing by code hold when it comes to its last step. */
export interface CodeExchange {
  readonly ephemeral: { readonly private: Uint8Array };
  readonly companionEphemeral: Buffer;
  readonly account: RawKeyPair;
  /** Salt 32, IV 12, then the sealed identities and random bytes. */
  readonly bundle: Buffer;
  readonly companionIdentity: Buffer;
}

/** Opens the companion's key bundle and gives the secret both now share. Throws 422 WRONG_CODE when the code was another one. */
export function openKeyBundle({ ephemeral, companionEphemeral, account, bundle, companionIdentity }: CodeExchange): Buffer {
  const shared = Curve.sharedKey(ephemeral.private, companionEphemeral);
  const info = 'link_code_pairing_key_bundle_encryption_key';
  const key = hkdf(shared, 32, { salt: bundle.subarray(0, 32), info });
  let opened: Buffer;
  try {
    opened = aesDecryptGCM(bundle.subarray(44), key, bundle.subarray(32, 44), Buffer.alloc(0));
  } catch {
    throw new ControlError(422, 'WRONG_CODE', 'the device shows another code');
  }
  const random = opened.subarray(64, 96);
  const identityShared = Curve.sharedKey(account.private, companionIdentity);
  return Buffer.from(hkdf(Buffer.concat([shared, identityShared, random]), 32, { info: 'adv_secret' }));
}
