// A fleet of sessions: made on this disk, saved to an object store, restored from it and compared.
import { mkdirSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { createLogger } from '../../../shared/logging.js';
import { S3ObjectStore, type S3ObjectStoreOptions } from '../../../shared/object-store/s3-object-store.js';
import { unpackSession } from '../../../shared/store/packed-session.js';
import { openSlotStore, SLOT_TABLES } from '../../../shared/store/slot-store.js';
import type { Store } from '../../../shared/store/store.js';
import { slotFolder, supervisorFolder } from '../../../supervisor/data-folders.js';
import { History } from '../../../supervisor/messages/history.js';
import { Ownership } from '../../../supervisor/replication/ownership.js';
import { Progress } from '../../../supervisor/replication/progress.js';
import { Replication, type ReplicationOptions } from '../../../supervisor/replication/replication.js';
import { RecentDays } from '../../../supervisor/replication/recent-days.js';
import { restoreWorker } from '../../../supervisor/replication/restore.js';
import { openSupervisorStore, TABLES, type MessageDay, type SessionRow } from '../../../supervisor/supervisor-store.js';
import { peakRssMiB, quantile } from './figures.js';
import { credentials, historyRows, keyRows, messageOf, sessionIdOf, sessionRow, USED, usedRows, type SessionSize } from './fleet-rows.js';
import { slotReaders } from '../../fixtures/slot-readers.js';

/** Where a fleet lies. */
interface Fleet {
  dataDir: string;
  sessions: number;
}

type FleetOnServer = Fleet & { server: S3ObjectStoreOptions };

/** What it took. */
interface Cost {
  seconds: number;
  /** Of this process, its threads included. */
  cpuSeconds: number;
  peakRssMiB: number;
}

export const WORKER_ID = 'bench';
/** As `RUNNER_MAX_SESSIONS` has it. */
export const SESSIONS_PER_SLOT = 25;
const SESSIONS_AT_ONCE = 10;

const log = createLogger({ level: 'warn', base: {} });
const slotOf = (index: number): number => Math.floor(index / SESSIONS_PER_SLOT);

export const makeCredentials = async ({ dataDir, sessions, size }: Fleet & { size: SessionSize }): Promise<void> => {
  for (let first = 0; first < sessions; first += SESSIONS_PER_SLOT) {
    const store = await openSlotStore(slotFolder(dataDir, slotOf(first)), { track: true });
    for (let index = first; index < Math.min(first + SESSIONS_PER_SLOT, sessions); index++) {
      await store.commit([...credentials(index), ...keyRows(index, size)], { tracked: false });
    }
    await store.close();
  }
};

export const makeHistory = async ({ dataDir, sessions, size, newest }: Fleet & { size: SessionSize; newest: number }): Promise<void> => {
  const store = await openSupervisorStore(supervisorFolder(dataDir), { track: true });
  for (let first = 0; first < sessions; first += SESSIONS_AT_ONCE) {
    const indices = Array.from({ length: Math.min(SESSIONS_AT_ONCE, sessions - first) }, (_, next) => first + next);
    const rows = indices.flatMap((index) => [
      { table: TABLES.sessions, key: [sessionIdOf(index)], value: sessionRow(index, slotOf(index), newest) },
      ...historyRows(index, size.messages, newest),
    ]);
    await store.commit(rows, { tracked: false });
  }
  await store.close();
};

/** What happens in every session between two checkpoints. */
export const useFleet = async ({ dataDir, sessions, size, newest }: Fleet & { size: SessionSize; newest: number }): Promise<void> => {
  const supervisor = await openSupervisorStore(supervisorFolder(dataDir), { track: true });
  const history = new History(supervisor);
  for (let first = 0; first < sessions; first += SESSIONS_PER_SLOT) {
    const store = await openSlotStore(slotFolder(dataDir, slotOf(first)), { track: true });
    for (let index = first; index < Math.min(first + SESSIONS_PER_SLOT, sessions); index++) {
      await store.commit(usedRows(index));
      for (let n = 1; n <= USED.messages; n++) {
        await supervisor.commit(history.append(sessionIdOf(index), messageOf(index, size.messages + n, newest)));
      }
    }
    await store.close();
  }
  await supervisor.close();
};

/** Writes the files of every session that they lack: all of them after the first start with an object store. */
export const saveFleet = async ({ dataDir, server }: FleetOnServer): Promise<Cost> => {
  const store = await openSupervisorStore(supervisorFolder(dataDir), { track: true });
  const replication = new Replication(replicationOptions(dataDir, store, server));
  try {
    return await costOf(async () => {
      await replication.start();
      await replication.flush(true);
      const { sessionsDirty } = replication.status();
      if (sessionsDirty > 0) throw new Error(`${sessionsDirty} sessions are not saved`);
    });
  } finally {
    await replication.stop(10_000);
    await store.close();
  }
};

/** Into an empty folder. */
export const restoreFleet = async ({ dataDir, sessions, server }: FleetOnServer): Promise<Cost & { recentDaysSeconds: number }> => {
  mkdirSync(dataDir, { recursive: true });
  const store = await openSupervisorStore(supervisorFolder(dataDir), { track: true });
  const objects = new S3ObjectStore(server);
  const parts = { ownership: new Ownership(objects, WORKER_ID), progress: new Progress(store) };
  try {
    const serving = await costOf(async () => {
      const restored = await restoreWorker({ ...replicationOptions(dataDir, store, server), objects, ...parts });
      if (restored.sessions !== sessions || restored.damaged.length > 0) throw new Error(`restored ${JSON.stringify(restored)}`);
    });
    // The worker serves by now; the last days of history follow while it does.
    const { seconds: recentDaysSeconds } = await costOf(async () => new RecentDays(store, objects, log).fetchAll());
    return { ...serving, recentDaysSeconds };
  } finally {
    await objects.close();
    await store.close();
  }
};

/** As a runner does before it opens a session. */
export const unpackFleet = async ({
  dataDir,
  chosen,
}: {
  dataDir: string;
  chosen: number[];
}): Promise<{ medianMs: number; p99Ms: number }> => {
  const supervisor = await openSupervisorStore(supervisorFolder(dataDir), { track: true });
  const times: number[] = [];
  for (const sessionId of chosen.map(sessionIdOf)) {
    const { slot = 0 } = supervisor.get<SessionRow>(TABLES.sessions, [sessionId]) ?? {};
    const store = await openSlotStore(slotFolder(dataDir, slot), { track: true });
    const startedAt = performance.now();
    await unpackSession(store, sessionId, undefined);
    times.push(performance.now() - startedAt);
    await store.close();
  }
  await supervisor.close();
  return { medianMs: quantile(times, 0.5), p99Ms: quantile(times, 0.99) };
};

/** How many of the sessions do not have the same rows in both folders. */
export const compareFleet = async ({ before, after, chosen }: { before: string; after: string; chosen: number[] }): Promise<number> => {
  const supervisors = [
    await openSupervisorStore(supervisorFolder(before), { track: true }),
    await openSupervisorStore(supervisorFolder(after), { track: true }),
  ];
  let different = 0;
  for (const sessionId of chosen.map(sessionIdOf)) {
    const rows = [];
    for (const [index, store] of supervisors.entries()) rows.push(await rowsOf(store, index === 0 ? before : after, sessionId));
    if (!isDeepStrictEqual(rows[0], rows[1])) different++;
  }
  for (const store of supervisors) await store.close();
  return different;
};

const rowsOf = async (supervisor: Store, dataDir: string, sessionId: string): Promise<unknown[]> => {
  const row = supervisor.get<SessionRow>(TABLES.sessions, [sessionId]);
  const store = await openSlotStore(slotFolder(dataDir, row?.slot ?? 0), { track: true });
  const ofTables = (of: Store, tables: readonly string[]): unknown[] =>
    tables.map((table) => [table, ...of.range(table, { prefix: [sessionId] })]);
  const rows = [
    // Where it is held, and for the how many-th time, is another matter. Members without a value do not survive JSON.
    JSON.stringify({ ...row, slot: undefined, epoch: undefined }),
    ...ofTables(supervisor, [TABLES.messages, TABLES.messageIndex, TABLES.messageCounts, TABLES.messageParts]),
    // What comes next goes to a new file, which is as well.
    ...[...supervisor.range<MessageDay>(TABLES.messageDays, { prefix: [sessionId] })].map(({ key, value }) => [key, value.count]),
    ...ofTables(store, [SLOT_TABLES.creds, SLOT_TABLES.keys, SLOT_TABLES.outgoing, SLOT_TABLES.packed]),
  ];
  await store.close();
  return rows;
};

const replicationOptions = (dataDir: string, store: Store, server: S3ObjectStoreOptions): ReplicationOptions => ({
  ...{ workerId: WORKER_ID, store, dataDir, readers: slotReaders(dataDir), objects: new S3ObjectStore(server), cipher: undefined, log },
  ...{ roomPerSlot: SESSIONS_PER_SLOT, intervalMs: 2_000, checkpointMs: 600_000 },
  trimSlot: () => undefined,
  onRefused: (why) => {
    throw new Error(why);
  },
});

const costOf = async (work: () => Promise<void>): Promise<Cost> => {
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  await work();
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { seconds, cpuSeconds: (user + system) / 1e6, peakRssMiB: peakRssMiB() };
};
