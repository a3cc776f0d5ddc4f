import { expect, it } from 'vitest';
import { KEYS } from '../../../shared/object-store/keys.js';
import { historyOf, type HistorySource } from '../../../supervisor/transfer/session-history.js';
import { evict, incoming, outgoing, setUpHistory, TODAY } from '../messages/history-setting.js';

const DAY_MS = 24 * 60 * 60_000;
const MINUTE_MS = 60_000;

const read = async (source: HistorySource): Promise<[string, string[]][]> => {
  const days: [string, string[]][] = [];
  for await (const { day, messages } of historyOf(source, 's')) days.push([day, messages.map(({ message }) => message.id)]);
  return days;
};

it('has every day, whether it is here, only in the object store, or both', async () => {
  const { store, objects, append, ship } = await setUpHistory();
  const yesterday = TODAY - DAY_MS;
  await append(incoming('a', yesterday + MINUTE_MS), outgoing('c', yesterday + 3 * MINUTE_MS));
  await ship();
  await evict(store, '2026-11-21');
  await append(incoming('b', yesterday + 2 * MINUTE_MS), incoming('d', TODAY));
  const whole: [string, string[]][] = [
    ['2026-11-21', ['a', 'b', 'c']],
    ['2026-11-22', ['d']],
  ];
  expect(await read({ reader: store, objects: async () => Promise.resolve(objects) })).toEqual(whole);

  // An eviction that was stopped left rows of what is in the object store.
  await ship();
  await evict(store, '2026-11-21', 1);
  expect(await read({ reader: store, objects: async () => Promise.resolve(objects) })).toEqual(whole);
});

it('is refused rather than given away incomplete', async () => {
  const { store, objects, append, ship } = await setUpHistory();
  await append(incoming('a', TODAY));
  await ship();
  await evict(store, '2026-11-22');
  await expect(read({ reader: store, objects: async () => Promise.resolve(undefined) })).rejects.toThrow('set MINIO_ENDPOINT');
  const key = KEYS.messagePart('s', '2026-11-22', 0);
  const { body = Buffer.alloc(0) } = objects.bodies.get(key) ?? {};
  await objects.put(key, body.subarray(1));
  await expect(read({ reader: store, objects: async () => Promise.resolve(objects) })).rejects.toThrow(
    `${key} with its messages is damaged`,
  );
  objects.bodies.clear();
  await expect(read({ reader: store, objects: async () => Promise.resolve(objects) })).rejects.toThrow(
    `${key} with its messages is missing`,
  );
});
