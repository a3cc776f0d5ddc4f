/** Sessions of one runner, unless it was set: an end of one takes away half of the sessions at most, and never more than are back within a minute. */
const ROOM = { least: 25, most: 500 };
export const defaultRoom = (maxSessions: number): number => Math.min(ROOM.most, Math.max(ROOM.least, Math.ceil(maxSessions / 2)));

/**
 * The slot for a session that has none: the lowest one with room, so that few runners run. Slots have no upper number; how many
 * sessions a worker takes is decided when they are created.
 * @param occupied sessions per slot
 */
export const chooseSlot = (occupied: ReadonlyMap<number, number>, roomPerSlot: number): number => {
  let slot = 0;
  while ((occupied.get(slot) ?? 0) >= roomPerSlot) slot++;
  return slot;
};
