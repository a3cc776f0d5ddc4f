import { expect, test } from 'vitest';
import { PresenceBoard } from '../../../session-runner/queries/presence-board.js';

const ANN = '6281200000001@s.whatsapp.net';

test('what was heard last of somebody is known, without the device', () => {
  const board = new PresenceBoard(() => 5_000);
  board.hear({ id: ANN, presences: { [ANN]: { lastKnownPresence: 'composing' } } });
  const news = board.hear({
    id: ANN,
    presences: { '6281200000001:7@s.whatsapp.net': { lastKnownPresence: 'unavailable', lastSeen: 1_700_000_000 } },
  });
  expect(news).toEqual([{ chat: ANN, who: ANN, presence: { state: 'unavailable', lastSeen: 1_700_000_000_000, at: 5_000 } }]);
  expect([...board.of(ANN)]).toEqual([[ANN, { state: 'unavailable', lastSeen: 1_700_000_000_000, at: 5_000 }]]);
});

test('of a group each member is known apart', () => {
  const board = new PresenceBoard(() => 1);
  board.hear({ id: '1-2@g.us', presences: { '1@lid': { lastKnownPresence: 'composing' }, '2@lid': { lastKnownPresence: 'paused' } } });
  expect([...board.of('1-2@g.us')].map(([who, { state }]) => [who, state])).toEqual([
    ['1@lid', 'composing'],
    ['2@lid', 'available'],
  ]);
});

test('a flood of strangers does not make it grow without end, and who was heard of last stays', () => {
  const board = new PresenceBoard(() => 1);
  for (let number = 0; number < 5_000; number++) {
    board.hear({ id: `${number}@lid`, presences: { [`${number}@lid`]: { lastKnownPresence: 'available', lastSeen: NaN } } });
  }
  expect(board.of('0@lid').size).toBe(0);
  expect(board.of('3999@lid').size).toBe(0);
  expect(board.of('4000@lid').size).toBe(1);
  expect([...board.of('4999@lid').values()]).toEqual([{ state: 'available', at: 1 }]);
});
