import { expect, test } from 'vitest';
import { PresenceTeller, type ToldPresence } from '../../../session-runner/queries/presence-teller.js';
import { eventually } from '../../fixtures/eventually.js';
import type { Person } from '../../../shared/ipc/queries/person.js';

const ANN = '6281200000001@s.whatsapp.net';
const GROUP = '1-2@g.us';

const setUp = (personOf: (jid: string) => Promise<Person> = async (jid) => Promise.resolve({ jid })) => {
  const told: ToldPresence[] = [];
  const teller = new PresenceTeller({ personOf, tell: (one) => told.push(one) });
  const hear = (who: string, state: 'composing' | 'available', chat = who): void => {
    teller.hear([{ chat, who, presence: { state, at: 1 } }]);
  };
  return { told, teller, hear };
};

test('nothing is told before somebody wants it, nor after', async () => {
  const { told, teller, hear } = setUp();
  hear(ANN, 'composing');
  teller.turn(true);
  hear(ANN, 'available');
  await eventually(() => told.length === 1, 'it is told');
  hear(ANN, 'composing');
  teller.turn(false);
  await new Promise(setImmediate);
  expect(told.map(({ presence }) => presence.state)).toEqual(['available']);
});

test('people are told of by both names, and groups by their own', async () => {
  const { told, teller, hear } = setUp(async (jid) => Promise.resolve({ jid: ANN, lid: jid }));
  teller.turn(true);
  hear('1@lid', 'composing');
  hear('1@lid', 'composing', GROUP);
  await eventually(() => told.length === 2, 'both are told');
  expect(told.map(({ chat, who }) => [chat, who])).toEqual([
    [ANN, { jid: ANN, lid: '1@lid' }],
    [GROUP, { jid: ANN, lid: '1@lid' }],
  ]);
});

test('while it looks somebody up, only the newest of each other waits, and of so many', async () => {
  let find: (person: Person) => void = () => undefined;
  const found = new Promise<Person>((resolve) => (find = resolve));
  const { told, teller, hear } = setUp(async (jid) => (jid === ANN ? found : Promise.resolve({ jid })));
  teller.turn(true);
  hear(ANN, 'composing');
  for (let number = 0; number < 3_000; number++) hear(`${number}@lid`, 'composing', GROUP);
  hear('2998@lid', 'available', GROUP);
  find({ jid: ANN });
  await eventually(() => told.at(-1)?.who.jid === '2998@lid', 'the last is told');
  expect(told.length).toBe(1_001);
  expect(told.slice(-2).map(({ who, presence }) => [who.jid, presence.state])).toEqual([
    ['2999@lid', 'composing'],
    ['2998@lid', 'available'],
  ]);
});

test('who cannot be looked up is told of by the name that came', async () => {
  const { told, teller, hear } = setUp(async () => Promise.reject(new Error('no such thing')));
  teller.turn(true);
  hear('1@lid', 'composing', GROUP);
  await eventually(() => told.length === 1, 'it is told');
  expect(told[0]).toMatchObject({ chat: GROUP, who: { jid: '1@lid' } });
});
