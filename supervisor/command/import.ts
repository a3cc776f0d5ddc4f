import { statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SessionId } from '../../shared/domain/ids.js';
import { messageOf } from '../../shared/errors.js';
import { EXIT } from '../../shared/exit-codes.js';
import { ObjectStoreError } from '../../shared/object-store/object-store.js';
import type { Store } from '../../shared/store/store.js';
import type { Config } from '../config.js';
import { openObjectStore } from '../replication/create-replication.js';
import { Ownership } from '../replication/ownership.js';
import { Progress } from '../replication/progress.js';
import { openSupervisorStore, TABLES } from '../supervisor-store.js';
import { findSessionsInBucket } from '../transfer/bucket-source.js';
import { findSessions } from '../transfer/folder-source.js';
import { SessionImporter } from '../transfer/session-importer.js';
import { NotOursError, TransferRefusedError, type SourceSession } from '../transfer/session-source.js';
import { withStoppedWorker } from './stopped-worker.js';
import { CommandRefusedError, type CommandContext, type Subcommand } from './subcommand.js';

const FROM_BUCKET = 's3';

/** `worker import` */
export const importSessions: Subcommand = {
  usage: 'DIR|s3 [--session ID] [--connect]',
  summary:
    'takes over paired sessions from folders of useMultiFileAuthState, or from such files in the bucket of MINIO_*; the worker must be stopped.\n' +
    '      --session takes only this one, or names the one in DIR; --connect lets them connect when the worker starts',
  makesDataDir: true,
  run: async (context) => {
    const { from, only, connect } = argumentsOf(context.args);
    const source = from === FROM_BUCKET ? await bucketOf(context.config) : folderAt(from);
    try {
      return await withStoppedWorker(context.config.dataDir, async () =>
        importAll(context, await source.find(only), { connect, place: source.place }),
      );
    } finally {
      source.close();
    }
  },
};

interface Source {
  /** For a sentence. */
  place: string;
  find: (only: string | undefined) => Promise<SourceSession[]>;
  close: () => void;
}

const argumentsOf = (args: readonly string[]): { from: string; only: string | undefined; connect: boolean } => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { session: { type: 'string' }, connect: { type: 'boolean' } },
  });
  const [from, ...more] = positionals;
  if (from === undefined || more.length > 0) throw new CommandRefusedError('import takes one folder, or s3 for the bucket');
  if (values.session !== undefined && !SessionId.safeParse(values.session).success) {
    throw new CommandRefusedError('--session must be 1 to 100 characters of A-Z a-z 0-9 _ -');
  }
  return { from, only: values.session, connect: values.connect ?? false };
};

const folderAt = (path: string): Source => {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new CommandRefusedError(`there is no folder ${path}`);
  return { place: path, find: async (only) => Promise.resolve(findSessions(path, only)), close: () => undefined };
};

const bucketOf = async ({ objectStore }: Config): Promise<Source> => {
  if (!objectStore || 'folder' in objectStore)
    throw new CommandRefusedError('import s3 needs MINIO_ENDPOINT, MINIO_ACCESS_KEY and MINIO_SECRET_KEY');
  const { ForeignObjects } = await import('../transfer/foreign-objects.js');
  const objects = new ForeignObjects(objectStore);
  return {
    place: `bucket ${objectStore.bucket}`,
    find: async (only) => findSessionsInBucket(objects, only),
    close: () => {
      objects.close();
    },
  };
};

const importAll = async (
  { config, cipher, say }: CommandContext,
  sessions: readonly SourceSession[],
  { connect, place }: { connect: boolean; place: string },
): Promise<number> => {
  if (sessions.length === 0) throw new CommandRefusedError(`there is no creds.json of a session in ${place}`);
  const { dataDir, maxSessions, storeMaxBytes: maxBytes } = config;
  const track = config.objectStore !== undefined;
  const store = await openSupervisorStore(join(dataDir, 'supervisor'), { cipher, track, maxBytes });
  const importer = new SessionImporter({
    store,
    dataDir,
    cipher,
    maxBytes,
    maxSessions,
    roomPerSlot: config.runnerMaxSessions,
    track,
    connect,
  });
  const counts = { imported: 0, refused: 0, passedOver: 0 };
  try {
    await assertRestored(config, store);
    for (const session of sessions) {
      const name = JSON.stringify(session.sessionId).slice(1, -1);
      try {
        const { keys, messages, contacts, passedOver } = await importer.import(session);
        for (const sentence of passedOver) say(`${name}: ${sentence}`);
        say(`${name}: imported; keys: ${keys}, messages: ${messages}, contacts: ${contacts}`);
        counts.imported++;
      } catch (error) {
        if (error instanceof NotOursError) {
          say(`${name}: left alone: ${error.message}`);
          counts.passedOver++;
        } else if (error instanceof TransferRefusedError) {
          say(`${name}: refused: ${error.message}`);
          counts.refused++;
        } else {
          say(`${name}: not imported: ${messageOf(error)}`);
          throw error;
        }
      }
    }
  } finally {
    await importer.close();
    await store.close();
  }
  say(`${counts.imported} imported, ${counts.refused} refused, ${counts.passedOver} left alone`);
  if (counts.imported > 0) {
    say(
      `End whatever else uses these credentials before ${connect ? 'the worker starts' : 'they are connected'}: two at once push each other out.`,
    );
  }
  return counts.refused > 0 ? EXIT.crash : EXIT.clean;
};

/** With sessions of its own, an empty data folder would no longer get back those that the bucket has of this worker. */
const assertRestored = async ({ objectStore, workerId }: Config, store: Store): Promise<void> => {
  const isFresh = new Progress(store).owner === undefined && [...store.range(TABLES.sessions, { limit: 1 })].length === 0;
  if (!objectStore || !isFresh) return;
  const objects = await openObjectStore(objectStore);
  try {
    const standing = await new Ownership(objects, workerId).standing().catch((error: unknown) => {
      if (error instanceof ObjectStoreError && error.kind === 'bucket') return undefined;
      throw error;
    });
    if (!standing) return;
  } finally {
    await objects.close();
  }
  throw new CommandRefusedError(
    `the object store has sessions of worker ${workerId}, and this data folder is empty: start the worker once, so that it gets them back, then import.`,
  );
};
