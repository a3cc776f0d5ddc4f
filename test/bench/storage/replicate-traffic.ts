// The supervisor's part while sessions receive and send: it commits history and replicates, and is looked at meanwhile.
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { createLogger } from '../../../shared/logging.js';
import { S3ObjectStore, type S3ObjectStoreOptions } from '../../../shared/object-store/s3-object-store.js';
import type { Write } from '../../../shared/store/store.js';
import { slotFolder } from '../../../supervisor/data-folders.js';
import { EventLog } from '../../../supervisor/events/event-log.js';
import { History } from '../../../supervisor/messages/history.js';
import { Replication } from '../../../supervisor/replication/replication.js';
import { openSupervisorStore, SUPERVISOR_SCHEMA, TABLES, type IdempotencyRow, type Intent } from '../../../supervisor/supervisor-store.js';
import { CountingObjectStore, type Counted } from './counting-object-store.js';
import { SESSIONS_PER_SLOT, WORKER_ID } from './fleet-jobs.js';
import { quantile } from './figures.js';
import { messageOf, sessionIdOf } from './fleet-rows.js';
import { begin } from './in-child.js';
import type { RunnerNote, SupervisorNote } from './runner-traffic.js';
import { TrackedBytes } from './tracked-bytes.js';
import { slotReaders } from '../../fixtures/slot-readers.js';

interface Traffic {
  dataDir: string;
  server: S3ObjectStoreOptions;
  /** By slot, the sessions it holds. */
  slots: number[][];
  messagesPerSecond: number;
  seconds: number;
  intervalMs: number;
  checkpointMs: number;
}

interface Shipped {
  messages: number;
  seconds: number;
  trackedBytes: number;
  /** What the new messages measure in JSON. */
  messageBytes: number;
  journal: Counted;
  files: Counted;
  lagP99Ms: number;
  loopDelayP99Ms: number;
  cpuSeconds: number;
}

const LOOK_EVERY_MS = 100;
const RESOLUTION_MS = 10;

export const replicateTraffic = async (traffic: Traffic): Promise<Shipped> => {
  const { dataDir, server, slots, seconds, intervalMs, checkpointMs } = traffic;
  const store = await openSupervisorStore(join(dataDir, 'supervisor'), { track: true });
  const history = new History(store);
  const events = new EventLog(store);
  const tracked = new TrackedBytes(SUPERVISOR_SCHEMA);
  const objects = new CountingObjectStore(new S3ObjectStore(server));
  const tellSlot = new Map<number, (note: SupervisorNote) => void>();
  const readers = slotReaders(dataDir);
  for (const slot of slots.keys()) await readers.prepare(slot);
  const replication = new Replication({
    ...{
      workerId: WORKER_ID,
      store,
      dataDir,
      readers,
      objects,
      cipher: undefined,
      roomPerSlot: SESSIONS_PER_SLOT,
      intervalMs,
      checkpointMs,
    },
    log: createLogger({ level: 'warn', base: {} }),
    trimSlot: (slot, to) => tellSlot.get(slot)?.({ kind: 'trim', to }),
    onRefused: (why) => {
      throw new Error(why);
    },
  });
  await replication.start();
  while (replication.status().sessionsDirty > 0) await pause(LOOK_EVERY_MS);

  const lags: number[] = [];
  const looks = setInterval(() => lags.push(replication.status().lagMs), LOOK_EVERY_MS);
  const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  loop.enable();
  objects.reset();
  const cpu = process.cpuUsage();
  let startedAt: number | undefined;
  let messageBytes = 0;
  const intents = new Map<string, { intent: Intent; row: IdempotencyRow }>();
  const commit = async (writes: Write[]): Promise<void> => store.commit(tracked.add([...writes, ...events.append(writes)]));

  const take = async (slot: number, note: RunnerNote): Promise<void> => {
    startedAt ??= performance.now();
    const tell = tellSlot.get(slot) ?? (() => undefined);
    if (note.kind === 'received') {
      messageBytes += Buffer.byteLength(JSON.stringify(note.records.map(({ message }) => message)));
      await Promise.all(note.records.map(async ({ index, message }) => commit(history.append(sessionIdOf(index), message))));
      tell({ kind: 'taken', upTo: note.records.at(-1)?.seq ?? 0 });
    } else if (note.kind === 'wanted') {
      const sessionId = sessionIdOf(note.index);
      const id = `3EB0${note.n}`;
      const at = Date.now();
      const message = { ...messageOf(note.index, note.n, at), id, fromMe: true, status: 'pending' as const };
      const content = { type: 'text' as const, text: message.content ?? '' };
      const intent: Intent = { sessionId, order: note.n, messageId: id, to: message.chat, content, idempotencyKey: id, createdAt: at };
      const row: IdempotencyRow = { fingerprint: id.repeat(4), messageId: id, at, outcome: undefined };
      messageBytes += Buffer.byteLength(JSON.stringify(message));
      intents.set(`${note.index} ${note.n}`, { intent, row });
      await commit([
        { table: TABLES.intents, key: [sessionId, intent.order], value: intent },
        ...history.append(sessionId, message),
        { table: TABLES.idempotency, key: [sessionId, id], value: row },
      ]);
      tell({ kind: 'send', index: note.index, n: note.n, id });
    } else {
      const wanted = `${note.index} ${note.n}`;
      const known = intents.get(wanted);
      if (!known) throw new Error(`nobody wanted ${wanted} sent`);
      intents.delete(wanted);
      const { sessionId, order, messageId } = known.intent;
      await commit([
        { table: TABLES.intents, key: [sessionId, order], value: undefined },
        ...history.advance(sessionId, messageId, 'sent'),
        {
          table: TABLES.idempotency,
          key: [sessionId, messageId],
          value: { ...known.row, outcome: { status: 'sent', timestamp: Date.now() } },
        },
      ]);
    }
  };
  const all = slots.reduce((sum, sessions) => sum + sessions.length, 0);
  const runners = slots.map(async (sessions, slot) => {
    const messagesPerSecond = (traffic.messagesPerSecond * sessions.length) / all;
    const runner = begin('runnerTraffic', { folder: slotFolder(dataDir, slot), sessions, messagesPerSecond, seconds });
    tellSlot.set(slot, (note) => runner.send(note));
    const failed = new Promise<never>((_, reject) => runner.onNote((note) => void take(slot, note as RunnerNote).catch(reject)));
    return Promise.race([runner.result, failed]).finally(() => tellSlot.delete(slot));
  });
  const done = await Promise.all(runners);
  loop.disable();
  clearInterval(looks);
  const took = (performance.now() - (startedAt ?? 0)) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  while (replication.status().changesWaiting > 0) await pause(LOOK_EVERY_MS);
  const { journal, files } = objects;
  await replication.stop(10_000);
  await readers.close();
  await store.close();
  return {
    messages: done.reduce((sum, { messages }) => sum + messages, 0),
    seconds: took,
    trackedBytes: done.reduce((sum, { trackedBytes }) => sum + trackedBytes, tracked.bytes),
    messageBytes,
    journal,
    files,
    lagP99Ms: quantile(lags, 0.99),
    loopDelayP99Ms: loop.percentile(99) / 1e6 - RESOLUTION_MS,
    cpuSeconds: (user + system) / 1e6,
  };
};
