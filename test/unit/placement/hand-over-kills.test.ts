import { cpSync } from 'node:fs';
import { expect, it } from 'vitest';
import { tempFolder } from '../store/temp-store.js';
import { contentsOf, holds, makeWorld, runChild } from './slot-world.js';

const world = async (): Promise<string> => makeWorld({ moves: 0, stays: 0, too: 1 }, { 0: ['moves', 'stays'], 1: ['too'] });
const handOver = async (dataDir: string, killedAt: number): Promise<string | null> => runChild('handing-over-child', dataDir, killedAt);
/** What the next start does. */
const cleanUp = async (dataDir: string): Promise<string | null> => runChild('relocating-child', dataDir, 0);

/** The spool of the old slot is shipped by its runner, whoever has it, too. */
const once = <T extends { slots: { spool: string[] }[] }>(contents: T): T => {
  for (const slot of contents.slots) slot.spool = [...new Set(slot.spool)];
  return contents;
};
const STAYED = { homes: { moves: [0, 4], stays: [0, 4], too: [1, 4] }, slots: [holds('moves', 'stays'), holds('too')] };
const MOVED = { homes: { moves: [1, 5], stays: [0, 4], too: [1, 4] }, slots: [holds('stays'), holds('moves', 'too')] };
const spooled = (...slots: [string[], string[]]) => slots.map((ids) => ids.flatMap((id) => [`${id}-1`, `${id}-2`]).sort());

it('copies a session with all it has, tells the object store of the copy, and leaves nothing but the spool behind', async () => {
  const dataDir = await world();
  expect(await handOver(dataDir, 0)).toBeNull();
  const { homes, slots } = await contentsOf(dataDir, [0, 1]);
  expect(homes).toEqual(MOVED.homes);
  const [left, came] = slots;
  expect({ ...left, spool: [] }).toEqual({ ...holds('stays'), spool: [] });
  expect(came).toEqual(holds('moves', 'too'));
  expect([left?.spool, came?.spool]).toEqual(spooled(['moves', 'stays'], ['moves', 'too']));
});

it('has one home with every row after a kill before any commit and the next start', { timeout: 300_000 }, async () => {
  const untouched = await world();
  const ends: string[] = [];
  for (let step = 1; ; step++) {
    const dataDir = tempFolder();
    cpSync(untouched, dataDir, { recursive: true });
    const signal = await handOver(dataDir, step);
    if (signal === null) break;
    expect(signal).toBe('SIGKILL');
    expect(await cleanUp(dataDir)).toBeNull();
    const contents = once(await contentsOf(dataDir, [0, 1]));
    const expected = contents.homes['moves']?.[0] === 1 ? MOVED : STAYED;
    ends.push(expected === MOVED ? 'moved' : 'stayed');
    // Records may lie in both slots: the supervisor takes each once.
    const spools = contents.slots.map(({ spool }) => spool);
    expect(spools.flat()).toEqual(expect.arrayContaining(spooled(['moves', 'stays'], ['too']).flat()));
    const withoutSpool = (slots: readonly object[]) => slots.map((slot) => ({ ...slot, spool: [] }));
    expect({ homes: contents.homes, slots: withoutSpool(contents.slots) }).toEqual({
      homes: expected.homes,
      slots: withoutSpool(expected.slots),
    });
  }
  expect(new Set(ends)).toEqual(new Set(['stayed', 'moved']));
  expect(ends.length).toBeGreaterThan(6);
});
