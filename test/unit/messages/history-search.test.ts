import { expect, it } from 'vitest';
import { cursorOf, positionOf } from '../../../supervisor/messages/cursor.js';
import type { HistoryFilter } from '../../../supervisor/messages/history-filter.js';
import { searchBack, SEARCH_LIMITS } from '../../../supervisor/messages/history-page.js';
import { ANNA, DAY_MS, evict, incoming, outgoing, setUpHistory, TODAY } from './history-setting.js';

const BEN = '6289876543210@s.whatsapp.net';
const LID = '100000000000009@lid';

const search = async (filter: HistoryFilter): Promise<string[]> => {
  const { history, append } = await setUpHistory();
  await append(
    incoming('a1', TODAY),
    outgoing('a2', TODAY + 1_000, { status: 'read' }),
    incoming('b1', TODAY + 2_000, { chat: BEN, chatAlt: LID, from: BEN, type: 'image' }),
    outgoing('b2', TODAY + DAY_MS, { chat: BEN, to: BEN, status: 'sent' }),
  );
  return (await history.page('s', { limit: 10, filter })).messages.map(({ id }) => id);
};

it.each<[string, HistoryFilter, string[]]>([
  ['a chat', { chat: ANNA }, ['a2', 'a1']],
  ['the other address of a chat', { chat: LID }, ['b1']],
  ['received', { direction: 'in' }, ['b1', 'a1']],
  ['sent', { direction: 'out' }, ['b2', 'a2']],
  ['a type', { type: 'image' }, ['b1']],
  ['a status', { status: 'read' }, ['a2']],
  ['since, which counts', { since: TODAY + 1_000 }, ['b2', 'b1', 'a2']],
  ['until, which does not', { until: TODAY + 1_000 }, ['a1']],
  ['everything together', { chat: BEN, direction: 'out', type: 'text', status: 'sent', since: TODAY, until: TODAY + 2 * DAY_MS }, ['b2']],
  ['what there is not', { type: 'poll' }, []],
])('finds by %s', async (_, filter, ids) => {
  expect(await search(filter)).toEqual(ids);
});

it('looks at a bounded number of messages, says how many, and goes on where it stopped', async () => {
  const { store, append } = await setUpHistory();
  await append(incoming('first', TODAY, { type: 'poll' }), ...Array.from({ length: 700 }, (_, n) => incoming(`m${n}`, TODAY + 1_000 + n)));
  const walk = { store, remote: undefined, sessionId: 's', before: undefined };
  const limits = { ...SEARCH_LIMITS, messages: 300 };
  const one = await searchBack(walk, { type: 'poll' }, 10, limits);
  expect(one).toMatchObject({ messages: [], looked: 400 });
  const two = await searchBack({ ...walk, before: one.next }, { type: 'poll' }, 10, limits);
  expect(two.messages.map(({ id }) => id)).toEqual(['first']);
  expect(two).toMatchObject({ looked: 301, next: undefined });
});

it('does not look at days after `until`, nor at any before `since`', async () => {
  const { store, history, append } = await setUpHistory();
  await append(...[0, 1, 2, 3].map((day) => incoming(`d${day}`, TODAY + day * DAY_MS)));
  const filter = { since: TODAY + DAY_MS, until: TODAY + 2 * DAY_MS };
  expect(await history.page('s', { limit: 10, filter })).toMatchObject({ messages: [{ id: 'd1' }], looked: 1, next: undefined });
  expect(await searchBack({ store, remote: undefined, sessionId: 's', before: undefined }, filter, 10)).toMatchObject({ looked: 1 });
});

it('says that there is no more when there is none', async () => {
  const { history, append } = await setUpHistory();
  await append(incoming('a', TODAY), incoming('b', TODAY + 1), incoming('c', TODAY + DAY_MS));
  const first = await history.page('s', { limit: 2 });
  expect(first.messages.map(({ id }) => id)).toEqual(['c', 'b']);
  const second = await history.page('s', { limit: 1, before: first.next });
  expect(second).toMatchObject({ messages: [{ id: 'a' }], next: undefined });
  expect((await history.page('s', { limit: 3 })).next).toBeUndefined();
});

it('keeps the place of a page while messages come in', async () => {
  const { history, append } = await setUpHistory();
  await append(incoming('a', TODAY), incoming('b', TODAY + 1_000));
  const first = await history.page('s', { limit: 1 });
  await append(incoming('c', TODAY + 2_000), incoming('late', TODAY - DAY_MS));
  expect((await history.page('s', { limit: 5, before: first.next })).messages.map(({ id }) => id)).toEqual(['a', 'late']);
});

it('finds a message by its id: its own first, then the newest of any sender, or that of the one who is named', async () => {
  const { store, objects, history, append, ship } = await setUpHistory();
  await append(
    incoming('x', TODAY, { content: 'old' }),
    incoming('x', TODAY + 5_000, { from: BEN, chat: BEN, content: 'new' }),
    outgoing('own', TODAY),
    incoming('own', TODAY, { content: 'a namesake' }),
  );
  const check = async (): Promise<void> => {
    expect(await history.find('s', 'x')).toMatchObject({ content: 'new' });
    expect(await history.find('s', 'x', ANNA)).toMatchObject({ content: 'old' });
    expect(await history.find('s', 'own')).toMatchObject({ fromMe: true });
    expect(await history.find('s', 'own', ANNA)).toMatchObject({ content: 'a namesake' });
    expect(await history.find('s', 'nothing')).toBeUndefined();
    expect(await history.find('t', 'x')).toBeUndefined();
  };
  await check();
  await ship();
  await evict(store, '2026-11-22');
  await check();
  expect(objects.bodies.size).toBe(1);
});

it('takes back the cursors it gives, and nothing else', () => {
  for (const position of [
    [0, 1],
    [1_795_364_353, 17],
    [253_402_300_799, 999_999_999],
  ] as const) {
    expect(positionOf(cursorOf(position))).toEqual(position);
  }
  for (const text of [
    '',
    'x',
    '1.2',
    cursorOf([1, 2]) + '=',
    Buffer.from('1.2.3').toString('base64url'),
    Buffer.from('01.2').toString('base64url'),
    Buffer.from('-1.2').toString('base64url'),
  ]) {
    expect(positionOf(text)).toBeUndefined();
  }
});
