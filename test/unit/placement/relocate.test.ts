import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openSlotStore, SLOT_TABLES } from '../../../shared/store/slot-store.js';
import type { Store } from '../../../shared/store/store.js';
import { openSupervisorStore, TABLES, type SessionRow } from '../../../supervisor/supervisor-store.js';
import { tempFolder } from '../store/temp-store.js';

const CHILD = fileURLToPath(new URL('../../../dist/test/fixtures/relocating-child.js', import.meta.url));
const KEYS = 600;

const sessionRow = (sessionId: string, slot: number): Partial<SessionRow> => ({ sessionId, slot, epoch: 4, paired: true, deleting: false });
const put = (table: string, key: (string | number)[], value: unknown) => ({ table, key, value });
const record = (sessionId: string, n: number) => ({
  kind: 'message',
  sessionId,
  message: { id: `${sessionId}-${n}`, text: 'x'.repeat(50) },
});

const fillSlot = async (dataDir: string, slot: number, sessions: string[]): Promise<void> => {
  const store = await openSlotStore(join(dataDir, 'runners', String(slot)), { track: true });
  for (const [index, id] of sessions.entries()) {
    await store.commit([
      put(SLOT_TABLES.creds, [id], { me: id }),
      put(SLOT_TABLES.inbox, [id, 'm', 'from', '', 0], { plain: Buffer.from(id) }),
      put(SLOT_TABLES.outgoing, [id, 'o'], { id }),
      put(SLOT_TABLES.spool, [2 * index + 1], record(id, 1)),
      put(SLOT_TABLES.spool, [2 * index + 2], record(id, 2)),
    ]);
    await store.commit(Array.from({ length: KEYS }, (_, n) => put(SLOT_TABLES.keys, [id, 'pre-key', String(n)], Buffer.from([n % 256]))));
  }
  await store.close();
};

/** `stays` lives in slot 0; `moves` and `too` in slot 3, which is beyond; `gone` has rows and no session. */
const makeWorld = async (): Promise<string> => {
  const dataDir = tempFolder();
  const store = await openSupervisorStore(join(dataDir, 'supervisor'), { track: true });
  await store.commit([
    put(TABLES.sessions, ['stays'], sessionRow('stays', 0)),
    put(TABLES.sessions, ['moves'], sessionRow('moves', 3)),
    put(TABLES.sessions, ['too'], sessionRow('too', 3)),
  ]);
  await store.close();
  await fillSlot(dataDir, 0, ['stays']);
  await fillSlot(dataDir, 3, ['moves', 'too', 'gone']);
  return dataDir;
};

/** Runs the move; answers the signal that ended it. */
const relocate = async (dataDir: string, killedAt: number): Promise<string | null> => {
  const child = fork(CHILD, [dataDir, String(killedAt)], { stdio: 'inherit' });
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return signal;
};

const using = async <T>(store: Store, read: (store: Store) => T): Promise<T> => {
  try {
    return read(store);
  } finally {
    await store.close();
  }
};

const contentsOf = async (dataDir: string) => {
  const homes = await using(await openSupervisorStore(join(dataDir, 'supervisor'), { track: true }), (store) =>
    Object.fromEntries([...store.range<SessionRow>(TABLES.sessions)].map(({ value }) => [value.sessionId, [value.slot, value.epoch]])),
  );
  const slots = await Promise.all(
    [0, 1, 3].map(async (slot) =>
      using(await openSlotStore(join(dataDir, 'runners', String(slot)), { track: true }), (store) => {
        const owners = (table: string) => [...store.range(table)].map(({ key }) => String(key[0]));
        const spool = [...store.range<ReturnType<typeof record>>(SLOT_TABLES.spool)].map(({ value }) => value.message.id);
        const keys = Object.fromEntries(
          ['stays', 'moves', 'too', 'gone'].flatMap((id) => (store.count('keys', [id]) ? [[id, store.count('keys', [id])]] : [])),
        );
        const logged = new Map(
          (store.readChanges(0, Infinity)?.rows ?? []).map((row) => [JSON.stringify([row.table, ...row.key]), row.value !== undefined]),
        );
        const removed = [...logged.values()].filter((there) => !there).length;
        const told = [...logged.keys()].filter((key) => key.startsWith('["creds"')).map((key) => String((JSON.parse(key) as string[])[1]));
        return { creds: owners('creds'), inbox: owners('inbox'), outgoing: owners('outgoing'), keys, spool: spool.sort(), removed, told };
      }),
    ),
  );
  return { homes, slots };
};

const holds = (...ids: string[]) => ({
  creds: ids,
  inbox: ids,
  outgoing: ids,
  keys: Object.fromEntries(ids.map((id) => [id, KEYS])),
  spool: ids.flatMap((id) => [`${id}-1`, `${id}-2`]).sort(),
  removed: 0,
  told: expect.arrayContaining(ids) as string[],
});

const MOVED = {
  homes: { stays: [0, 4], moves: [0, 5], too: [1, 5] },
  slots: [holds('moves', 'stays'), holds('too'), holds()],
};

it('moves sessions with all they have to slots with room, and clears the slot they leave', async () => {
  const dataDir = await makeWorld();
  expect(await relocate(dataDir, 0)).toBeNull();
  expect(await contentsOf(dataDir)).toEqual(MOVED);
  expect(await relocate(dataDir, 1)).toBeNull();
});

it('ends in the same way after a kill before any of its steps', { timeout: 300_000 }, async () => {
  const world = await makeWorld();
  let killed = 0;
  for (let step = 1; ; step++) {
    const dataDir = tempFolder();
    cpSync(world, dataDir, { recursive: true });
    const signal = await relocate(dataDir, step);
    if (signal === null) break;
    expect(signal).toBe('SIGKILL');
    killed++;
    expect(await relocate(dataDir, 0)).toBeNull();
    expect(await contentsOf(dataDir)).toEqual(MOVED);
  }
  expect(killed).toBeGreaterThan(10);
});
