/** What came of a try. */
export type WebhookAnswer = { status: number; retryAfterMs: number | undefined } | { failure: string };

export interface Tried {
  answer: WebhookAnswer;
  /** How often a consumer that answers 4xx has refused this event, this time included. */
  refusals: number;
  /** Of the event, in milliseconds. */
  age: number;
}

export type WebhookVerdict =
  | { is: 'accepted' }
  /** It is given up, and can be replayed. */
  | { is: 'dead'; status: number; sentence: string }
  /** `isRefusal`: about this event, as far as anybody can tell, and not about the consumer as a whole. */
  | { is: 'retry'; sentence: string; isRefusal: boolean; atLeastMs: number };

const GIVEN_UP_AFTER_MS = 24 * 60 * 60_000;
const MOST_REFUSALS = 10;
const LONGEST_PAUSE_MS = 15 * 60_000;
/** 4xx that say "later", not "no". */
const LATER: ReadonlySet<number> = new Set([408, 425, 429]);

export const webhookVerdict = ({ answer, refusals, age }: Tried): WebhookVerdict => {
  if ('failure' in answer) return retryOf(0, answer.failure, age, { isRefusal: false });
  const { status, retryAfterMs } = answer;
  if (status >= 200 && status < 300) return { is: 'accepted' };
  const isRefusal = status >= 400 && status < 500 && !LATER.has(status);
  const sentence = status >= 300 && status < 400 ? `It answered ${status}; redirects are not followed.` : `It answered ${status}.`;
  if (status === 410 || (isRefusal && refusals >= MOST_REFUSALS)) return { is: 'dead', status, sentence };
  return retryOf(status, sentence, age, { isRefusal, atLeastMs: Math.min(LONGEST_PAUSE_MS, Math.max(0, retryAfterMs ?? 0)) });
};

const retryOf = (
  status: number,
  sentence: string,
  age: number,
  { isRefusal, atLeastMs = 0 }: { isRefusal: boolean; atLeastMs?: number },
): WebhookVerdict => (age >= GIVEN_UP_AFTER_MS ? { is: 'dead', status, sentence } : { is: 'retry', sentence, isRefusal, atLeastMs });
