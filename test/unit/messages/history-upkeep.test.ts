import { expect, it } from 'vitest';
import { historyUpkeep, type HistoryUpkeepOptions } from '../../../supervisor/messages/history-upkeep.js';
import type { RecurringWork } from '../../../supervisor/recurring-work.js';
import { TABLES } from '../../../supervisor/supervisor-store.js';
import { captureLog, silent } from '../shared/logged.js';
import { rowsIn } from '../store/temp-store.js';
import { DAY_MS, expire, incoming, setUpHistory, TODAY, type HistorySetting } from './history-setting.js';

/** A message at noon of each of the last ten days; `D0` is today's. */
const TEN = Array.from({ length: 10 }, (_, age) => incoming(`D${age}`, TODAY + DAY_MS / 2 - age * DAY_MS));
const newest = (count: number): string[] => TEN.slice(0, count).map(({ id }) => id);

const setUp = async (): Promise<HistorySetting & { upkeep: (changes: Partial<HistoryUpkeepOptions>) => RecurringWork }> => {
  const setting = await setUpHistory();
  const { store, objects } = setting;
  await store.commit([{ table: TABLES.sessions, key: ['s'], value: {} }]);
  await setting.append(...TEN);
  return {
    ...setting,
    upkeep: (changes) =>
      historyUpkeep({
        store,
        objects,
        localDays: undefined,
        retentionDays: undefined,
        log: silent,
        now: () => TODAY + DAY_MS / 2,
        ...changes,
      }),
  };
};

it('keeps the last days here and the others in the object store', async () => {
  const { store, upkeep, ship, ids } = await setUp();
  const keeper = upkeep({ localDays: 3 });
  await keeper.run();
  expect(rowsIn(store, TABLES.messages)).toHaveLength(10);
  await ship();
  await keeper.run();
  expect(rowsIn(store, TABLES.messages)).toHaveLength(4);
  expect(await ids()).toEqual(newest(10));
});

it('forgets which messages it had only when they have been away as long again, and not in its first run', async () => {
  const { store, upkeep, ship } = await setUp();
  await ship();
  const keeper = upkeep({ localDays: 3 });
  await keeper.run();
  expect(rowsIn(store, TABLES.messageIndex)).toHaveLength(10);
  await keeper.run();
  expect(rowsIn(store, TABLES.messageIndex).map(([key]) => key[3])).toEqual(newest(7));
});

it('never forgets a message that lies here, however old', async () => {
  const { store, upkeep } = await setUp();
  const keeper = upkeep({ localDays: 1 });
  await keeper.run();
  await keeper.run();
  expect(rowsIn(store, TABLES.messageIndex)).toHaveLength(10);
});

it('removes what is past retention here and in the object store, also the days that are only there', async () => {
  const { store, objects, upkeep, ship, ids, history } = await setUp();
  await ship();
  await upkeep({ localDays: 7 }).run();
  await upkeep({ retentionDays: 5 }).run();
  expect(await ids()).toEqual(newest(6));
  expect((await history.page('s', { limit: 1, offset: 0 })).total).toBe(6);
  expect([...objects.bodies.keys()]).toHaveLength(6);
  for (const table of [TABLES.messageDays, TABLES.messageParts, TABLES.messages]) expect(rowsIn(store, table)).toHaveLength(6);
  expect(rowsIn(store, TABLES.partSpans)).toEqual([]);
});

it('removes without an object store what is past retention here', async () => {
  const { store, upkeep, ids } = await setUp();
  await upkeep({ objects: undefined, retentionDays: 5 }).run();
  expect(await ids()).toEqual(newest(6));
  for (const table of [TABLES.messageDays, TABLES.changedParts]) expect(rowsIn(store, table)).toHaveLength(6);
});

it('goes on with the rest in the next run when the object store was away, and says so once', async () => {
  const { log, lines } = captureLog();
  const { objects, upkeep, ship, ids } = await setUp();
  await ship();
  const keeper = upkeep({ retentionDays: 5, log });
  objects.away = true;
  await keeper.run();
  expect(lines()).toMatchObject([{ level: 'warn' }]);
  objects.away = false;
  await keeper.run();
  expect(await ids()).toEqual(newest(6));
  expect(objects.bodies.size).toBe(6);
  expect(lines()).toHaveLength(1);
});

it.each([1, 2, 3])('ends a removal that was interrupted after %i steps, and counts right all the time', async (steps) => {
  const setting = await setUp();
  await setting.ship();
  const oldest = '2026-11-13';
  await expire(setting, oldest, steps);
  expect(await setting.ids()).toEqual(newest(9));
  expect((await setting.history.page('s', { limit: 1, offset: 0 })).total).toBe(9);
  await expire(setting, oldest);
  expect((await setting.history.page('s', { limit: 1, offset: 0 })).total).toBe(9);
  expect([...setting.objects.bodies.keys()].filter((key) => key.includes(oldest))).toEqual([]);
  expect(rowsIn(setting.store, TABLES.messageDays)).toHaveLength(9);
});

it('ends in the middle when the worker stops', async () => {
  const { store, upkeep, ship } = await setUp();
  await ship();
  const keeper = upkeep({ localDays: 1 });
  const running = keeper.run();
  await keeper.stop();
  await running;
  expect(rowsIn(store, TABLES.messages).length).toBeGreaterThan(2);
});
