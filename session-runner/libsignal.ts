// The one file that imports libsignal, which Baileys uses: mends of two defects that end in "Bad MAC".
import { SessionCipher } from 'libsignal';
import curve from 'libsignal/src/curve.js';

interface LibsignalCurve {
  generateKeyPair(): { pubKey: Uint8Array; privKey: Uint8Array };
  calculateAgreement(publicKey: Uint8Array, privateKey: Uint8Array): Uint8Array;
  calculateSignature(privateKey: Uint8Array, message: Uint8Array): Uint8Array;
  verifySignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array, unasked?: boolean): boolean;
}

/** What libsignal does on Curve25519; it looks here whenever it does it. */
export const libsignalCurve: LibsignalCurve = curve;

/** One of the sessions that two devices may have with each other. */
interface SessionEntry {
  serialize(): unknown;
  constructor: { deserialize?(data: unknown): object };
}

interface Decrypted {
  session: SessionEntry;
  plaintext: Buffer;
}

type DecryptWithSessions = (data: Uint8Array, sessions: SessionEntry[]) => Promise<Decrypted>;

/**
 * Tries the sessions one by one, as libsignal does, but a try that fails leaves no trace. libsignal steps a session's ratchet before it
 * knows whether the message belongs to it, and then stores the wreck together with the session that fits.
 */
export const decryptLeavingNoTrace = async (
  decrypt: DecryptWithSessions,
  data: Uint8Array,
  sessions: SessionEntry[],
): Promise<Decrypted> => {
  if (sessions.length < 2) return decrypt(data, sessions);
  let failure: unknown;
  for (const session of sessions) {
    const before = session.serialize();
    try {
      return await decrypt(data, [session]);
    } catch (error) {
      failure = error;
      Object.assign(session, session.constructor.deserialize?.(before));
    }
  }
  throw failure;
};

/** To be called before the first session is opened. */
export const mendLibsignal = (): void => {
  const { prototype } = SessionCipher as unknown as { prototype: { decryptWithSessions: DecryptWithSessions; queueJob: unknown } };
  const { decryptWithSessions } = prototype;
  prototype.decryptWithSessions = async function (this: object, data, sessions) {
    return decryptLeavingNoTrace(async (...args) => Reflect.apply(decryptWithSessions, this, args), data, sessions);
  };
  // One queue per address for the whole process would let a session wait for what another one does with the same contact, and run its work
  // in the other's async context. Each session's work is in order already: its own lock sees to that.
  prototype.queueJob = async <T>(job: () => Promise<T>): Promise<T> => job();
};
