import { expect, it } from 'vitest';
import { KEYS } from '../../../shared/object-store/keys.js';
import { evictWrites } from '../../../supervisor/messages/eviction.js';
import { renderPart } from '../../../supervisor/messages/message-file.js';
import { openSupervisorStore, TABLES, type MessageDay } from '../../../supervisor/supervisor-store.js';
import { captureLog } from '../shared/logged.js';
import { closing, rowsIn, tempFolder } from '../store/temp-store.js';
import { DAY_MS, evict, historyOver, incoming, outgoing, setUpHistory, TODAY, type HistorySetting } from './history-setting.js';

const DAY = '2026-11-22';

/** 900 messages of one day in several files, the newest `M899`. */
const fill = async ({ append }: HistorySetting): Promise<void> => {
  const messages = Array.from({ length: 900 }, (_, index) => incoming(`M${index}`, TODAY + index * 60_000, { content: 'x'.repeat(5_000) }));
  await append(...messages);
};
const shippedDay = async (setting: HistorySetting): Promise<HistorySetting> => {
  await fill(setting);
  await setting.ship();
  return setting;
};
const names = (from: number, count: number): string[] => Array.from({ length: count }, (_, index) => `M${from - index}`);

it('keeps a day that the object store does not have as it is', async () => {
  const setting = await setUpHistory();
  await fill(setting);
  await evict(setting.store, DAY);
  expect(rowsIn(setting.store, TABLES.messages)).toHaveLength(900);
  await setting.ship();
  await setting.append(incoming('late', TODAY));
  await evict(setting.store, DAY);
  expect(rowsIn(setting.store, TABLES.messages)).toHaveLength(901);
});

it('shows what is only in the object store like everything else, and fetches no more than the files of the page', async () => {
  const { store, objects, ids, history } = await shippedDay(await setUpHistory());
  await evict(store, DAY);
  expect([rowsIn(store, TABLES.messages), rowsIn(store, TABLES.messageParts)]).toEqual([[], []]);
  const parts = objects.bodies.size;
  expect(parts).toBeGreaterThan(4);
  expect(await ids(3, 0)).toEqual(names(899, 3));
  expect(objects.asked).toEqual([KEYS.messagePart('s', DAY, parts - 1)]);
  expect(await ids(3, 897)).toEqual(names(2, 3));
  expect(objects.asked.slice(1)).toEqual([KEYS.messagePart('s', DAY, 0)]);
  expect(await ids(1_000)).toEqual(names(899, 900));
  expect((await history.page('s', { limit: 1, offset: 5_000 })).total).toBe(900);
});

it('asks the object store nothing for days that are here, and nothing twice in a row', async () => {
  const { store, objects, ids, append } = await shippedDay(await setUpHistory());
  await evict(store, DAY);
  await append(...Array.from({ length: 5 }, (_, index) => incoming(`N${index}`, TODAY + DAY_MS + index * 1_000)));
  objects.away = true;
  expect(await ids(5)).toEqual(['N4', 'N3', 'N2', 'N1', 'N0']);
  expect(objects.asked).toEqual([]);
  objects.away = false;
  expect(await ids(2, 4)).toEqual(['N0', 'M899']);
  expect(await ids(2, 4)).toEqual(['N0', 'M899']);
  expect(objects.asked).toHaveLength(1);
});

