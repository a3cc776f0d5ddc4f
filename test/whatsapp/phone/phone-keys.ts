import { randomBytes, randomInt } from 'node:crypto';
import { Curve, generateSignalPubKey } from '@whiskeysockets/baileys';
import { makeAppStateKey, type AppStateKey } from '../app-state/app-state-key.js';
import { signingKeys, signWith, type RawKeyPair, type SigningKeys } from '../wire/key-pair.js';

/** The long-lived keys of a phone. */
export interface PhoneKeys {
  readonly identity: SigningKeys;
  readonly registrationId: number;
  readonly signedPreKey: { readonly id: number; readonly pair: RawKeyPair; readonly signature: Buffer };
  readonly appState: AppStateKey;
}

/** New keys for a new phone. */
export function makePhoneKeys(): PhoneKeys {
  const identity = signingKeys(randomBytes(32));
  const fresh = Curve.generateKeyPair();
  const pair = { private: Buffer.from(fresh.private), public: Buffer.from(fresh.public) };
  return {
    identity,
    registrationId: randomInt(1, 16_380),
    signedPreKey: { id: 1, pair, signature: signWith(identity, typed(pair.public)) },
    appState: makeAppStateKey(),
  };
}

/** A public key with the type byte in front, as Signal wants it. */
export function typed(publicKey: Uint8Array): Buffer {
  return Buffer.from(generateSignalPubKey(publicKey));
}
