// Rows encrypted at rest: AES-256-GCM, bound to their place, with the id of the key in front.
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { fewRandomBytes } from '../random-bytes.js';

const MAGIC = Buffer.from([0xc1, 0x53]);
const KEY_ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = MAGIC.length + KEY_ID_BYTES + NONCE_BYTES;

/** The row was sealed with a key that is not among those given, or it was changed. */
export class SealedRowError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SealedRowError';
  }
}

/** True for what `RowCipher.seal` made: MessagePack never begins with this byte. */
export const isSealed = (value: Uint8Array): boolean => value[0] === MAGIC[0] && value[1] === MAGIC[1];

/** Hexadecimal id of the key; undefined for what is not sealed. */
export const sealedWith = (value: Uint8Array): string | undefined =>
  isSealed(value) ? Buffer.from(value.subarray(MAGIC.length, MAGIC.length + KEY_ID_BYTES)).toString('hex') : undefined;

export class RowCipher {
  readonly #keys: ReadonlyMap<string, Buffer>;
  readonly #current: { id: Buffer; key: Buffer };

  /** @param keys 32 bytes each; the first one seals, all of them open */
  constructor(keys: readonly Buffer[]) {
    const [first] = keys;
    if (!first || keys.some((key) => key.length !== 32)) throw new Error('an encryption key has 32 bytes');
    this.#keys = new Map(keys.map((key) => [idOf(key).toString('hex'), key]));
    this.#current = { id: idOf(first), key: first };
  }

  /** Hexadecimal id of the key that seals; tells nothing of the key. */
  get keyId(): string {
    return this.#current.id.toString('hex');
  }

  knows(keyId: string): boolean {
    return this.#keys.has(keyId);
  }

  /** @param place names the row; what is sealed for one place opens at no other */
  seal(value: Uint8Array, place: string): Buffer {
    const nonce = fewRandomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#current.key, nonce).setAAD(Buffer.from(place));
    const body = Buffer.concat([cipher.update(value), cipher.final()]);
    return Buffer.concat([MAGIC, this.#current.id, nonce, cipher.getAuthTag(), body]);
  }

  /** @throws SealedRowError */
  open(sealed: Uint8Array, place: string): Buffer {
    if (!isSealed(sealed)) throw new SealedRowError('An encrypted row was changed or belongs elsewhere.');
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    const id = bytes.subarray(MAGIC.length, MAGIC.length + KEY_ID_BYTES).toString('hex');
    const key = this.#keys.get(id);
    if (!key) throw new SealedRowError(`A row is encrypted with key ${id}, which is not among AUTH_ENCRYPTION_KEY.`);
    const nonce = bytes.subarray(MAGIC.length + KEY_ID_BYTES, HEADER_BYTES);
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(place))
        .setAuthTag(bytes.subarray(HEADER_BYTES, HEADER_BYTES + TAG_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(HEADER_BYTES + TAG_BYTES)), decipher.final()]);
    } catch (error) {
      throw new SealedRowError('An encrypted row was changed or belongs elsewhere.', { cause: error });
    }
  }
}

const idOf = (key: Buffer): Buffer => createHash('sha256').update('key id').update(key).digest().subarray(0, KEY_ID_BYTES);

/** Reads keys as AUTH_ENCRYPTION_KEY has them: 32 bytes each in hexadecimal or base64, separated by commas; undefined for anything else. */
export const parseKeys = (text: string): Buffer[] | undefined => {
  const keys = text.split(',').map((key) => decodeKey(key.trim()));
  return keys.every((key) => key !== undefined) ? keys : undefined;
};

const decodeKey = (text: string): Buffer | undefined => {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  const key = /^[A-Za-z0-9+/]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : undefined;
  return key?.length === 32 ? key : undefined;
};
