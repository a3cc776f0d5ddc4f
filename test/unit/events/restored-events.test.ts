import { expect, it } from 'vitest';
import { Findings } from '../../../shared/store/check-store.js';
import type { Store } from '../../../shared/store/store.js';
import { checkEvents } from '../../../supervisor/check-events.js';
import { readEvents } from '../../../supervisor/events/event-page.js';
import { EventLog } from '../../../supervisor/events/event-log.js';
import type { EventRow } from '../../../supervisor/events/event-row.js';
import { recentEvents, restoreEvents } from '../../../supervisor/events/restored-events.js';
import { eventSweep } from '../../../supervisor/events/event-sweep.js';
import { silent } from '../shared/logged.js';
import { newSession, openSupervisorStore, TABLES } from '../../../supervisor/supervisor-store.js';
import { closing, rowsIn, tempFolder } from '../store/temp-store.js';

const TERM = 1_000_000_000;
const sent = (at: number): EventRow => ({ type: 'message.status', at, id: 'B1', status: 'sent' });
const setUp = async (rows: Record<number, EventRow>): Promise<Store> => {
  const store = closing(await openSupervisorStore(tempFolder(), { track: true }));
  await store.commit(Object.entries(rows).map(([seq, value]) => ({ table: TABLES.events, key: ['s', Number(seq)], value })));
  return store;
};
const restore = async (store: Store, term: number): Promise<void> =>
  restoreEvents(store, { sessionId: 's', createdAt: 100 }, { term, at: 500 });
const seqs = (store: Store): number[] => rowsIn(store, TABLES.events).map(([key]) => Number(key[1]));

it('keeps the newest events that follow each other, and goes on far above all that were given out', async () => {
  const store = await setUp({ 3: sent(110), 5: sent(120), 6: sent(130) });
  await restore(store, 2);
  expect(rowsIn(store, TABLES.events)).toEqual([
    [['s', 5], sent(120)],
    [['s', 6], sent(130)],
    [['s', 2 * TERM], { type: 'restored', at: 500, after: 6 }],
  ]);
  expect(store.get(TABLES.eventHeads, ['s'])).toBe(2 * TERM);
});

it('keeps no event of a deleted session of the same name', async () => {
  const store = await setUp({ 1: sent(20), 2: sent(30), 3: sent(130) });
  await restore(store, 2);
  expect(seqs(store)).toEqual([3, 2 * TERM]);
});

it('begins a log that had nothing', async () => {
  const store = await setUp({});
  await restore(store, 3);
  expect(rowsIn(store, TABLES.events)).toEqual([[['s', 3 * TERM], { type: 'restored', at: 500, after: 0 }]]);
});

it('lets consumers go on that have all there was, also when no event came back', async () => {
  const store = await setUp({});
  const session = { sessionId: 's', createdAt: 100 };
  await restoreEvents(store, session, { term: 2, at: 500, last: 7 });
  const after = async (number: number): Promise<unknown> =>
    readEvents({ store, remote: undefined }, session, { after: number, limit: 10 }).then(({ events }) => events);
  const marker = { seq: 2 * TERM, type: 'restored', at: 500, after: 7 };
  expect([await after(7), await after(9)]).toEqual([[marker], [marker]]);
  await expect(after(6)).rejects.toMatchObject({ code: 'EVENTS_GONE' });
});

it('ships what says where a log goes on with the first event after it, so that a second loss keeps what was before', async () => {
  const first = await setUp({ 1: sent(110), 2: sent(120) });
  await restore(first, 2);
  const shipped = first.lastChange;
  await new EventLog(first, () => 600).commit([{ table: TABLES.sessions, key: ['s'], value: newSession('s', 100) }]);
  const changed = first.readChanges(shipped, 1_000_000)?.rows.map(({ table, key }) => [table, ...key]);
  expect(changed).toEqual([
    ['sessions', 's'],
    ['events', 's', 2 * TERM],
    ['events', 's', 2 * TERM + 1],
  ]);

  const rows = Object.fromEntries(rowsIn(first, TABLES.events).map(([key, value]) => [Number(key[1]), value as EventRow]));
  const second = await setUp(rows);
  await restore(second, 3);
  expect(seqs(second)).toEqual([1, 2, 2 * TERM, 2 * TERM + 1, 3 * TERM]);
});

it.each([
  [9, [1, 2, 3, 4, 2 * TERM, 3 * TERM]],
  [4, [3, 4, 2 * TERM, 3 * TERM]],
  [2, [2 * TERM, 3 * TERM]],
  [1, [3 * TERM]],
])('keeps the last %d events, whatever numbers were passed over', async (count, kept) => {
  const store = await setUp({ 1: sent(110), 2: sent(120), 3: sent(130), 4: sent(140) });
  await restore(store, 2);
  await restore(store, 3);
  await eventSweep({ store, count, days: 1, log: silent, now: () => 1_000 }).run();
  expect(seqs(store)).toEqual(kept);
});

it('has the newest events of a time for the files of a session', async () => {
  const store = await setUp({ 1: sent(110), 2: sent(120), 3: sent(130), 4: sent(140) });
  expect(recentEvents(store, 's', 120, 10).map(([seq]) => seq)).toEqual([4, 3, 2]);
  expect(recentEvents(store, 's', 0, 2).map(([seq]) => seq)).toEqual([4, 3]);
});

it('is found by a check when it would give a number out again', async () => {
  const store = await setUp({ 1: sent(110), 2: sent(120) });
  await store.commit([{ table: TABLES.eventHeads, key: ['s'], value: 1 }]);
  const findings = new Findings('supervisor');
  checkEvents(store, 's', findings);
  expect(findings.list).toEqual([{ severity: 'error', store: 'supervisor', problem: 'session s has event 2 and counts to 1' }]);
});
