// What became of every message that was ever accepted, seen from both ends.
import { setTimeout as sleep } from 'node:timers/promises';
import type { TraceEvent } from '../whatsapp/record/traces.js';
import type { WhatsappClient } from '../whatsapp/client.js';
import type { Entry, Pair } from './traffic.js';

export interface Fate {
  entry: Entry;
  inHistory: boolean;
  /** How often the friend's phone showed it; of a message that came in, always 0. */
  shown: number;
}

interface HistoryRow {
  content: unknown;
  type: unknown;
}

const PAGE = 500;
const LOOK_EVERY_MS = 300;

/** Looks at both ends until `isEnough`, or until `timeoutMs` are over. */
export const fatesOf = async (
  phones: WhatsappClient,
  entries: readonly Entry[],
  isEnough: (fates: readonly Fate[]) => boolean,
  timeoutMs: number,
): Promise<Fate[]> => {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const fates = await look(phones, entries);
    if (isEnough(fates) || performance.now() > deadline) return fates;
    await sleep(LOOK_EVERY_MS);
  }
};

const look = async (phones: WhatsappClient, entries: readonly Entry[]): Promise<Fate[]> => {
  const pairs = [...new Set(entries.map(({ pair }) => pair))];
  const histories = new Map<Pair, Set<unknown>>();
  for (const pair of pairs) histories.set(pair, new Set((await historyOf(pair)).map(({ content }) => content)));
  const shown = new Map<unknown, number>();
  for (const number of new Set(pairs.map(({ friend }) => friend.number))) {
    for (const { text } of await phones.shown(number)) shown.set(text, (shown.get(text) ?? 0) + 1);
  }
  return entries.map((entry) => ({
    entry,
    inHistory: histories.get(entry.pair)?.has(entry.text) === true,
    shown: entry.direction === 'out' ? (shown.get(entry.text) ?? 0) : 0,
  }));
};

const historyOf = async ({ home, sessionId }: Pair): Promise<HistoryRow[]> => {
  const rows: HistoryRow[] = [];
  for (let offset = 0; ; offset += PAGE) {
    const { messages } = await home.worker.call('GET', `/session/${sessionId}/messages?limit=${PAGE}&offset=${offset}`);
    rows.push(...(messages as HistoryRow[]));
    if ((messages as HistoryRow[]).length < PAGE) return rows;
  }
};

/** Rows of history that say only that something could not be decrypted. */
export const placeholders = async (pairs: readonly Pair[]): Promise<number> => {
  let found = 0;
  for (const pair of pairs) found += (await historyOf(pair)).filter(({ type }) => type === 'undecryptable').length;
  return found;
};

/** How often a receiver asked for the message again. */
export const retriesIn = (events: readonly TraceEvent[]): number => events.filter(({ step }) => step === 'retry').length;

/** When the session confirmed it to WhatsApp, which then keeps it no longer; in Unix milliseconds. */
export const confirmedAt = (events: readonly TraceEvent[], { number }: Pair): number | undefined => {
  const at = events.find(({ step, device }) => step === 'acked' && device.startsWith(`${number}:`))?.at;
  return at === undefined ? undefined : Math.round(at);
};
