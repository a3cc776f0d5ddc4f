import { cpSync } from 'node:fs';
import { expect, it } from 'vitest';
import { supervisorFolder } from '../../../supervisor/data-folders.js';
import { chooseSlot } from '../../../supervisor/placement/placement.js';
import { emptySlots } from '../../../supervisor/placement/relocate.js';
import { openSupervisorStore } from '../../../supervisor/supervisor-store.js';
import { silent } from '../shared/logged.js';
import { tempFolder } from '../store/temp-store.js';
import { contentsOf, holds, makeWorld, runChild } from './slot-world.js';

/** `stays` lives in slot 0; `moves` and `too` in slot 3, which is beyond; `gone` has rows and no session. */
const world = async (): Promise<string> => makeWorld({ stays: 0, moves: 3, too: 3 }, { 0: ['stays'], 3: ['moves', 'too', 'gone'] });
const relocate = async (dataDir: string, killedAt: number): Promise<string | null> => runChild('relocating-child', dataDir, killedAt);

const MOVED = {
  homes: { stays: [0, 4], moves: [0, 5], too: [1, 5] },
  slots: [holds('moves', 'stays'), holds('too'), holds()],
};

it('moves sessions with all they have to slots with room, and clears the slot they leave', async () => {
  const dataDir = await world();
  expect(await relocate(dataDir, 0)).toBeNull();
  expect(await contentsOf(dataDir, [0, 1, 3])).toEqual(MOVED);
  expect(await relocate(dataDir, 1)).toBeNull();
});

it('ends in the same way after a kill before any of its steps', { timeout: 300_000 }, async () => {
  const untouched = await world();
  let killed = 0;
  for (let step = 1; ; step++) {
    const dataDir = tempFolder();
    cpSync(untouched, dataDir, { recursive: true });
    const signal = await relocate(dataDir, step);
    if (signal === null) break;
    expect(signal).toBe('SIGKILL');
    killed++;
    expect(await relocate(dataDir, 0)).toBeNull();
    expect(await contentsOf(dataDir, [0, 1, 3])).toEqual(MOVED);
  }
  expect(killed).toBeGreaterThan(10);
});

it('leaves a session where it is when it may stay beyond the slots in use', async () => {
  const dataDir = await makeWorld({ stays: 0, moves: 3, too: 4 }, { 0: ['stays'], 3: ['moves'], 4: ['too'] });
  const store = await openSupervisorStore(supervisorFolder(dataDir));
  const asked: [string, number][] = [];
  await emptySlots({
    ...{ store, dataDir, slots: 2, cipher: undefined, track: false, log: silent },
    chooseSlot: (occupied) => chooseSlot(occupied, 2),
    stays: ({ sessionId }, inSlot) => {
      asked.push([sessionId, inSlot]);
      return sessionId === 'too';
    },
  });
  await store.close();
  expect(asked.sort()).toEqual([
    ['moves', 1],
    ['too', 1],
  ]);
  expect(await contentsOf(dataDir, [0, 3, 4])).toMatchObject({
    homes: { stays: [0, 4], moves: [0, 5], too: [4, 4] },
    slots: [{ creds: ['moves', 'stays'] }, { creds: [] }, { creds: ['too'] }],
  });
});
