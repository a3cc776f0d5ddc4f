// Files on their way into the worker that lives in maps.
import { createHash } from 'node:crypto';
import type { StagedUpload } from '../../../supervisor/media/media-intake.js';
import { contentOf } from '../../../supervisor/media/media-wish.js';
import { SENDABLE } from '../../../supervisor/media/sendable.js';
import type { Worker } from '../../../supervisor/worker.js';

export interface MemoryUploads {
  port: Omit<Worker['media'], 'file'>;
  /** Those that were not discarded yet. */
  readonly staged: Set<StagedUpload>;
}

export const createMemoryUploads = (): MemoryUploads => {
  const staged = new Set<StagedUpload>();
  const port: Omit<Worker['media'], 'file'> = {
    limitOf: (type) => SENDABLE[type ?? 'document'].maxBytes,
    stage: async (_sessionId, source, _maxBytes, { mimetype, fileName }) => {
      const hash = createHash('sha256');
      let bytes = 0;
      for await (const piece of source) {
        hash.update(piece);
        bytes += piece.length;
      }
      const file = { path: '/nowhere', sha256: hash.digest('hex'), bytes, mimetype, fileName };
      staged.add(file);
      return file;
    },
    discard: async (file) => {
      staged.delete(file);
      return Promise.resolve();
    },
    keep: async (sessionId, { sha256, bytes, mimetype = 'application/octet-stream' }) =>
      Promise.resolve({ key: `media/${sessionId}/documents/${sha256}`, sha256, bytes, mimetype }),
    bring: async (_sessionId, wish) =>
      Promise.resolve(contentOf(wish, { kind: SENDABLE[wish.type].kind, sha256: 'aa', bytes: 1, mimetype: 'a/b' }, undefined)),
  };
  return { port, staged };
};
