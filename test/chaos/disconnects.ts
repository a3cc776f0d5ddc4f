// Which connections ended without being due to. Pure.
import type { Strike } from './strike.js';

/** A login of a session at WhatsApp. Times are Unix milliseconds. */
export interface Login {
  sessionId: string;
  closedAt: number | null;
  closeReason: string | null;
}

export interface Disconnect {
  sessionId: string;
  at: number;
  reason: string;
  /** The fault that was going on, though it was not to touch this session; undefined when there was none. */
  during: Strike | undefined;
}

/** Ends of connections between `from` and `to` of sessions that no fault had hit just then; those in isolation move by themselves. */
export const disconnectsOutside = (
  logins: readonly Login[],
  strikes: readonly Strike[],
  { from, to }: { from: number; to: number },
): Disconnect[] =>
  logins.flatMap(({ sessionId, closedAt, closeReason }) => {
    if (strikes.some(({ isolated }) => isolated.includes(sessionId))) return [];
    if (closedAt === null || closedAt < from || closedAt > to) return [];
    const during = strikes.filter(({ at, backAt }) => at <= closedAt && closedAt <= backAt);
    if (during.some(({ hit }) => hit.has(sessionId))) return [];
    return [{ sessionId, at: closedAt, reason: closeReason ?? 'unknown', during: during[0] }];
  });
