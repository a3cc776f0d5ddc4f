// Brings a file of the object store to a staged file, and makes sure that it is what its name says.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { MediaRef } from '../../shared/domain/media.js';
import { KEYS } from '../../shared/object-store/keys.js';
import type { ObjectStore } from '../../shared/object-store/object-store.js';
import { DamagedError } from '../../shared/store/sealed-json.js';

/**
 * @param assertRoom rejects when so many bytes should not be written
 * @returns its bytes, or undefined when there is no such object @throws ObjectStoreError, DamagedError, what the disk says
 */
export const fetchMedia = async (
  objects: Pick<ObjectStore, 'getStream'>,
  ref: MediaRef,
  staged: string,
  assertRoom: (bytes: number) => Promise<void>,
): Promise<number | undefined> => {
  const found = await objects.getStream(KEYS.mediaFile(ref));
  if (!found) return undefined;
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  try {
    await assertRoom(found.bytes);
    await pipeline(found.body, hashing, createWriteStream(staged, { flags: 'wx', mode: 0o600 }));
    if (hash.digest('hex') !== ref.sha256) throw new DamagedError('its content is not what its name says');
    return found.bytes;
  } catch (error) {
    found.body.destroy();
    await rm(staged, { force: true });
    throw error;
  }
};
