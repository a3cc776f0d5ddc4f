import fc from 'fast-check';
import { expect, it } from 'vitest';
import { chooseSlot, defaultRoom } from '../../../supervisor/placement/placement.js';

it.each([
  ['nothing is placed', {}, 2, 0],
  ['the first has room', { 0: 1 }, 2, 0],
  ['the first is full', { 0: 2 }, 2, 1],
  ['one in the middle has room', { 0: 2, 1: 1, 2: 2 }, 2, 1],
  ['all are full', { 0: 2, 1: 2 }, 2, 2],
  ['the first is over its room', { 0: 9 }, 2, 1],
])('chooses the lowest slot with room when %s', (_name, occupied, room, slot) => {
  expect(chooseSlot(new Map(Object.entries(occupied).map(([key, count]) => [Number(key), count])), room)).toBe(slot);
});

it('fills slots without gaps and never above their room', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 }), fc.nat({ max: 60 }), (room, sessions) => {
      const occupied = new Map<number, number>();
      for (let n = 0; n < sessions; n++) {
        const slot = chooseSlot(occupied, room);
        occupied.set(slot, (occupied.get(slot) ?? 0) + 1);
      }
      expect(occupied.size).toBe(Math.ceil(sessions / room));
      for (const count of occupied.values()) expect(count).toBeLessThanOrEqual(room);
    }),
  );
});

it.each([
  [1, 25],
  [50, 25],
  [51, 26],
  [200, 100],
  [500, 250],
  [1_000, 500],
  [1_001, 500],
  [5_000, 500],
])('a worker for %i sessions gives a runner room for %i of them', (sessions, room) => {
  expect(defaultRoom(sessions)).toBe(room);
});
