import { hkdfSync } from 'node:crypto';
import type { SealedAs } from '../../shared/domain/outgoing-file.js';

const WORDS: Readonly<Record<SealedAs, string>> = {
  image: 'WhatsApp Image Keys',
  video: 'WhatsApp Video Keys',
  audio: 'WhatsApp Audio Keys',
  document: 'WhatsApp Document Keys',
  sticker: 'WhatsApp Image Keys',
};

export const CIPHER = 'aes-256-cbc';
/** What a sealed file ends with. */
export const MAC_BYTES = 10;

/** What a file is sealed with: vector and key of its cipher, key of its authentication code. @param mediaKey 32 bytes, as the message says */
export const mediaKeys = (mediaKey: Uint8Array, as: SealedAs): { iv: Buffer; cipherKey: Buffer; macKey: Buffer } => {
  const bytes = Buffer.from(hkdfSync('sha256', mediaKey, Buffer.alloc(32), WORDS[as], 112));
  return { iv: bytes.subarray(0, 16), cipherKey: bytes.subarray(16, 48), macKey: bytes.subarray(48, 80) };
};
