import { expect, it } from 'vitest';
import { openStore } from '../../../shared/store/open-store.js';
import type { Store } from '../../../shared/store/store.js';
import { changedParts, partWritten } from '../../../supervisor/messages/changed-parts.js';
import { migrateDays } from '../../../supervisor/messages/migrate-days.js';
import { PART_BYTES } from '../../../supervisor/messages/message-day.js';
import { readPart, renderPart, restoreWrites } from '../../../supervisor/messages/message-file.js';
import { openSupervisorStore, SUPERVISOR_SCHEMA, TABLES, type MessageDay } from '../../../supervisor/supervisor-store.js';
import { closing, rowsIn, tempFolder } from '../store/temp-store.js';
import { DAY_MS, historyOver, incoming, outgoing, rowsOfVersion1, setUpHistory, TODAY } from './history-setting.js';

const ORIGIN = { workerId: 'w', generation: 7 };
const part = (number: number, day = '2026-11-22') => ({ sessionId: 's', day, part: number });
const marks = (store: Parameters<typeof changedParts>[0]): string[] =>
  [...changedParts(store)].map(({ day, part: number }) => `${day} ${number}`);

it('puts each message into the file of its own day, in UTC', async () => {
  const { store, append } = await setUpHistory();
  await append(incoming('A', TODAY - 1), incoming('B', TODAY), incoming('C', TODAY + DAY_MS - 1), incoming('D', TODAY + DAY_MS));
  expect(rowsIn(store, TABLES.messageDays)).toMatchObject([
    [['s', '2026-11-21'], { count: 1 }],
    [['s', '2026-11-22'], { count: 2 }],
    [['s', '2026-11-23'], { count: 1 }],
  ]);
});

it('keeps a message of an impossible time, in the nearest day there is', async () => {
  const { ids, append, store } = await setUpHistory();
  await append(incoming('A', -5_000_000_000_000_000), incoming('B', 9_000_000_000_000_000));
  expect(await ids()).toEqual(['B', 'A']);
  expect(rowsIn(store, TABLES.messageDays).map(([key]) => key[1])).toEqual(['1970-01-01', '9999-12-31']);
});

it('begins the next file before one is larger than 128 KiB, and measures what is written', async () => {
  const { store, append } = await setUpHistory();
  const content = 'ö'.repeat(1_000);
  for (let from = 0; from < 190; from += 10) {
    await append(...Array.from({ length: 10 }, (_, index) => incoming(`A${from + index}`, TODAY + from, { content })));
  }
  const day = store.get<MessageDay>(TABLES.messageDays, ['s', '2026-11-22']);
  expect(day).toMatchObject({ count: 190, part: 3 });
  const sizes = [];
  for (const number of [0, 1, 2, 3]) {
    const { body = Buffer.alloc(0) } = await renderPart(store, part(number), ORIGIN);
    sizes.push(Buffer.byteLength(body));
  }
  expect(Math.max(...sizes)).toBeLessThanOrEqual(PART_BYTES);
  expect(Math.min(...sizes.slice(0, 3))).toBeGreaterThan(PART_BYTES - 4_000);
  expect(Math.abs((sizes[3] ?? 0) - (day?.partBytes ?? 0))).toBeLessThan(512);
});

it('gives a message that is larger than a file one of its own', async () => {
  const { store, append } = await setUpHistory();
  await append(incoming('A', TODAY), incoming('B', TODAY, { raw: 'x'.repeat(PART_BYTES) }), incoming('C', TODAY));
  expect(rowsIn(store, TABLES.messageParts).map(([key]) => key.slice(2))).toEqual([
    [0, 1],
    [1, 2],
    [2, 3],
  ]);
});

it('marks the file of a message whose status moves, or whose placeholder is replaced, and no other', async () => {
  const { store, history, append, ship } = await setUpHistory();
  await append(
    outgoing('A', TODAY - DAY_MS),
    incoming('B', TODAY, { type: 'undecryptable', content: null }),
    incoming('C', TODAY + DAY_MS),
  );
  await ship();
  expect(marks(store)).toEqual([]);
  await store.commit(history.advance('s', 'A', 'sent'));
  expect(marks(store)).toEqual(['2026-11-21 0']);
  await append(incoming('B', TODAY + 2 * DAY_MS));
  expect(marks(store)).toEqual(['2026-11-21 0', '2026-11-22 0']);
});

it('forgets that a part changed only when it did not change again, also after a restart', async () => {
  const folder = tempFolder();
  const before = historyOver(await openSupervisorStore(folder));
  await before.append(incoming('A', TODAY));
  const { number } = await renderPart(before.store, part(0), ORIGIN);
  await before.append(incoming('B', TODAY));
  expect(partWritten(before.store, { ...part(0), number })).toEqual([]);
  const again = await renderPart(before.store, part(0), ORIGIN);
  await before.store.close();

  const after = historyOver(closing(await openSupervisorStore(folder)));
  await after.append(incoming('C', TODAY));
  expect(partWritten(after.store, { ...part(0), number: again.number })).toEqual([]);
  const last = await renderPart(after.store, part(0), ORIGIN);
  expect(last.number).toBeGreaterThan(again.number);
  await after.store.commit(partWritten(after.store, { ...part(0), number: last.number }));
  expect(marks(after.store)).toEqual([]);
});

