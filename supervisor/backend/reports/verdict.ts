import type { BackendAnswer } from '../backend-request.js';

/** What an answer of the backend means for the reports. */
export type Verdict =
  | { is: 'accepted' }
  /** Nothing will change by sending this report again. */
  | { is: 'final'; status: number; sentence: string }
  /** It does not take this worker, rather than this report. */
  | { is: 'unauthorized'; sentence: string }
  /** No answer, so no session is to blame. */
  | { is: 'unreachable'; sentence: string }
  /** It says itself when to come again; `serverError` when it could be this report's fault all the same. */
  | { is: 'busy'; sentence: string; pauseMs: number | undefined; serverError: boolean }
  /** This report made it stumble, or all of it is down. */
  | { is: 'failing'; sentence: string };

const LONGEST_PAUSE_MS = 15 * 60_000;
const UNAUTHORIZED = new Set([401, 403, 407]);

export const verdictOf = (answer: BackendAnswer): Verdict => {
  if (answer.kind === 'accepted') return { is: 'accepted' };
  const { sentence } = answer;
  if (answer.kind === 'refused') {
    return UNAUTHORIZED.has(answer.status) ? { is: 'unauthorized', sentence } : { is: 'final', status: answer.status, sentence };
  }
  const { status, retryAfterMs } = answer;
  if (status === undefined) return { is: 'unreachable', sentence };
  if (status === 429 || retryAfterMs !== undefined) {
    const pauseMs = retryAfterMs === undefined ? undefined : Math.min(LONGEST_PAUSE_MS, Math.max(0, retryAfterMs));
    return { is: 'busy', sentence, pauseMs, serverError: status >= 500 };
  }
  return { is: 'failing', sentence };
};
