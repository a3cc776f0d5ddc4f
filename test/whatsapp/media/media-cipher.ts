import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';

/** What a media message holds, as far as its keys depend on it. */
export type MediaType = 'image' | 'video' | 'audio' | 'document' | 'sticker';

const KEY_WORDS: Readonly<Record<MediaType, string>> = {
  image: 'WhatsApp Image Keys',
  video: 'WhatsApp Video Keys',
  audio: 'WhatsApp Audio Keys',
  document: 'WhatsApp Document Keys',
  sticker: 'WhatsApp Image Keys',
};

const CIPHER = 'aes-256-cbc';
/** Bytes of the authentication code at the end of every encrypted file. */
const MAC_BYTES = 10;

interface MediaKeys {
  readonly iv: Buffer;
  readonly cipherKey: Buffer;
  readonly macKey: Buffer;
}

/** A file on its way into the store: its ciphertext, and what is known once that was read to the end. */
export interface SealedMedia {
  readonly mediaKey: Buffer;
  readonly ciphertext: AsyncIterable<Buffer>;
  /** SHA-256 and length (bytes) of the plaintext; only after the last byte of the ciphertext. */
  readonly plain: () => PlainMedia;
}

/** A decrypted file, without keeping it. */
export interface PlainMedia {
  readonly sha256: Buffer;
  readonly length: number;
}

function keysOf(mediaKey: Uint8Array, type: MediaType): MediaKeys {
  const expanded = Buffer.from(hkdfSync('sha256', mediaKey, Buffer.alloc(32), KEY_WORDS[type], 112));
  return { iv: expanded.subarray(0, 16), cipherKey: expanded.subarray(16, 48), macKey: expanded.subarray(48, 80) };
}

/** Encrypts a file under a new key, piece by piece. */
export function sealMedia(source: AsyncIterable<Buffer>, type: MediaType): SealedMedia {
  const mediaKey = randomBytes(32);
  const { iv, cipherKey, macKey } = keysOf(mediaKey, type);
  const digest = createHash('sha256');
  let length = 0;
  async function* ciphertext(): AsyncGenerator<Buffer> {
    const cipher = createCipheriv(CIPHER, cipherKey, iv);
    const mac = createHmac('sha256', macKey).update(iv);
    for await (const piece of source) {
      length += piece.length;
      digest.update(piece);
      const sealed = cipher.update(piece);
      mac.update(sealed);
      yield sealed;
    }
    const rest = cipher.final();
    yield rest;
    yield mac.update(rest).digest().subarray(0, MAC_BYTES);
  }
  return { mediaKey, ciphertext: ciphertext(), plain: () => ({ sha256: digest.digest(), length }) };
}

/** Decrypts a file piece by piece and tells what was in it. Throws when it is not whole or the key does not fit. */
export async function inspectMedia(path: string, mediaKey: Uint8Array, type: MediaType): Promise<PlainMedia> {
  const { iv, cipherKey, macKey } = keysOf(mediaKey, type);
  const { body, mac: expected } = await splitFile(path);
  const decipher = createDecipheriv(CIPHER, cipherKey, iv);
  const mac = createHmac('sha256', macKey).update(iv);
  const digest = createHash('sha256');
  let length = 0;
  const take = (plain: Buffer): void => {
    length += plain.length;
    digest.update(plain);
  };
  for await (const piece of createReadStream(path, { end: body - 1 }) as AsyncIterable<Buffer>) {
    mac.update(piece);
    take(decipher.update(piece));
  }
  if (!mac.digest().subarray(0, MAC_BYTES).equals(expected)) throw new Error('the authentication code does not fit');
  take(decipher.final());
  return { sha256: digest.digest(), length };
}

async function splitFile(path: string): Promise<{ body: number; mac: Buffer }> {
  const file = await open(path);
  try {
    const body = (await file.stat()).size - MAC_BYTES;
    if (body < 16) throw new Error('too short to be an encrypted file');
    const mac = Buffer.alloc(MAC_BYTES);
    await file.read(mac, 0, MAC_BYTES, body);
    return { body, mac };
  } finally {
    await file.close();
  }
}
