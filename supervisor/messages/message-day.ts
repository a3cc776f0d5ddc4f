// Days and their parts: which file of the object store a message belongs to.
import type { MessageDay } from '../supervisor-store.js';

/** What one file holds at most, in bytes of JSON; a message that is larger has a file of its own. */
export const PART_BYTES = 128 * 1024;
/** Braces, names, ids and checksum around the messages. */
const FRAME_BYTES = 512;

const DAY_SECONDS = 24 * 60 * 60;
/** The last moment with a year of four digits, as the names of days need. */
const LATEST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** The same time, or the nearest one that belongs to a day with a name. Unix milliseconds. */
export const inNamedDay = (timestamp: number): number => Math.min(Math.max(timestamp, 0), LATEST_MS);

/** The day asked for last: nearly always the one asked for next. */
let last = { number: 0, name: '1970-01-01' };

/** Unix second → `2026-11-22`, in UTC. */
export const dayOf = (second: number): string => {
  const ms = inNamedDay(second * 1000);
  const number = Math.floor(ms / 1000 / DAY_SECONDS);
  if (number !== last.number) last = { number, name: new Date(ms).toISOString().slice(0, 10) };
  return last.name;
};

/** First and last Unix second of a day. */
export const secondsOf = (day: string): { first: number; last: number } => {
  const first = Date.parse(day) / 1000;
  return { first, last: first + DAY_SECONDS - 1 };
};

/** The day after one more message, which stands in part `part` of it. @param bytes of its record, with what separates it from the next */
export const withMessage = (day: MessageDay | undefined, bytes: number): MessageDay => {
  const { count, part, partBytes, remoteParts } = day ?? { count: 0, part: 0, partBytes: 0, remoteParts: 0 };
  const fits = partBytes === 0 || partBytes + bytes + FRAME_BYTES <= PART_BYTES;
  return { count: count + 1, part: fits ? part : part + 1, partBytes: fits ? partBytes + bytes : bytes, remoteParts };
};
