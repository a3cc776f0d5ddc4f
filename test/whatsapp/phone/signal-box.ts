import { ProtocolAddress, SessionBuilder, SessionCipher, SessionRecord } from 'libsignal';
import { decryptLeavingNoTrace } from '../../../session-runner/libsignal.js';
import type { KeyBundle } from '../routing/key-bundle.js';
import { typed, type PhoneKeys } from './phone-keys.js';

/** A ciphertext and its kind: `pkmsg` opens a session, `msg` continues one. */
export interface Sealed {
  readonly type: 'pkmsg' | 'msg';
  readonly body: Buffer;
}

const PRE_KEY_MESSAGE = 3;

/** The part of a libsignal builder that its types describe too narrowly: a bundle may come without a one-time key. */
interface Builder {
  initOutgoing(bundle: object): Promise<void>;
}

/** A real phone's library tries a message on a copy of each session; this one would step them all. */
class CarefulCipher extends SessionCipher {
  async decryptWithSessions(
    data: Uint8Array,
    sessions: Parameters<typeof decryptLeavingNoTrace>[2],
  ): ReturnType<typeof decryptLeavingNoTrace> {
    const decrypt = Reflect.get(SessionCipher.prototype, 'decryptWithSessions') as Parameters<typeof decryptLeavingNoTrace>[0];
    return decryptLeavingNoTrace(async (...args) => Reflect.apply(decrypt, this, args), data, sessions);
  }
}

/** The Signal sessions of one phone, by the address of the peer's device. */
export class SignalBox {
  // Kept in serialized form: a failed decryption may leave a live record half stepped.
  readonly #sessions: Map<string, object>;
  readonly #owner: string;
  readonly #storage;

  constructor(owner: string, keys: PhoneKeys, sessions: Iterable<readonly [string, object]> = []) {
    this.#owner = owner;
    const kept = new Map(sessions);
    this.#sessions = kept;
    this.#storage = {
      loadSession: async (id: string) => {
        const record = kept.get(id);
        return Promise.resolve(record && SessionRecord.deserialize(record as Uint8Array));
      },
      storeSession: async (id: string, record: SessionRecord) => {
        kept.set(id, record.serialize());
        return Promise.resolve();
      },
      isTrustedIdentity: () => true,
      loadPreKey: async () => Promise.resolve(undefined),
      removePreKey: () => undefined,
      loadSignedPreKey: () => ({ privKey: keys.signedPreKey.pair.private, pubKey: typed(keys.signedPreKey.pair.public) }),
      getOurRegistrationId: () => keys.registrationId,
      getOurIdentity: () => ({ privKey: keys.identity.private, pubKey: typed(keys.identity.public) }),
    };
  }

  /** The name of a peer's device in here. */
  // libsignal serializes work by this name across the whole process, so the owner is part of it.
  #address(peer: string, device: number): ProtocolAddress {
    return new ProtocolAddress(`${this.#owner}/${peer}`, device);
  }

  has(peer: string, device: number): boolean {
    return this.#sessions.has(this.#address(peer, device).toString());
  }

  /** Starts a new session with a device from its public keys; an older one stays able to decrypt what is on its way. */
  async open(peer: string, device: number, bundle: KeyBundle): Promise<void> {
    const builder: Builder = new SessionBuilder(this.#storage, this.#address(peer, device));
    await builder.initOutgoing({
      registrationId: bundle.registrationId,
      identityKey: typed(bundle.identity),
      signedPreKey: {
        keyId: bundle.signedPreKey.id,
        publicKey: typed(bundle.signedPreKey.value),
        signature: bundle.signedPreKey.signature,
      },
      preKey: bundle.preKey && { keyId: bundle.preKey.id, publicKey: typed(bundle.preKey.value) },
    });
  }

  async encrypt(peer: string, device: number, plaintext: Buffer): Promise<Sealed> {
    const { type, body } = await new SessionCipher(this.#storage, this.#address(peer, device)).encrypt(plaintext);
    return { type: type === PRE_KEY_MESSAGE ? 'pkmsg' : 'msg', body: Buffer.from(body) };
  }

  /** Throws when the ciphertext does not fit any session. */
  async decrypt(peer: string, device: number, type: string, body: Buffer): Promise<Buffer> {
    const cipher = new CarefulCipher(this.#storage, this.#address(peer, device));
    return type === 'pkmsg' ? cipher.decryptPreKeyWhisperMessage(body) : cipher.decryptWhisperMessage(body);
  }

  /** Loses every session, as a phone restored from an old backup does. */
  forget(): void {
    this.#sessions.clear();
  }

  entries(): [string, object][] {
    return [...this.#sessions];
  }
}
