// How much is put into the object store while messages come and go, from many quiet sessions and from a busy one.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { S3ObjectStoreOptions } from '../../../shared/object-store/s3-object-store.js';
import { openSlotStore } from '../../../shared/store/slot-store.js';
import { slotFolder } from '../../../supervisor/data-folders.js';
import type { BenchOutcome } from '../bench.js';
import { round } from './figures.js';
import { SESSIONS_PER_SLOT } from './fleet-jobs.js';
import { USUAL_SESSION } from './fleet-rows.js';
import { inChild } from './in-child.js';

const SLOTS = 4;
const MESSAGES_PER_SECOND = 100;
/** As the product has them when nobody sets them. */
const INTERVAL_MS = 2_000;
const CHECKPOINT_MS = 600_000;
/** Share of a shorter run after which the files of a session are written: once in the run, also where that is spread. */
const CHECKPOINT_AT = 0.6;
/** Half of what fits into one file, which is what a session has in it on average; a short run has no time to make them. */
const messagesBefore = (seconds: number): number => (seconds < 30 ? 200 : 1_500);

type Shipped = Awaited<ReturnType<typeof inChild<'replicateTraffic'>>>;

interface Figures {
  journalPutsPerSecond: number;
  putsPerMessage: number;
  shippedPerByte: number;
}

export const shipping = async (server: S3ObjectStoreOptions, seconds: number): Promise<BenchOutcome> => {
  const checkpointMs = Math.min(CHECKPOINT_MS, Math.round(seconds * 1000 * CHECKPOINT_AT));
  console.log(
    `  shipping: checkpoints every ${checkpointMs / 1000} s instead of ${CHECKPOINT_MS / 1000} s; puts and bytes of files are also given as of the latter`,
  );
  const many = await measure({ ...server, bucket: `${server.bucket}-many` }, SESSIONS_PER_SLOT, seconds, checkpointMs);
  const one = await measure({ ...server, bucket: `${server.bucket}-one` }, 0, seconds, checkpointMs);
  const [ofMany, ofOne] = [atUsualInterval(many, checkpointMs), atUsualInterval(one, checkpointMs)];
  const ratio = Math.max(
    ofMany.journalPutsPerSecond / ofOne.journalPutsPerSecond,
    ofOne.journalPutsPerSecond / ofMany.journalPutsPerSecond,
  );
  const figures: Record<string, number> = { ...named('many', many, ofMany), ...named('one', one, ofOne), journalPutsRatio: round(ratio) };
  const target = (name: string, limit: number, unit: string): BenchOutcome['targets'][number] => ({
    name,
    value: figures[name] ?? Infinity,
    limit,
    unit,
  });
  return {
    results: figures,
    targets: [
      target('journalPutsRatio', 1.1, 'times'),
      ...['many', 'one'].flatMap((name) => [
        target(`${name}PutsPerMessage`, 0.05, 'puts'),
        target(`${name}ShippedPerByte`, 4, 'bytes per byte'),
      ]),
    ],
  };
};

/** @param inEachSlot sessions; 0: a single one, and the other slots hold none */
const measure = async (server: S3ObjectStoreOptions, inEachSlot: number, seconds: number, checkpointMs: number): Promise<Shipped> => {
  const dataDir = mkdtempSync(join(tmpdir(), 'bench-shipping-'));
  try {
    const sessions = inEachSlot === 0 ? 1 : inEachSlot * SLOTS;
    const made = { dataDir, sessions, size: { ...USUAL_SESSION, messages: messagesBefore(seconds) } };
    await Promise.all([inChild('makeCredentials', made), inChild('makeHistory', { ...made, newest: Date.now() })]);
    const slots = Array.from({ length: SLOTS }, (_, slot) =>
      Array.from({ length: SESSIONS_PER_SLOT }, (__, index) => slot * SESSIONS_PER_SLOT + index).filter((index) => index < sessions),
    );
    for (const slot of slots.keys()) await (await openSlotStore(slotFolder(dataDir, slot), { track: true })).close();
    const traffic = { dataDir, server, slots, messagesPerSecond: MESSAGES_PER_SECOND, seconds, intervalMs: INTERVAL_MS, checkpointMs };
    return await inChild('replicateTraffic', traffic);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
};

/** What a file has anew is in it once whatever the interval; everything else in files is written as often as there are checkpoints. */
const atUsualInterval = ({ journal, files, messages, messageBytes, trackedBytes }: Shipped, checkpointMs: number): Figures => {
  const share = checkpointMs / CHECKPOINT_MS;
  const again = Math.max(0, files.bytes - messageBytes) * share;
  return {
    journalPutsPerSecond: ((journal.puts - 1) * 1000) / (journal.last - journal.first),
    putsPerMessage: (journal.puts + files.puts * share) / messages,
    shippedPerByte: (journal.bytes + again + messageBytes) / trackedBytes,
  };
};

const named = (name: string, shipped: Shipped, usual: Figures): Record<string, number> => {
  const { journal, files, messages, seconds, trackedBytes, lagP99Ms, loopDelayP99Ms, cpuSeconds } = shipped;
  const figures = {
    MessagesPerSecond: messages / seconds,
    JournalPutsPerSecond: usual.journalPutsPerSecond,
    PutsPerMessage: usual.putsPerMessage,
    PutsPerMessageHere: (journal.puts + files.puts) / messages,
    TrackedBytesPerMessage: trackedBytes / messages,
    ShippedPerByte: usual.shippedPerByte,
    ShippedPerByteHere: (journal.bytes + files.bytes) / trackedBytes,
    JournalPerByte: journal.bytes / trackedBytes,
    LagP99Ms: lagP99Ms,
    LoopDelayP99Ms: loopDelayP99Ms,
    CpuPercent: (cpuSeconds / seconds) * 100,
  };
  return Object.fromEntries(Object.entries(figures).map(([key, value]) => [name + key, round(value)]));
};
