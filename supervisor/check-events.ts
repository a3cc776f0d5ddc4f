// Whether the log of a session can go on: no event has a number that will be given out again.
import type { Findings } from '../shared/store/check-store.js';
import type { StoreReader } from '../shared/store/store-reader.js';
import { TABLES } from './supervisor-store.js';

export const checkEvents = (reader: Pick<StoreReader, 'get' | 'range'>, sessionId: string, findings: Findings): void => {
  const newest = reader.get<number>(TABLES.eventHeads, [sessionId]) ?? 0;
  const [last] = reader.range(TABLES.events, { prefix: [sessionId], reverse: true, limit: 1 });
  const highest = Number(last?.key[1] ?? 0);
  if (highest > newest) findings.error(`session ${sessionId} has event ${highest} and counts to ${newest}`);
};
