// Figures of a loss, and the promises they keep or break.
import type { StatsSnapshot, WhatsappClient } from '../whatsapp/client.js';
import type { JournalEnd } from './journal-end.js';
import type { LossyWorker } from './lossy-worker.js';
import type { Pair } from './traffic.js';
import { confirmedAt, placeholders, retriesIn, type Fate } from './what-became.js';

export interface Evidence {
  phones: WhatsappClient;
  pairs: readonly Pair[];
  workers: readonly LossyWorker[];
  fates: readonly Fate[];
  ends: ReadonlyMap<LossyWorker, JournalEnd>;
  intervalMs: number;
  /** Unix milliseconds. */
  killedAt: number;
  statsBefore: StatsSnapshot;
  /** Milliseconds since the restart. */
  times: { listening: number; restored: number; connected: number };
  /** Of both workers until then. */
  cpuSeconds: number;
  runnersEnded: number;
}

export interface Verdict {
  figures: [name: string, value: string | number][];
  /** Sentences about promises that were not kept. */
  broken: string[];
  /** Ids of messages worth a look at their trace. */
  suspects: string[];
}

/** Timers of a busy machine are late. */
const LATE_MS = 5_000;

export const judge = async (evidence: Evidence): Promise<Verdict> => {
  const { phones, pairs, workers, fates, ends, intervalMs, killedAt, statsBefore, times } = evidence;
  const before = fates.filter(({ entry }) => (entry.acceptedAt ?? Infinity) < killedAt);
  const across = fates.filter(({ entry }) => entry.begunAt < killedAt && (entry.acceptedAt ?? Infinity) >= killedAt);
  const after = fates.filter(({ entry }) => entry.begunAt >= killedAt);

  const slowestPutMs = Math.max(...[...ends.values()].map((end) => end.slowestPutMs));
  const youngMs = intervalMs + 2 * slowestPutMs + LATE_MS;
  const { connections, overlaps } = await phones.connections();
  /** What WhatsApp was told of before that was in the sockets at the kill, however late it was read. */
  const againAt = ({ entry }: Fate): number =>
    Math.min(
      ...connections.flatMap(({ deviceJid, loggedInAt }) =>
        deviceJid?.startsWith(`${entry.pair.number}:`) === true && loggedInAt !== null && loggedInAt > killedAt ? [loggedInAt] : [],
      ),
    );
  const lost: { fate: Fate; ageMs: number; sinceShippedMs: number }[] = [];
  for (const fate of before.filter(({ inHistory, shown, entry }) => !inHistory && (entry.direction === 'in' || shown === 0))) {
    const at = await leftWhatsappAt(phones, fate);
    lost.push({ fate, ageMs: at === undefined ? -Infinity : killedAt - at, sinceShippedMs: (at ?? 0) - endOf(ends, fate).at });
  }
  const forgotten = before
    .filter(({ entry, inHistory, shown }) => entry.direction === 'out' && !inHistory && shown > 0)
    .map((fate) => ({
      fate,
      ageMs: killedAt - (fate.entry.acceptedAt ?? killedAt),
      sinceShippedMs: (fate.entry.acceptedAt ?? 0) - endOf(ends, fate).at,
    }));
  const missing = after.filter(({ entry, inHistory, shown }) => !inHistory || (entry.direction === 'out' && shown === 0));

  let asked = 0;
  let requests = 0;
  for (const { entry } of after) {
    const retries = entry.id === '' ? 0 : retriesIn((await phones.trace(entry.id)).events);
    if (retries > 0) asked++;
    requests += retries;
  }
  const replaced = connections.filter(({ closeReason }) => closeReason === 'replaced').length;
  const stats = await phones.stats();
  const qrs = workers.reduce((sum, worker) => sum + worker.qrs, 0);
  const retried = (who: string): number => (stats.retries[who] ?? 0) - (statsBefore.retries[who] ?? 0);
  const oldest = (ages: readonly { ageMs: number }[]): number => Math.max(0, ...ages.map(({ ageMs }) => ageMs));

  const figures: Verdict['figures'] = [
    ['sessions', pairs.length],
    ['replication interval', `${intervalMs} ms`],
    ['slowest put of the journal', `${slowestPutMs} ms`],
    ['bucket behind at the loss', [...ends.values()].map(({ at }) => `${killedAt - at} ms`).join(', ')],
    ['listening after', `${times.listening} ms`],
    ['sessions restored after', `${times.restored} ms`],
    ['all connected after', `${times.connected} ms`],
    ['  CPU used until then', `${evidence.cpuSeconds.toFixed(1)} s`],
    ['  runners ended until then', evidence.runnersEnded],
    ['QR codes shown', qrs],
    ['connections replaced (440)', replaced],
    ['overlapping connections', overlaps.length],
    ['accepted before the loss', `${count(before, 'out')} out, ${count(before, 'in')} in`],
    [
      '  neither in history nor shown',
      `${lost.filter(({ fate }) => fate.entry.direction === 'out').length} out, ${lost.filter(({ fate }) => fate.entry.direction === 'in').length} in`,
    ],
    ['  ages before the loss', agesOf(lost)],
    ['  shown but not in history', `${forgotten.length} out`],
    ['  ages before the loss', agesOf(forgotten)],
    ['unanswered at the loss', `${across.length}, of these shown twice ${across.filter(({ shown }) => shown > 1).length}`],
    ['sent after the loss', `${count(after, 'out')} out, ${count(after, 'in')} in`],
    ['  asked for again', `${asked} messages, ${requests} times`],
    ['  retry receipts since the loss', `${retried('phone')} of phones, ${retried('companion')} of sessions`],
    ['  shown twice', after.filter(({ shown }) => shown > 1).length],
    ['  did not arrive', `${count(missing, 'out')} out, ${count(missing, 'in')} in`],
    ['placeholders left in history', await placeholders(pairs)],
  ];
  const broken = [
    ...(qrs > 0 ? [`${qrs} QR codes were shown`] : []),
    ...(replaced + overlaps.length > 0 ? [`${replaced} connections were replaced and ${overlaps.length} overlapped`] : []),
    ...(oldest(lost) > youngMs ? [`a lost message was ${oldest(lost)} ms old, more than ${youngMs} ms`] : []),
    ...(oldest(forgotten) > youngMs ? [`a message missing in history was ${oldest(forgotten)} ms old, more than ${youngMs} ms`] : []),
    ...(lost.some(({ fate, ageMs }) => killedAt - ageMs >= againAt(fate)) ? ['a message was lost that WhatsApp still had'] : []),
    ...(lost.some(({ fate }) => fate.entry.direction === 'out') ? ['a send that was answered never arrived'] : []),
    ...(missing.length > 0
      ? [
          `${missing.length} messages sent after the loss did not arrive: ${missing
            .slice(0, 5)
            .map(({ entry }) => entry.text)
            .join(', ')}`,
        ]
      : []),
    ...(after.some(({ shown }) => shown > 1) ? ['a message sent after the loss was shown twice'] : []),
  ];
  const suspects = [...missing, ...lost.map(({ fate }) => fate)].map(({ entry }) => entry.id);
  return { figures, broken, suspects };
};

/** From then on only the worker had it; undefined while WhatsApp keeps it. */
const leftWhatsappAt = async (phones: WhatsappClient, { entry }: Fate): Promise<number | undefined> =>
  entry.direction === 'out' ? entry.acceptedAt : confirmedAt((await phones.trace(entry.id)).events, entry.pair);

const endOf = (ends: ReadonlyMap<LossyWorker, JournalEnd>, { entry }: Fate): JournalEnd => {
  const end = ends.get(entry.pair.home);
  if (!end) throw new Error(`no journal of ${entry.pair.home.id}`);
  return end;
};

const count = (fates: readonly Fate[], direction: 'out' | 'in'): number =>
  fates.filter(({ entry }) => entry.direction === direction).length;

const agesOf = (losses: readonly { ageMs: number; sinceShippedMs: number }[]): string =>
  losses
    .toSorted((a, b) => a.ageMs - b.ageMs)
    .map(({ ageMs, sinceShippedMs }) => `${ageMs} (+${sinceShippedMs})`)
    .join(', ') || '–';
