import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Message } from '../../shared/domain/message.js';
import { createLogger } from '../../shared/logging.js';
import { DiskObjectStore } from '../../shared/object-store/disk-object-store.js';
import { KEYS } from '../../shared/object-store/keys.js';
import type { Store } from '../../shared/store/store.js';
import { changedParts, partWritten } from '../../supervisor/messages/changed-parts.js';
import { evictWrites } from '../../supervisor/messages/eviction.js';
import { History } from '../../supervisor/messages/history.js';
import { renderPart } from '../../supervisor/messages/message-file.js';
import { RemoteHistory } from '../../supervisor/messages/remote-history.js';
import { openSupervisorStore, TABLES } from '../../supervisor/supervisor-store.js';
import type { Bench } from './bench.js';

const MESSAGES = 200_000;
const DAY = '2026-11-22';
const DAY_START = Date.parse(DAY);
const DAY_SECONDS = 24 * 60 * 60;
/** An hour's share of the day. */
const HOUR = Math.floor(MESSAGES / 24);
/** Messages of one commit, as a runner hands them over. */
const TOGETHER = 50;
/** Messages between two writings of the changed files: two seconds of a busy worker. */
const SHIP_EVERY = 500;
const DEPTHS = [0, 100_000, 199_950];
const PAGE = 50;

/** One session gets 200 000 messages of one day, written to an object store all along: the last must cost no more than the first. */
export const day: Bench = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-day-'));
  const store = await openSupervisorStore(join(folder, 'store'), { track: true });
  const objects = new DiskObjectStore(join(folder, 'objects'));
  try {
    await objects.open();
    const log = createLogger({ level: 'warn', base: {} });
    const history = new History(store, new RemoteHistory({ store, objects, log }));
    const hours: number[] = [];
    const shipped: number[] = [];
    let unshipped = 0;
    // Of a session of its own, so that the first hour is not that of a program that has only begun.
    for (let index = 0; index < HOUR; index++) await store.commit(history.append('warm-up', messageOf(index)));
    await ship(store, objects);
    for (let hour = 0; hour < 24; hour++) {
      const cpu = process.cpuUsage();
      let bytes = 0;
      for (let index = hour * HOUR; index < (hour === 23 ? MESSAGES : (hour + 1) * HOUR); index += TOGETHER) {
        const batch = Array.from({ length: Math.min(TOGETHER, MESSAGES - index) }, (_, next) => messageOf(index + next));
        await Promise.all(batch.map(async (message) => store.commit(history.append('s', message))));
        unshipped += batch.length;
        if (unshipped < SHIP_EVERY) continue;
        bytes += await ship(store, objects);
        unshipped = 0;
      }
      // The journal's part, without which the log of changes would grow.
      await store.trimChanges(store.lastChange);
      const { user, system } = process.cpuUsage(cpu);
      const messages = hour === 23 ? MESSAGES - 23 * HOUR : HOUR;
      hours.push((user + system) / messages);
      shipped.push(bytes);
      console.log(`  hour ${hour}: ${round(hours[hour] ?? 0)} µs of CPU a message, ${round(bytes / 2 ** 20)} MiB written`);
    }
    await ship(store, objects);
    const local = await pages(history);

    const eviction = await evict(store);
    const remote = await pages(history);
    const ownBytes =
      Array.from({ length: 1_000 }, (_, index) => JSON.stringify(messageOf(index)).length).reduce((sum, one) => sum + one) / 1_000;
    const ratio = (hours.at(-1) ?? 0) / (hours[0] ?? 1);
    return {
      results: {
        messages: MESSAGES,
        firstHourMicroseconds: round(hours[0] ?? 0),
        lastHourMicroseconds: round(hours.at(-1) ?? 0),
        shippedPerByte: round(shipped.reduce((sum, one) => sum + one, 0) / (ownBytes * MESSAGES)),
        ...Object.fromEntries(local.map((ms, index) => [`localPageAt${DEPTHS[index]}Ms`, ms])),
        evictionSeconds: eviction.seconds,
        evictionStepMedianMs: eviction.medianMs,
        evictionStepP99Ms: eviction.p99Ms,
        ...Object.fromEntries(remote.map((ms, index) => [`remotePageAt${DEPTHS[index]}Ms`, ms])),
        files: [...store.range(TABLES.partSpans)].length,
      },
      targets: [
        { name: 'cost of a message, last hour to first', value: round(ratio), limit: 1.2, unit: 'times' },
        { name: 'written, last hour to second', value: round((shipped.at(-1) ?? 0) / (shipped[1] ?? 1)), limit: 1.2, unit: 'times' },
      ],
    };
  } finally {
    await store.close();
    await objects.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

const messageOf = (index: number): Message => ({
  id: `3EB0${String(index).padStart(18, '0')}`,
  chat: '6281234567890@s.whatsapp.net',
  from: '6281234567890@s.whatsapp.net',
  to: '15550000001@s.whatsapp.net',
  fromMe: false,
  type: 'text',
  content: `Message ${index}, of about the length that messages have in a chat between people.`,
  timestamp: DAY_START + Math.floor((index / MESSAGES) * DAY_SECONDS) * 1000,
  status: 'delivered',
  pushName: 'Anna',
});

const ship = async (store: Store, objects: DiskObjectStore): Promise<number> => {
  let bytes = 0;
  for (const changed of [...changedParts(store)]) {
    const { body, number } = await renderPart(store, changed, { workerId: 'bench', generation: 1 });
    if (body === undefined) continue;
    await objects.put(KEYS.messagePart(changed.sessionId, changed.day, changed.part), body);
    await store.commit(partWritten(store, { ...changed, number }));
    bytes += body.length;
  }
  return bytes;
};

const pages = async (history: History): Promise<number[]> => {
  const times: number[] = [];
  for (const offset of DEPTHS) {
    const startedAt = performance.now();
    const { messages } = await history.page('s', { limit: PAGE, offset });
    times.push(round(performance.now() - startedAt));
    if (messages[0]?.id !== messageOf(MESSAGES - 1 - offset).id) throw new Error(`the page at ${offset} is another one`);
  }
  return times;
};

/** Seconds it takes, and the time a step keeps other work waiting, in milliseconds. */
const evict = async (store: Store): Promise<{ seconds: number; medianMs: number; p99Ms: number }> => {
  const startedAt = performance.now();
  const steps: number[] = [];
  const batches = evictWrites(store, 's', DAY);
  for (;;) {
    const stepAt = performance.now();
    const batch = batches.next();
    if (batch.done) break;
    const committed = store.commit(batch.value);
    steps.push(performance.now() - stepAt);
    await committed;
    await setImmediate();
  }
  steps.sort((a, b) => a - b);
  const at = (share: number): number => round(steps[Math.floor(steps.length * share)] ?? 0);
  return { seconds: round((performance.now() - startedAt) / 1000), medianMs: at(0.5), p99Ms: at(0.99) };
};

const round = (value: number): number => Math.round(value * 100) / 100;
