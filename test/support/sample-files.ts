// Files of the kinds that messages bring: their beginnings are right, the rest is random.
import { createHash, randomBytes } from 'node:crypto';
import { PNG } from 'pngjs';

/** What each begins with. */
const BEGINNINGS = {
  png: PNG.sync.write(new PNG({ width: 64, height: 48 })),
  jpeg: Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex'),
  gif: Buffer.from('GIF89a'),
  webp: Buffer.concat([Buffer.from('RIFF'), Buffer.from([0, 0, 16, 0]), Buffer.from('WEBPVP8 ')]),
  mp4: Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypisom'), Buffer.from([0, 0, 2, 0]), Buffer.from('isomiso2')]),
  mp3: Buffer.from('fffb9064', 'hex'),
  opus: Buffer.concat([Buffer.from('OggS'), Buffer.alloc(22), Buffer.from([1, 19]), Buffer.from('OpusHead'), Buffer.from([1, 1])]),
  pdf: Buffer.from('%PDF-1.7\n'),
  text: Buffer.from('just words, '),
} as const;

export type SampleKind = keyof typeof BEGINNINGS;

/** A file of that kind and, unless it is less than its beginning, of so many bytes. */
export const sampleFile = (kind: SampleKind, bytes = 4_096): Buffer => {
  const beginning = BEGINNINGS[kind];
  return Buffer.concat([beginning, randomBytes(Math.max(0, bytes - beginning.length))]);
};

export const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
