// How fast one session may send. Pure; times are Unix milliseconds.
import type { OutgoingContent } from '../../shared/domain/outgoing.js';

/** How fast a session sends. */
export interface SendPace {
  /** Messages a minute in the long run; undefined: as fast as it can. */
  perMinute: number | undefined;
  /** Messages that may go at once after a quiet time. */
  burst: number;
  /** The recipient sees "typing" before a text, for as long as it might take to write it. */
  typing: boolean;
}

const MINUTE_MS = 60_000;
const TYPING_MS_PER_CHARACTER = 60;
const SHORTEST_TYPING_MS = 600;
/** Well below the deadline of the call that types and sends. */
const LONGEST_TYPING_MS = 8_000;

/**
 * When the next message may go, and after it `ahead` others that wait already. `fullAt` is when the whole burst would be allowed again; it is
 * all that has to be remembered of what was sent.
 */
export const allowedAt = ({ perMinute, burst }: SendPace, fullAt: number, now: number, ahead = 0): number => {
  if (perMinute === undefined) return now;
  const interval = MINUTE_MS / perMinute;
  return Math.max(now, Math.max(fullAt, now) + (ahead - burst + 1) * interval);
};

/** `fullAt` after one message more. */
export const afterOne = ({ perMinute }: SendPace, fullAt: number, now: number): number =>
  perMinute === undefined ? fullAt : Math.max(fullAt, now) + MINUTE_MS / perMinute;

export const typingMs = ({ typing }: SendPace, content: OutgoingContent): number =>
  typing && content.type === 'text'
    ? Math.min(Math.max(content.text.length * TYPING_MS_PER_CHARACTER, SHORTEST_TYPING_MS), LONGEST_TYPING_MS)
    : 0;

/** `fullAt` by another pace: as many messages are used of the new burst as were of the old one. */
export const repaced = (before: SendPace, after: SendPace, fullAt: number, now: number): number =>
  before.perMinute === undefined || after.perMinute === undefined
    ? now
    : now + (Math.max(fullAt - now, 0) * before.perMinute) / after.perMinute;
