// WhatsApp's encryption of files, without a copy of the file on disk or in memory.
import { createCipheriv, createHash, createHmac } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { SealedAs } from '../../shared/domain/outgoing-file.js';
import { CIPHER, MAC_BYTES, mediaKeys } from './media-keys.js';

const BLOCK_BYTES = 16;
/** Small enough that a runner's other sessions get their turn between two pieces. */
const PIECE_BYTES = 64 * 1024;

/** Length of what a file becomes. */
export const sealedBytes = (bytes: number): number => (Math.floor(bytes / BLOCK_BYTES) + 1) * BLOCK_BYTES + MAC_BYTES;

/** A file that is to be sealed under a key; the same bytes come out every time it is read. */
export interface FileToSeal {
  path: string;
  as: SealedAs;
  /** 32 bytes. */
  mediaKey: Uint8Array;
}

/** The sealed file, piece by piece. @param onPlain sees every piece before it is encrypted, and must not keep it */
export async function* sealFile({ path, as, mediaKey }: FileToSeal, onPlain?: (piece: Buffer) => void): AsyncGenerator<Buffer> {
  const { iv, cipherKey, macKey } = mediaKeys(mediaKey, as);
  const cipher = createCipheriv(CIPHER, cipherKey, iv);
  const mac = createHmac('sha256', macKey).update(iv);
  const file = await open(path);
  try {
    // One for all pieces: V8 lets 32 MB of buffers lie about before it collects them.
    const buffer = Buffer.allocUnsafeSlow(PIECE_BYTES);
    for (;;) {
      const { bytesRead } = await file.read(buffer);
      if (bytesRead === 0) break;
      const piece = buffer.subarray(0, bytesRead);
      onPlain?.(piece);
      const sealed = cipher.update(piece);
      mac.update(sealed);
      yield sealed;
    }
  } finally {
    await file.close();
  }
  const end = cipher.final();
  yield Buffer.concat([end, mac.update(end).digest().subarray(0, MAC_BYTES)]);
}

/** SHA-256 of the file and of what it becomes, and its length. */
export interface SealedDigests {
  sha256: Buffer;
  sealedSha256: Buffer;
  bytes: number;
}

/** What has to be known before the first byte is uploaded. */
export const digestsOf = async (file: FileToSeal, signal: AbortSignal): Promise<SealedDigests> => {
  const plain = createHash('sha256');
  const sealed = createHash('sha256');
  let bytes = 0;
  const pieces = sealFile(file, (piece) => {
    plain.update(piece);
    bytes += piece.length;
  });
  for await (const piece of pieces) {
    signal.throwIfAborted();
    sealed.update(piece);
  }
  return { sha256: plain.digest(), sealedSha256: sealed.digest(), bytes };
};