it('says that older days cannot be read while the object store is away, and reads them when it is back', async () => {
  const { store, objects, ids } = await shippedDay(await setUpHistory());
  await evict(store, DAY);
  objects.away = true;
  await expect(ids(5)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', retryAfterSeconds: 10 });
  objects.away = false;
  expect(await ids(2)).toEqual(names(899, 2));
});

it.each(['damaged', 'missing', 'of another day'])(
  'leaves out the messages of a file that is %s, names it in the log, and shows the others in their places',
  async (how) => {
    const { log, lines } = captureLog();
    const { store, objects, ids, history } = await shippedDay(await setUpHistory(log));
    await evict(store, DAY);
    const key = KEYS.messagePart('s', DAY, 1);
    const other = objects.bodies.get(KEYS.messagePart('s', DAY, 2));
    const lost = rowsIn(store, TABLES.partSpans)[1]?.[1] as { count: number; oldest: number[]; newest: number[] };
    if (how === 'damaged') await objects.put(key, Buffer.from(String(objects.bodies.get(key)?.body).replace('M', 'N')));
    else if (how === 'missing') await objects.delete([key]);
    else await objects.put(key, other?.body ?? Buffer.alloc(0));
    const first = (lost.oldest[1] ?? 0) - 1;
    const shown = await ids();
    expect(shown).toEqual(names(899, 900).filter((_, index) => 899 - index < first || 899 - index >= first + lost.count));
    expect(await ids(4, 899 - first)).toEqual(names(first - 1, 3));
    expect((await history.page('s', { limit: 1, offset: 0 })).total).toBe(900);
    expect(lines()).toContainEqual(expect.objectContaining({ level: 'error', key }));
  },
);

it('learns what files hold from the files when another worker evicted the day', async () => {
  const { store, objects, ids } = await shippedDay(await setUpHistory());
  await evict(store, DAY);
  await store.commit(rowsIn(store, TABLES.partSpans).map(([key]) => ({ table: TABLES.partSpans, key, value: undefined })));
  expect(await ids(3, 450)).toEqual(names(449, 3));
  const asked = objects.asked.length;
  expect(await ids(3, 450)).toEqual(names(449, 3));
  expect(await ids(3, 880)).toEqual(names(19, 3));
  expect(objects.asked.length).toBeLessThanOrEqual(asked + 2);
});

it.each([1, 2, 5])(
  'counts and shows every message once when the worker dies after %i commits of an eviction, and ends it later',
  async (commits) => {
    const folder = tempFolder();
    const before = await shippedDay(historyOver(await openSupervisorStore(folder)));
    await evict(before.store, DAY, commits);
    expect(rowsIn(before.store, TABLES.messages).length).toBeGreaterThan(300);
    await before.store.close();

    const after = historyOver(closing(await openSupervisorStore(folder)), before.objects);
    expect(await after.ids()).toEqual(names(899, 900));
    await after.append(incoming('late', TODAY + 1_000), incoming('M5', TODAY));
    expect(await after.ids(2, 899)).toEqual(['late', 'M0']);
    await after.ship();
    await evict(after.store, DAY);
    expect(rowsIn(after.store, TABLES.messages)).toEqual([]);
    expect((await after.ids(2_000)).length).toBe(901);
  },
);

it('takes late messages of an evicted day into a new file, and shows them in their places', async () => {
  const setting = await shippedDay(await setUpHistory());
  const { store, objects, append, ids, ship } = setting;
  await evict(store, DAY);
  const parts = objects.bodies.size;
  await append(incoming('late', TODAY + 450 * 60_000), incoming('newest', TODAY + DAY_MS - 1_000));
  expect(await ids(3, 450)).toEqual(['late', 'M450', 'M449']);
  await ship();
  expect(objects.bodies.size).toBe(parts + 1);
  await evict(store, DAY);
  expect(rowsIn(store, TABLES.messages)).toEqual([]);
  expect(await ids(3, 450)).toEqual(['late', 'M450', 'M449']);
  expect(await ids(2)).toEqual(['newest', 'M899']);
  expect(store.get<MessageDay>(TABLES.messageDays, ['s', DAY])).toMatchObject({ count: 902, remoteParts: parts + 1, part: parts + 1 });
});

it.each([1, Infinity])('knows a message of an evicted day that comes again, and drops what is told of its status', async (commits) => {
  const { store, history, append, ids, ship } = await setUpHistory();
  await append(incoming('A', TODAY), outgoing('B', TODAY));
  await ship();
  await evict(store, DAY, commits);
  await append(incoming('A', TODAY));
  expect(history.advance('s', 'B', 'read')).toEqual([]);
  expect(await ids()).toEqual(['B', 'A']);
});

it('never writes what an interrupted eviction left as if it were the whole file', async () => {
  const { store } = await shippedDay(await setUpHistory());
  await evict(store, DAY, 2);
  expect(rowsIn(store, TABLES.messages).length).toBeGreaterThan(0);
  for (const part of [0, 1, 2]) {
    expect(await renderPart(store, { sessionId: 's', day: DAY, part }, { workerId: 'w', generation: 1 })).toEqual({
      body: undefined,
      number: 0,
    });
  }
});

it('adds the message itself when its placeholder was evicted', async () => {
  const { store, append, ids, ship } = await setUpHistory();
  const placeholder = incoming('A', TODAY, { type: 'undecryptable', content: null });
  await append(placeholder, incoming('B', TODAY));
  await ship();
  // Interrupted, so that the placeholder still lies here.
  await evict(store, DAY, 1);
  await append(incoming('A', TODAY));
  await evict(store, DAY);
  await append(incoming('A', TODAY));
  expect(await ids()).toEqual(['A', 'B', 'A']);
});

it.each([false, true])('evicts nothing when a message comes while it looks, written to the object store at once: %s', async (shipped) => {
  const { store, append, ship } = await shippedDay(await setUpHistory());
  const steps = evictWrites(store, 's', DAY);
  steps.next();
  await append(incoming('late', TODAY));
  if (shipped) await ship();
  for (const batch of { [Symbol.iterator]: () => steps }) await store.commit(batch);
  expect(rowsIn(store, TABLES.messages)).toHaveLength(901);
  expect(store.get<MessageDay>(TABLES.messageDays, ['s', DAY])?.remoteParts).toBe(0);
});

it('brings nothing back of a session that is deleted meanwhile', async () => {
  const { store } = await shippedDay(await setUpHistory());
  let committed = 0;
  for (const batch of evictWrites(store, 's', DAY)) {
    await store.commit(batch);
    if (batch.length > 0 && ++committed === 2) await store.commit([{ table: TABLES.messageDays, key: ['s', DAY], value: undefined }]);
  }
  expect(committed).toBe(2);
  expect(rowsIn(store, TABLES.messageDays)).toEqual([]);
});
