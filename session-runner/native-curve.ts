import { Curve, SenderKeyMessage } from './baileys.js';
import { agree, generateKeyPair, sign, verify } from './curve25519.js';
import { KeyStock } from './key-stock.js';
import { libsignalCurve } from './libsignal.js';

/** What libsignal writes before the 32 bytes of a public key. */
const TYPE = Buffer.of(5);

const withType = (key: Uint8Array): Buffer => Buffer.concat([TYPE, key]);
/** Baileys passes keys with and without it. */
const withoutType = (key: Uint8Array): Uint8Array => (key.length === 33 && key[0] === TYPE[0] ? key.subarray(1) : key);

/** Of the process: what is made for one pairing may serve another. */
export const keyStock = new KeyStock(generateKeyPair);

const CURVE: typeof Curve = {
  generateKeyPair: () => {
    const { publicKey, privateKey } = keyStock.take();
    return { public: publicKey, private: privateKey };
  },
  sharedKey: (privateKey, publicKey) => Buffer.from(agree(withoutType(publicKey), privateKey)),
  sign: (privateKey, message) => sign(privateKey, message),
  verify: (publicKey, message, signature) => verify(withoutType(publicKey), message, signature),
};

const LIBSIGNAL_CURVE: typeof libsignalCurve = {
  generateKeyPair: () => {
    const { publicKey, privateKey } = generateKeyPair();
    return { pubKey: withType(publicKey), privKey: privateKey };
  },
  calculateAgreement: (publicKey, privateKey) => agree(withoutType(publicKey), privateKey),
  calculateSignature: (privateKey, message) => sign(privateKey, message),
  // `unasked`: libsignal does not look at the answer, and asks for nothing to be checked.
  verifySignature: (publicKey, message, signature, unasked) => unasked === true || verify(withoutType(publicKey), message, signature),
};

/** The methods of a group's message that sign and check, of which its types show one. */
interface SignedMessage {
  serialized: Uint8Array;
  verifySignature(publicKey: Uint8Array): void;
  getSignature(privateKey: Uint8Array, serialized: Uint8Array): Uint8Array;
}

const SIGNATURE_BYTES = 64;

const SIGNED_MESSAGE: Pick<SignedMessage, 'verifySignature' | 'getSignature'> & ThisType<SignedMessage> = {
  verifySignature(publicKey) {
    const [message, signature] = [this.serialized.subarray(0, -SIGNATURE_BYTES), this.serialized.subarray(-SIGNATURE_BYTES)];
    if (!verify(withoutType(publicKey), message, signature)) throw new Error('Invalid signature!');
  },
  getSignature: (privateKey, serialized) => sign(privateKey, serialized),
};

/**
 * Makes Baileys and libsignal do on Curve25519 what Node can do: libsignal signs and checks in JavaScript, which takes 10 ms for each message of
 * a group, and hands keys to OpenSSL in its slowest form. Also makes Baileys check signatures at all: its `Curve.verify` ignores the answer of
 * libsignal and calls every signature good, so that neither the server's certificate nor the phone's signature under a new device was checked.
 */
export const useNativeCurve = (): void => {
  Object.assign(Curve, CURVE);
  Object.assign(libsignalCurve, LIBSIGNAL_CURVE);
  Object.assign(SenderKeyMessage.prototype, SIGNED_MESSAGE);
};
