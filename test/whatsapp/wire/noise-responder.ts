import { createHash, hkdfSync } from 'node:crypto';
import { aesDecryptGCM, aesEncryptGCM, Curve, proto } from '@whiskeysockets/baileys';
import type { ServerIdentity } from './trust-chain.js';

const PROTOCOL_NAME = Buffer.from('Noise_XX_25519_AESGCM_SHA256\0\0\0\0');
const EMPTY = Buffer.alloc(0);

function nonce(counter: number): Buffer {
  const iv = Buffer.alloc(12);
  iv.writeUInt32BE(counter, 8);
  return iv;
}

function split(inputKey: Uint8Array, salt: Buffer): [Buffer, Buffer] {
  const okm = Buffer.from(hkdfSync('sha256', inputKey, salt, EMPTY, 64));
  return [okm.subarray(0, 32), okm.subarray(32)];
}

/** One direction of an established stream. */
class Cipher {
  #counter = 0;
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  seal(plaintext: Uint8Array): Buffer {
    return aesEncryptGCM(plaintext, this.#key, nonce(this.#counter++), EMPTY);
  }

  open(ciphertext: Uint8Array): Buffer {
    return aesDecryptGCM(ciphertext, this.#key, nonce(this.#counter++), EMPTY);
  }
}

/** An established stream: `open` reads what the client sealed, `seal` writes what it will open. */
export interface Transport {
  seal(plaintext: Uint8Array): Buffer;
  open(ciphertext: Uint8Array): Buffer;
}

/** The server's half of the Noise XX handshake. Every method throws on bytes that do not fit. */
export class NoiseResponder {
  readonly #identity: ServerIdentity;
  readonly #ephemeral = Curve.generateKeyPair();
  #hash: Buffer = PROTOCOL_NAME;
  #salt: Buffer = PROTOCOL_NAME;
  #key: Buffer = PROTOCOL_NAME;
  #counter = 0;

  constructor(identity: ServerIdentity, header: Uint8Array) {
    this.#identity = identity;
    this.#authenticate(header);
  }

  /** Takes the client's first message and gives the encoded answer to it. */
  answerHello(message: Uint8Array): Buffer {
    const theirEphemeral = required(proto.HandshakeMessage.decode(message).clientHello?.ephemeral, 'ephemeral');
    const { keys, certificateChain } = this.#identity;
    this.#authenticate(theirEphemeral);
    this.#authenticate(this.#ephemeral.public);
    this.#mix(Curve.sharedKey(this.#ephemeral.private, theirEphemeral));
    const encryptedStatic = this.#encrypt(keys.public);
    this.#mix(Curve.sharedKey(keys.private, theirEphemeral));
    const payload = this.#encrypt(certificateChain);
    const serverHello = { ephemeral: this.#ephemeral.public, static: encryptedStatic, payload };
    return Buffer.from(proto.HandshakeMessage.encode({ serverHello }).finish());
  }

  /** Takes the client's second message: who it is (its noise key), what it wants, and the stream that follows. */
  finish(message: Uint8Array): { noiseKey: Buffer; payload: proto.ClientPayload; transport: Transport } {
    const clientFinish = proto.HandshakeMessage.decode(message).clientFinish;
    const noiseKey = this.#decrypt(required(clientFinish?.static, 'static'));
    this.#mix(Curve.sharedKey(this.#ephemeral.private, noiseKey));
    const payload = proto.ClientPayload.decode(this.#decrypt(required(clientFinish?.payload, 'payload')));
    const [fromClient, toClient] = split(EMPTY, this.#salt);
    const reader = new Cipher(fromClient);
    const writer = new Cipher(toClient);
    return { noiseKey, payload, transport: { open: (bytes) => reader.open(bytes), seal: (bytes) => writer.seal(bytes) } };
  }

  #authenticate(data: Uint8Array): void {
    this.#hash = createHash('sha256').update(this.#hash).update(data).digest();
  }

  #mix(inputKey: Uint8Array): void {
    [this.#salt, this.#key] = split(inputKey, this.#salt);
    this.#counter = 0;
  }

  #encrypt(plaintext: Uint8Array): Buffer {
    const ciphertext = aesEncryptGCM(plaintext, this.#key, nonce(this.#counter++), this.#hash);
    this.#authenticate(ciphertext);
    return ciphertext;
  }

  #decrypt(ciphertext: Uint8Array): Buffer {
    const plaintext = aesDecryptGCM(ciphertext, this.#key, nonce(this.#counter++), this.#hash);
    this.#authenticate(ciphertext);
    return plaintext;
  }
}

function required(bytes: Uint8Array | null | undefined, name: string): Uint8Array {
  if (!bytes?.length) throw new Error(`handshake message without ${name}`);
  return bytes;
}