it('never says of a message being committed that it is in the file', async () => {
  const { store, history, append } = await setUpHistory();
  await append(incoming('A', TODAY));
  const committing = store.commit(history.append('s', incoming('B', TODAY)));
  const { body = Buffer.alloc(0), number } = await renderPart(store, part(0), ORIGIN);
  await committing;
  const missing = readPart(body).messages.length === 1;
  expect(partWritten(store, { ...part(0), number })).toHaveLength(missing ? 0 : 1);
});

it('restores from its files every row it had, however often', async () => {
  const { store, history, append } = await setUpHistory();
  const full = { chatAlt: '1@lid', fromAlt: '2@lid', pushName: 'Anna "\u{1f600}" \ud800', raw: 'AAEC', content: null, type: 'image' };
  const more = { details: { bytes: 5 }, quoted: { messageId: 'B', content: null }, mentions: ['1@lid'], forwarded: 2 };
  const changed = { editedAt: TODAY + 2_345, editId: 'E', revokedAt: TODAY + 3_456 };
  await append(
    incoming('A', TODAY + 1_234, { ...full, ...more, ...changed }),
    outgoing('B', TODAY),
    incoming('C', TODAY, { type: 'undecryptable', content: null }),
  );
  await append(incoming('C', TODAY + 3_000), incoming('x'.repeat(300), TODAY - DAY_MS));
  await store.commit(history.advance('s', 'B', 'read'));
  const other = closing(await openSupervisorStore(tempFolder()));
  for (const one of [...changedParts(store)]) {
    const { body = Buffer.alloc(0) } = await renderPart(store, one, ORIGIN);
    expect(body.toString()).toMatch(
      new RegExp(`^{"sessionId":"s","date":"${one.day}","part":0,"generation":7,"workerId":"w","messages":\\[{"id":`),
    );
    await other.commit(restoreWrites(readPart(body)));
    await other.commit(restoreWrites(readPart(body)));
  }
  for (const table of [TABLES.messages, TABLES.messageIndex, TABLES.messageParts])
    expect(rowsIn(other, table)).toEqual(rowsIn(store, table));
});

it('refuses a file that is damaged, cut or of another shape', async () => {
  const { store, append } = await setUpHistory();
  await append(incoming('A', TODAY));
  const { body = Buffer.alloc(0) } = await renderPart(store, part(0), ORIGIN);
  for (const wrong of ['', '{}', body.toString().slice(0, -1), body.toString().replace('text of A', 'text of B')]) {
    expect(() => readPart(Buffer.from(wrong))).toThrow(expect.objectContaining({ name: 'DamagedError' }) as Error);
  }
});

it.each([0, 1, 3, 5, 6])(
  'brings a store of version 1 to days and parts, also when it was stopped after %i batches',
  async (stoppedAfter) => {
    const folder = tempFolder();
    const tables = ['messages', 'messageIndex', 'messageCounts', 'sessions', 'intents', 'idempotency', 'spawns'];
    const old = await openStore(folder, { version: 1, tables, sealed: [], tracked: [], migrations: {} }, { track: false });
    const messages = Array.from({ length: 3_000 }, (_, index) => {
      const at = TODAY + ((index * 7_919) % 3) * DAY_MS + index * 100;
      return (index % 5 === 0 ? outgoing : incoming)(`A${index}`, at, { content: 'x'.repeat(1_000) });
    });
    await old.commit([
      ...rowsOfVersion1(messages),
      { table: TABLES.messageCounts, key: ['s'], value: { total: messages.length, n: messages.length } },
    ]);
    await old.close();

    let batches = 0;
    const interrupted = {
      ...SUPERVISOR_SCHEMA,
      migrations: {
        *2(store: Store) {
          for (const batch of migrateDays(store)) {
            if (batches++ === stoppedAfter) throw new Error('stopped');
            yield batch;
          }
        },
      },
    };
    await expect(openStore(folder, interrupted, { track: false })).rejects.toThrow('stopped');
    const { store, history, append } = historyOver(closing(await openSupervisorStore(folder)));
    expect(batches).toBe(stoppedAfter + 1);
    const days = rowsIn(store, TABLES.messageDays) as [unknown, MessageDay][];
    expect(days.map(([, { count, part: last }]) => [count, last])).toEqual([
      [1_000, 9],
      [1_000, 9],
      [1_000, 9],
    ]);
    const files = [];
    for (const changed of changedParts(store)) files.push(readPart((await renderPart(store, changed, ORIGIN)).body ?? Buffer.alloc(0)));
    expect(files.flatMap((file) => file.messages.map(({ message }) => message.id)).sort()).toEqual(messages.map(({ id }) => id).sort());
    await append(...messages.slice(0, 20));
    await store.commit(history.advance('s', 'A0', 'sent'));
    const page = await history.page('s', { limit: 10_000, offset: 0 });
    expect([page.total, page.messages.length]).toEqual([3_000, 3_000]);
    expect(page.messages.find(({ id }) => id === 'A0')?.status).toBe('sent');
  },
);
