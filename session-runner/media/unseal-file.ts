// Opens WhatsApp's encryption of files, piece by piece; nothing of it counts before its end was checked.
import { createDecipheriv, createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { MediaFailure } from './media-failure.js';
import type { FilePointer } from './file-pointer.js';
import { CIPHER, MAC_BYTES, mediaKeys } from './media-keys.js';

export interface UnsealedFile {
  /** In lower-case hex. */
  sha256: string;
  bytes: number;
}

/**
 * The file, piece by piece; returns what it is. Baileys checks neither the authentication code nor the digests.
 * @throws MediaFailure `damaged` at the latest at its end
 */
export async function* unsealFile(sealed: AsyncIterable<Uint8Array>, pointer: FilePointer): AsyncGenerator<Buffer, UnsealedFile> {
  const { iv, cipherKey, macKey } = mediaKeys(pointer.mediaKey, pointer.as);
  const decipher = createDecipheriv(CIPHER, cipherKey, iv);
  const mac = createHmac('sha256', macKey).update(iv);
  const whole = createHash('sha256');
  const plain = createHash('sha256');
  let bytes = 0;
  const take = (piece: Buffer): Buffer => {
    plain.update(piece);
    bytes += piece.length;
    return piece;
  };
  // The last bytes of all are the authentication code.
  let held = Buffer.alloc(0);
  for await (const piece of sealed) {
    whole.update(piece);
    const joined = Buffer.concat([held, piece]);
    const body = joined.subarray(0, Math.max(0, joined.length - MAC_BYTES));
    held = joined.subarray(body.length);
    mac.update(body);
    const opened = take(decipher.update(body));
    if (opened.length > 0) yield opened;
  }
  if (pointer.sealedSha256 && !whole.digest().equals(pointer.sealedSha256)) throw new MediaFailure('damaged', 'it is not what was sent');
  if (held.length < MAC_BYTES || !timingSafeEqual(mac.digest().subarray(0, MAC_BYTES), held)) {
    throw new MediaFailure('damaged', 'its authentication code does not fit');
  }
  yield take(lastOf(decipher));
  const sha256 = plain.digest();
  if (pointer.sha256 && !sha256.equals(pointer.sha256)) throw new MediaFailure('damaged', 'its content is not what the message says');
  return { sha256: sha256.toString('hex'), bytes };
}

const lastOf = (decipher: { final: () => Buffer }): Buffer => {
  try {
    return decipher.final();
  } catch (cause) {
    throw new MediaFailure('damaged', 'its end does not fit', { cause });
  }
};
