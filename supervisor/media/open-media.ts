// Wires the media library to the rest of the supervisor.
import { messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { ObjectStore } from '../../shared/object-store/object-store.js';
import type { Store } from '../../shared/store/store.js';
import type { Config } from '../config.js';
import type { Commits } from '../events/event-log.js';
import type { Registry } from '../placement/registry.js';
import { FetchTargets } from './fetch-target.js';
import { FileInspector } from './file-inspector.js';
import { MediaFiles } from './media-files.js';
import { MediaIntake } from './media-intake.js';
import { MediaLibrary } from './media-library.js';
import { MediaUpkeep } from './media-upkeep.js';
import { SafeFetch } from './safe-fetch.js';

export interface Media {
  library: MediaLibrary;
  intake: MediaIntake;
  /** The sessions are known. */
  start(): void;
  /** A session is being removed; its rows are gone. */
  onRemoved(sessionId: string): void;
  stop(deadlineMs: number): Promise<void>;
}

export interface MediaParts {
  config: Pick<Config, 'dataDir' | 'media'>;
  store: Store;
  commits: Commits;
  objects: ObjectStore | undefined;
  registry: Pick<Registry, 'find'>;
  log: Logger;
}

export const openMedia = async ({ config, store, commits, objects, registry, log }: MediaParts): Promise<Media> => {
  const files = new MediaFiles(config.dataDir);
  await files.open();
  const library = new MediaLibrary({
    ...{ store, commits, files, objects, log, ...config.media },
    exists: (sessionId) => registry.find(sessionId)?.deleting === false,
  });
  const inspector = new FileInspector({ log });
  const { fetchAllow, fetchTimeoutMs, maxBytes } = config.media;
  const fetch = new SafeFetch({ targets: new FetchTargets(fetchAllow), totalMs: fetchTimeoutMs });
  const intake = new MediaIntake({ library, fetch, inspector, maxBytes });
  const upkeep = new MediaUpkeep({ store, files, library, objects, retentionDays: config.media.retentionDays, log });
  const inBackground = (work: Promise<void>): void => {
    work.catch((error: unknown) => {
      log.warn({ cause: messageOf(error) }, 'media of a deleted session could not be removed; the next start tries again');
    });
  };
  return {
    library,
    intake,
    start: () => {
      inBackground(library.removeStrays());
      library.start();
      upkeep.start();
    },
    onRemoved: (sessionId) => {
      inBackground(library.removeSession(sessionId));
    },
    stop: async (deadlineMs) => {
      await inspector.stop();
      await upkeep.stop();
      await library.stop(deadlineMs);
    },
  };
};
