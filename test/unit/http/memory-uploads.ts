// Files on their way into the worker that lives in maps.
import { createHash } from 'node:crypto';
import { AppError } from '../../../shared/errors.js';
import type { StagedUpload } from '../../../supervisor/media/media-intake.js';
import { contentOf } from '../../../supervisor/media/media-wish.js';
import { SENDABLE } from '../../../supervisor/media/sendable.js';
import type { Worker } from '../../../supervisor/worker.js';

export interface MemoryUploads {
  port: Omit<Worker['media'], 'file'>;
  /** Those that were not discarded yet. */
  readonly staged: Set<StagedUpload>;
  /** How each of those that began to come ended. */
  readonly stagings: ('whole' | 'broken')[];
  /** How many began to come. */
  begun: number;
  maxBytes: number;
}

export const createMemoryUploads = (): MemoryUploads => {
  const uploads: MemoryUploads = {
    staged: new Set(),
    stagings: [],
    begun: 0,
    maxBytes: Infinity,
    port: {
      limitOf: (type) => Math.min(uploads.maxBytes, SENDABLE[type ?? 'document'].maxBytes),
      stage: async (_sessionId, source, maxBytes, { mimetype, fileName, bytes: announced = 0 }) => {
        if (announced > maxBytes) throw tooLarge();
        const hash = createHash('sha256');
        let bytes = 0;
        uploads.begun++;
        try {
          for await (const piece of source) {
            hash.update(piece);
            bytes += piece.length;
            if (bytes > maxBytes) throw tooLarge();
          }
        } catch (error) {
          uploads.stagings.push('broken');
          throw error;
        }
        uploads.stagings.push('whole');
        const file = { path: '/nowhere', sha256: hash.digest('hex'), bytes, mimetype, fileName };
        uploads.staged.add(file);
        return file;
      },
      discard: async (file) => {
        uploads.staged.delete(file);
        return Promise.resolve();
      },
      keep: async (sessionId, { sha256, bytes, mimetype = 'application/octet-stream' }) =>
        Promise.resolve({ key: `media/${sessionId}/documents/${sha256}`, sha256, bytes, mimetype }),
      bring: async (_sessionId, wish) =>
        Promise.resolve(contentOf(wish, { kind: SENDABLE[wish.type].kind, sha256: 'aa', bytes: 1, mimetype: 'a/b' }, undefined)),
    },
  };
  return uploads;
};

const tooLarge = (): AppError => new AppError('PAYLOAD_TOO_LARGE', 'The file is too large.');
