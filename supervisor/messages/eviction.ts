// Days whose files are complete in the object store need not lie here.
import type { Store, Write } from '../../shared/store/store.js';
import { TABLES, type MessageDay } from '../supervisor-store.js';
import { anyChanged } from './changed-parts.js';
import { removeRows } from './local-rows.js';
import { spanOf, type PartSpan, type Position } from './part-spans.js';

/** Rows looked at before other work gets its turn. */
const AT_ONCE = 1_000;

/**
 * Removes the messages of a day whose parts are all unchanged in the object store; nothing when one is not. Each batch, which may be empty,
 * is to be committed before the next is asked for, with other work in between.
 *
 * First of all one commit says that the parts are remote: from then on their rows here count for nothing, and whatever interrupts the
 * removal, the next call goes on with it. The index stays, so that a message delivered again is still known; only placeholders lose
 * theirs, for the message they stand for may come and can no longer take their place.
 */
export function* evictWrites(store: Store, sessionId: string, day: string): Generator<Write[]> {
  const before = store.get<MessageDay>(TABLES.messageDays, [sessionId, day]);
  if (!before) return;
  if (!anyChanged(store, sessionId, day, before.remoteParts, before.part)) {
    const spans: PartSpan[] = [];
    for (let part = before.remoteParts; part <= before.part; part++) {
      const span = spanOf(yield* positionsOf(store, sessionId, day, part));
      if (span) spans.push(span);
    }
    if (isWhole(store, sessionId, day, before, spans)) yield declareRemote(sessionId, day, before, spans);
  }
  const end = store.get<MessageDay>(TABLES.messageDays, [sessionId, day])?.remoteParts ?? 0;
  for (const batch of removeRows(store, sessionId, day, { end, indexToo: ({ type }) => type === 'undecryptable' })) {
    // The session was deleted in between, and its rows with it.
    if (store.get(TABLES.messageDays, [sessionId, day]) === undefined) return;
    yield batch;
  }
}

function* positionsOf(store: Store, sessionId: string, day: string, part: number): Generator<Write[], Position[]> {
  const positions: Position[] = [];
  for (let next = 0; ;) {
    const prefix = [sessionId, day, part];
    const rows = [...store.range<number>(TABLES.messageParts, { prefix, from: [...prefix, next], limit: AT_ONCE })];
    for (const { key, value: second } of rows) positions.push([second, Number(key[3])]);
    yield [];
    if (rows.length < AT_ONCE) return positions;
    next = (positions.at(-1)?.[1] ?? 0) + 1;
  }
}

/** Nothing changed while the rows were looked at, and there are messages in every part. */
const isWhole = (store: Store, sessionId: string, day: string, before: MessageDay, spans: readonly PartSpan[]): boolean => {
  const now = store.get<MessageDay>(TABLES.messageDays, [sessionId, day]);
  return (
    now?.count === before.count &&
    now.part === before.part &&
    now.remoteParts === before.remoteParts &&
    spans.length === before.part - before.remoteParts + 1 &&
    !anyChanged(store, sessionId, day, before.remoteParts, before.part)
  );
};

const declareRemote = (sessionId: string, day: string, before: MessageDay, spans: readonly PartSpan[]): Write[] => {
  const next = before.part + 1;
  const after: MessageDay = { count: before.count, part: next, partBytes: 0, remoteParts: next };
  return [
    { table: TABLES.messageDays, key: [sessionId, day], value: after },
    ...spans.map((span, index) => ({ table: TABLES.partSpans, key: [sessionId, day, before.remoteParts + index], value: span })),
  ];
};
