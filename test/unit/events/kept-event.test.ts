import { expect, it } from 'vitest';
import { openStore } from '../../../shared/store/open-store.js';
import { readEvents } from '../../../supervisor/events/event-page.js';
import type { EventRow } from '../../../supervisor/events/event-row.js';
import { expiredEvents } from '../../../supervisor/events/event-sweep.js';
import { EventLog } from '../../../supervisor/events/event-log.js';
import { eventOf, keptEvent } from '../../../supervisor/events/kept-event.js';
import { lastBeyond, recentEvents } from '../../../supervisor/events/restored-events.js';
import { newSession, openSupervisorStore, SUPERVISOR_SCHEMA, TABLES } from '../../../supervisor/supervisor-store.js';
import { closing, rowsIn, tempFolder } from '../store/temp-store.js';

const TERM = 1_000_000_000;
const ROWS: EventRow[] = [
  { type: 'session', at: 100, from: null, to: 'disconnected', reason: 'created', status: 'disconnected' },
  { type: 'message', at: 200, id: 'A1', place: [1_700_000_000, 7] },
  { type: 'message.status', at: 300, id: 'B1', status: 'sent' },
  { type: 'message.status', at: 400, id: 'B2', status: 'failed', failure: { code: 'BUSY', message: 'Try again.' } },
  { type: 'media', at: 500, media: { id: 'A1', from: 'a@s.whatsapp.net', kind: 'images', at: 1, state: 'stored', sha256: 'ab', bytes: 3 } },
  { type: 'restored', at: 600, after: 5 },
];

it.each(ROWS)('reads a $type event of $at as it was', (row) => {
  expect(eventOf(keptEvent(row))).toEqual(row);
});

it('reads the events of a store of version 3, sweeps them, and goes on after them', async () => {
  const folder = tempFolder();
  const old = await openStore(folder, { ...SUPERVISOR_SCHEMA, version: 3 }, { track: false });
  const numbered = ROWS.slice(0, 5).map((value, index) => ({ table: TABLES.events, key: ['s', index + 1], value }));
  await old.commit([...numbered, { table: TABLES.eventHeads, key: ['s'], value: 5 }]);
  await old.close();
  const store = closing(await openSupervisorStore(folder));
  await new EventLog(store, () => 700).commit([{ table: TABLES.sessions, key: ['s'], value: newSession('s', 50) }]);
  const told = async (after: number) =>
    (await readEvents({ store, remote: undefined }, { sessionId: 's', createdAt: 50 }, { after, limit: 9 })).events;
  expect((await told(0)).map(({ seq, type }) => [seq, type])).toEqual([
    [1, 'session'],
    [2, 'message'],
    [3, 'message.status'],
    [4, 'message.status'],
    [5, 'media'],
    [6, 'session'],
  ]);
  expect((await told(3))[0]).toEqual({ seq: 4, ...ROWS[3], id: undefined, messageId: 'B2' });
  expect(recentEvents(store, 's', 400, 9).map(([seq, { type }]) => [seq, type])).toEqual([
    [6, 'session'],
    [5, 'media'],
    [4, 'message.status'],
  ]);
  for (const batch of expiredEvents(store, 's', { upTo: 0, before: 400 })) await store.commit(batch);
  expect(rowsIn(store, TABLES.events).map(([key]) => key[1])).toEqual([4, 5, 6]);
});

it('finds where a log goes on in a marker of version 3', async () => {
  const store = closing(await openSupervisorStore(tempFolder()));
  await store.commit([{ table: TABLES.events, key: ['s', 2 * TERM], value: ROWS[5] }]);
  expect(lastBeyond(store, 's', 2 * TERM + 1, 4)).toBe(3);
});
