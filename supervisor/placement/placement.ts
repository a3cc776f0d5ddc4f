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
