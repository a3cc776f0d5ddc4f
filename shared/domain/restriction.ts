import { z } from 'zod';

/**
 * What WhatsApp does not let an account do for a while. `reach_out`: write to people who never wrote to it. `new_chats`: begin more chats than it
 * did.
 */
export const RestrictionKind = z.enum(['reach_out', 'new_chats']);
export type RestrictionKind = z.infer<typeof RestrictionKind>;

/** Times are Unix milliseconds. */
export interface Restriction {
  kind: RestrictionKind;
  since: number;
  /** When it ends, or, unless WhatsApp `told` that, when one message may try whether it has. */
  until: number;
  told: boolean;
  /** How often in a row such a try was in vain. */
  tries: number;
}

const FIRST_PAUSE_MS = 15 * 60_000;
const LONGEST_PAUSE_MS = 12 * 60 * 60_000;

/** What is known after a refusal; `before` itself when that is nothing new. @param until as WhatsApp told it, if it did */
export const afterRefusal = (
  before: Restriction | undefined,
  kind: RestrictionKind,
  until: number | undefined,
  now: number,
): Restriction => {
  const since = before?.since ?? now;
  if (until !== undefined && until > now) {
    return before?.told && before.until === until ? before : { kind, since, until, told: true, tries: 0 };
  }
  if (before && now < before.until) return before;
  const tries = before && !before.told ? before.tries + 1 : 0;
  return { kind, since, until: now + Math.min(FIRST_PAUSE_MS * 2 ** tries, LONGEST_PAUSE_MS), told: false, tries };
};
