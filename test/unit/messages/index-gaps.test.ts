import { beforeEach, expect, it } from 'vitest';
import { indexGaps, wholeIndexGap } from '../../../supervisor/messages/index-gaps.js';
import { RemoteHistory } from '../../../supervisor/messages/remote-history.js';
import { newSession, TABLES } from '../../../supervisor/supervisor-store.js';
import { eventually } from '../../fixtures/eventually.js';
import { silent } from '../shared/logged.js';
import { DAY_MS, evict, incoming, outgoing, setUpHistory, TODAY, type HistorySetting } from './history-setting.js';

const MESSAGES = 1_000;
const idOf = (n: number): string => `M${n}`;
const messageOf = (n: number) => (n % 2 === 0 ? incoming : outgoing)(idOf(n), TODAY - (1 + (n % 3)) * DAY_MS + n * 1_000);

let setting: HistorySetting;
/** History as it comes back: three days that are only in the object store, of which nothing is known by its id. */
beforeEach(async () => {
  setting = await setUpHistory();
  const { store, append, ship } = setting;
  await store.commit([{ table: TABLES.sessions, key: ['s'], value: newSession('s', TODAY) }]);
  await append(...Array.from({ length: MESSAGES }, (_, n) => messageOf(n)), incoming('?', TODAY - DAY_MS, { type: 'undecryptable' }));
  await ship();
  for (const day of ['2026-11-19', '2026-11-20', '2026-11-21']) await evict(store, day);
  await store.commit([...store.range(TABLES.messageIndex)].map(({ key }) => ({ table: TABLES.messageIndex, key, value: undefined })));
  await store.commit([wholeIndexGap('s')]);
});

const isOpen = (): boolean => setting.store.get(TABLES.indexGaps, ['s']) !== undefined;
const backfill = (retryMs = 60_000) => {
  const { store, objects } = setting;
  return indexGaps({ store, remote: new RemoteHistory({ store, objects, log: silent }), log: silent, retryMs });
};

it('finds every message of before by its id again, and knows it when it comes again', async () => {
  const { history } = setting;
  await expect(history.findIndexed('s', idOf(7))).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', retryAfterSeconds: 5 });
  const gaps = backfill();
  gaps.start();
  await eventually(() => !isOpen(), 'the end of it');
  await gaps.stop();
  for (let n = 0; n < MESSAGES; n++) expect((await history.findIndexed('s', idOf(n)))?.timestamp).toBe(messageOf(n).timestamp);
  expect(history.append('s', messageOf(6))).toEqual([]);
  expect(await history.findIndexed('s', '?')).toBeUndefined();
});

it('goes on where it was stopped, and leaves the places of messages that are here', async () => {
  const { store, history, append } = setting;
  await append(incoming('late', TODAY - 2 * DAY_MS), messageOf(0));
  const place = store.get(TABLES.messageIndex, ['s', 'in', messageOf(0).from, idOf(0)]);
  const commit = store.commit.bind(store);
  let commits = 0;
  store.commit = async (...given) => {
    if (++commits > 3) throw new Error('killed');
    return commit(...given);
  };
  const first = backfill();
  first.start();
  await eventually(() => commits > 3, 'a few steps');
  await first.stop();
  store.commit = commit;
  expect(isOpen()).toBe(true);
  const second = backfill();
  second.start();
  await eventually(() => !isOpen(), 'the end of it');
  await second.stop();
  for (let n = 0; n < MESSAGES; n++) expect(await history.findIndexed('s', idOf(n))).toBeDefined();
  expect((await history.findIndexed('s', 'late'))?.id).toBe('late');
  expect(store.get(TABLES.messageIndex, ['s', 'in', messageOf(0).from, idOf(0)])).toEqual(place);
});

it('tries again while the object store is away', async () => {
  const { objects } = setting;
  const get = objects.get.bind(objects);
  let failures = 3;
  objects.get = async (key) => {
    if (failures-- > 0) throw new Error('away');
    return get(key);
  };
  const gaps = backfill(1);
  gaps.start();
  await eventually(() => !isOpen(), 'the end of it');
  await gaps.stop();
  expect(failures).toBeLessThan(0);
});
