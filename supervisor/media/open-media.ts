// Wires the media library to the rest of the supervisor.
import { messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { ObjectStore } from '../../shared/object-store/object-store.js';
import type { Message } from '../../shared/domain/message.js';
import type { Store, Write } from '../../shared/store/store.js';
import type { Config } from '../config.js';
import type { Commits } from '../events/event-log.js';
import type { Fleet } from '../fleet/fleet.js';
import type { RemoteHistory } from '../messages/remote-history.js';
import type { Registry } from '../placement/registry.js';
import { TABLES } from '../supervisor-store.js';
import { FetchTargets } from './fetch-target.js';
import { FileInspector } from './file-inspector.js';
import { MediaAccess } from './media-access.js';
import { MediaDownloads } from './media-downloads.js';
import { MediaFiles } from './media-files.js';
import { MediaIntake } from './media-intake.js';
import { MediaLibrary } from './media-library.js';
import { mediaUpkeep } from './media-upkeep.js';
import { mediaView, type MediaView } from './media-view.js';
import { SafeFetch } from './safe-fetch.js';
import { wantedWith } from './wanted-media.js';

export interface Media {
  library: MediaLibrary;
  access: MediaAccess;
  view: (sessionId: string, message: Message) => MediaView | undefined;
  /** What to commit with `writes`, so that the files of new messages are downloaded. */
  wanted: (writes: readonly Write[]) => Write[];
  /** What was wanted of the session is committed. */
  wake: (sessionId: string) => void;
  intake: MediaIntake;
  /** The sessions are known. */
  start(): void;
  /** A session is being removed; its rows are gone. */
  onRemoved(sessionId: string): void;
  /** Begins no download any more. */
  quiet(): void;
  /** After the runners. */
  stop(deadlineMs: number): Promise<void>;
}

export interface MediaParts {
  config: Pick<Config, 'dataDir' | 'media'>;
  store: Store;
  commits: Commits;
  objects: ObjectStore | undefined;
  registry: Pick<Registry, 'find' | 'onChange'>;
  remote: Pick<RemoteHistory, 'message'> | undefined;
  fleet: Pick<Fleet, 'call'>;
  log: Logger;
}

export const openMedia = async ({ config, store, commits, objects, registry, remote, fleet, log }: MediaParts): Promise<Media> => {
  const files = new MediaFiles(config.dataDir);
  await files.open();
  const library = new MediaLibrary({
    ...{ store, commits, files, objects, log, ...config.media },
    exists: (sessionId) => registry.find(sessionId)?.deleting === false,
  });
  const downloads = new MediaDownloads({
    ...{ store, commits, library, registry, fleet, log, maxBytes: config.media.downloadMaxBytes },
    messageAt: async (place) =>
      store.get<Message>(TABLES.messages, place) ?? remote?.message(String(place[0]), [Number(place[1]), Number(place[2])]),
  });
  const inspector = new FileInspector({ log });
  const { fetchAllow, fetchTimeoutMs, sendMaxBytes } = config.media;
  const fetch = new SafeFetch({ targets: new FetchTargets(fetchAllow), totalMs: fetchTimeoutMs });
  const intake = new MediaIntake({ library, fetch, inspector, maxBytes: sendMaxBytes });
  const upkeep = mediaUpkeep({ store, files, library, objects, retentionDays: config.media.retentionDays, log });
  const inBackground = (work: Promise<void>): void => {
    work.catch((error: unknown) => {
      log.warn({ cause: messageOf(error) }, 'media of a deleted session could not be removed; the next start tries again');
    });
  };
  return {
    library,
    access: new MediaAccess({ store, commits, library, downloads, registry, config: config.media }),
    view: (sessionId, message) => mediaView(store, library, sessionId, message),
    wanted: (writes) => (config.media.download === 'auto' ? wantedWith(store, writes, config.media.downloadMaxBytes, Date.now()) : []),
    wake: (sessionId) => {
      downloads.wake(sessionId);
    },
    intake,
    start: () => {
      inBackground(library.removeStrays());
      library.start();
      if (config.media.download !== 'off') downloads.start();
      upkeep.start();
    },
    onRemoved: (sessionId) => {
      inBackground(library.removeSession(sessionId));
    },
    quiet: () => {
      downloads.quiet();
    },
    stop: async (deadlineMs) => {
      await downloads.stop();
      inspector.stop();
      await upkeep.stop();
      await library.stop(deadlineMs);
    },
  };
};
