import { Readable } from 'node:stream';
import { KEYS } from '../../../shared/object-store/keys.js';
import { S3ObjectStore, type S3ObjectStoreOptions } from '../../../shared/object-store/s3-object-store.js';

interface Upload {
  server: S3ObjectStoreOptions;
  bytes: number;
}

const CHUNK = Buffer.alloc(64 * 1024, 'media');
/** More than one part, so that everything a long upload needs is loaded. */
const FIRST_BYTES = 12 * 2 ** 20;
const LOOK_EVERY_MS = 20;

/** Uploads a stream whose content is nowhere else. */
export const uploadStream = async ({ server, bytes }: Upload): Promise<{ growthMiB: number; seconds: number }> => {
  const objects = new S3ObjectStore(server);
  const key = `${KEYS.media('bench')}file`;
  await objects.open();
  await objects.putStream(key, streamOf(FIRST_BYTES), FIRST_BYTES);
  const before = process.memoryUsage.rss();
  let peak = before;
  const looks = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), LOOK_EVERY_MS);
  const startedAt = performance.now();
  await objects.putStream(key, streamOf(bytes), bytes);
  const seconds = (performance.now() - startedAt) / 1000;
  clearInterval(looks);
  await objects.delete([key]);
  await objects.close();
  return { growthMiB: (peak - before) / 2 ** 20, seconds };
};

const streamOf = (bytes: number): Readable =>
  Readable.from(
    (function* () {
      for (let left = bytes; left > 0; left -= CHUNK.byteLength) yield left >= CHUNK.byteLength ? CHUNK : CHUNK.subarray(0, left);
    })(),
  );
