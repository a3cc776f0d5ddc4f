import { z } from 'zod';
import type { Mailbox } from '../phone/mailbox.js';

/** Asks for what came after a sequence number, optionally of one id, waiting up to `waitMs` milliseconds until there is some. */
export const waitQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0),
  waitMs: z.coerce.number().int().min(0).max(60_000).default(0),
  id: z.string().min(1).optional(),
});

interface Item {
  readonly seq: number;
  readonly id: string;
}

/** Items, and the sequence number to ask from next time. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly last: number;
}

/** The items that a query asks for, as soon as there are any or the wait is over. */
export async function awaitItems<T extends Item>(
  mailbox: Mailbox,
  itemsOf: (mailbox: Mailbox) => readonly T[],
  { after, waitMs, id }: z.output<typeof waitQuery>,
  gone: AbortSignal,
  fits: (item: T) => boolean = () => true,
): Promise<Page<T>> {
  const enough = AbortSignal.any([gone, AbortSignal.timeout(waitMs)]);
  let seen = after;
  for (;;) {
    const all = itemsOf(mailbox);
    // Sequence numbers count from 1 without gaps, so they are positions too.
    const items = all.slice(seen).filter((item) => (id === undefined || item.id === id) && fits(item));
    seen = all.length;
    if (items.length > 0 || waitMs === 0 || enough.aborted) return { items, last: Math.max(seen, after) };
    await mailbox.changed(enough);
  }
}
