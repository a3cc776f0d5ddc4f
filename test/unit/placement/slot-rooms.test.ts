import { expect, it } from 'vitest';
import { SlotRooms } from '../../../supervisor/placement/slot-rooms.js';
import { newSession, type SessionRow } from '../../../supervisor/supervisor-store.js';

const roomsOf = (slots: readonly (number | undefined)[]): SlotRooms => {
  const rows = slots.map((slot, n): SessionRow => ({ ...newSession(`s${n}`, 0), slot }));
  return new SlotRooms({
    registry: { rows: () => rows, find: (sessionId) => rows.find((row) => row.sessionId === sessionId) },
    perSlot: 2,
    slots: 4,
  });
};

it('gives a new session the lowest slot with room', () => {
  expect(roomsOf([]).forNew()).toBe(0);
  expect(roomsOf([0, 0, 1, undefined]).forNew()).toBe(1);
});

it('gives it the slot where one of its name lived, unless that is full or shut', () => {
  expect(roomsOf([0]).forNew({}, 2)).toBe(2);
  expect(roomsOf([0, 2, 2]).forNew({}, 2)).toBe(0);
  const rooms = roomsOf([0]);
  const open = rooms.shut([2]);
  expect(rooms.forNew({}, 2)).toBe(0);
  open();
  expect(rooms.forNew({}, 2)).toBe(2);
});

it('never gives a new session a place for one that is to be alone', () => {
  expect(roomsOf([0]).forNew({}, 4)).toBe(0);
  expect(roomsOf([0]).forNew({ suspect: { deaths: [], isolated: true } })).toBe(4);
});
