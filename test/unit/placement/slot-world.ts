// Worlds of slot stores with sessions in them, and what they hold.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { openSlotStore, SLOT_TABLES } from '../../../shared/store/slot-store.js';
import type { Store } from '../../../shared/store/store.js';
import { openSupervisorStore, TABLES, type SessionRow } from '../../../supervisor/supervisor-store.js';
import { tempFolder } from '../store/temp-store.js';

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
    await store.copyOnly(
      SLOT_TABLES.keys,
      [id],
      [
        [id, 'pre-key', '7'],
        [id, 'session', 'none'],
      ],
    );
  }
  await store.close();
};

/** Sessions by name and their slots, and sessions with rows by slot; `gone` has rows and no session. */
export const makeWorld = async (homes: Record<string, number>, rows: Record<number, string[]>): Promise<string> => {
  const dataDir = tempFolder();
  const store = await openSupervisorStore(join(dataDir, 'supervisor'), { track: true });
  await store.commit(Object.entries(homes).map(([id, slot]) => put(TABLES.sessions, [id], sessionRow(id, slot))));
  await store.close();
  for (const [slot, ids] of Object.entries(rows)) await fillSlot(dataDir, Number(slot), ids);
  return dataDir;
};

/** Runs a built fixture, which is killed before its nth step; 0 for never. @returns the signal that ended it */
export const runChild = async (fixture: string, dataDir: string, killedAt: number): Promise<string | null> => {
  const child = fork(fileURLToPath(new URL(`../../../dist/test/fixtures/${fixture}.js`, import.meta.url)), [dataDir, String(killedAt)], {
    stdio: 'inherit',
  });
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

/** Homes with their epochs, and what lies in the stores of these slots. */
export const contentsOf = async (dataDir: string, slots: readonly number[]) => {
  const homes = await using(await openSupervisorStore(join(dataDir, 'supervisor'), { track: true }), (store) =>
    Object.fromEntries([...store.range<SessionRow>(TABLES.sessions)].map(({ value }) => [value.sessionId, [value.slot, value.epoch]])),
  );
  const contents = await Promise.all(
    slots.map(async (slot) =>
      using(await openSlotStore(join(dataDir, 'runners', String(slot)), { track: true }), (store) => {
        const owners = (table: string) => [...store.range(table)].map(({ key }) => String(key[0]));
        const spool = [...store.range<ReturnType<typeof record>>(SLOT_TABLES.spool)].map(({ value }) => value.message.id);
        const keys = Object.fromEntries(
          ['stays', 'moves', 'too', 'gone'].flatMap((id) => (store.count('keys', [id]) ? [[id, store.count('keys', [id])]] : [])),
        );
        const copies = [...store.range<unknown[]>(SLOT_TABLES.loginKeys)].map(({ key, value }) => {
          expect(value).toEqual([store.get(SLOT_TABLES.keys, key)].filter((row) => row !== undefined));
          return String(key[0]);
        });
        const logged = new Map(
          (store.readChanges(0, Infinity)?.rows ?? []).map((row) => [JSON.stringify([row.table, ...row.key]), row.value !== undefined]),
        );
        const removed = [...logged.values()].filter((there) => !there).length;
        const told = [...logged.keys()].filter((key) => key.startsWith('["creds"')).map((key) => String((JSON.parse(key) as string[])[1]));
        return {
          creds: owners('creds'),
          inbox: owners('inbox'),
          outgoing: owners('outgoing'),
          keys,
          copies,
          spool: spool.sort(),
          removed,
          told,
        };
      }),
    ),
  );
  return { homes, slots: contents };
};

/** A store with all that these sessions have, and nothing else. */
export const holds = (...ids: string[]) => ({
  creds: ids,
  inbox: ids,
  outgoing: ids,
  copies: ids.flatMap((id) => [id, id]),
  keys: Object.fromEntries(ids.map((id) => [id, KEYS])),
  spool: ids.flatMap((id) => [`${id}-1`, `${id}-2`]).sort(),
  removed: 0,
  told: expect.arrayContaining(ids) as string[],
});
