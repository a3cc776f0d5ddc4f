import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { SignalKeys } from '../../../session-runner/session/signal-keys.js';
import { parseKeys, RowCipher } from '../../../shared/store/row-cipher.js';
import { batchesOf, quietRemovals, rawRowsOf } from '../../../shared/store/slot-sessions.js';
import { openSlotStore, rowsOf, SLOT_TABLES } from '../../../shared/store/slot-store.js';
import type { Store } from '../../../shared/store/store.js';
import { quietLog } from '../../fixtures/quiet-log.js';
import { closing, rowsIn, tempFolder } from '../store/temp-store.js';
import { failingStore, tempRunnerStore } from './runner-stores.js';

const connect = (store: Store, sessionId = 's'): SignalKeys =>
  new SignalKeys(store, sessionId, (commit) => {
    commit.catch(() => undefined);
  });

const copiedIn = (store: Store): string[] => rowsIn(store, SLOT_TABLES.loginKeys).map(([key]) => key.join('/'));

/** Logs in as Baileys does: reads, and writes what is there. */
const logIn = async (store: Store, ids: string[], sessionId = 's'): Promise<SignalKeys> => {
  const keys = connect(store, sessionId);
  await keys.outside.get('device-list', ids);
  await keys.login.settle();
  return keys;
};

/** What nothing in the product does: shows who reads the copy. */
const forge = async (store: Store, id: string): Promise<void> =>
  store.commit([{ table: SLOT_TABLES.loginKeys, key: ['s', 'device-list', id], value: [['forged']] }]);

it('reads with a login what the one before read from the copies, and later from where the keys are', async () => {
  const store = await tempRunnerStore();
  await connect(store).outside.set({ 'device-list': { a: ['1'], b: ['2'] } });
  await logIn(store, ['a', 'none']);
  expect(copiedIn(store)).toEqual(['s/device-list/a', 's/device-list/none']);
  await forge(store, 'a');
  const keys = connect(store);
  expect(await keys.outside.get('device-list', ['a', 'b', 'none'])).toEqual({ a: ['forged'], b: ['2'] });
  keys.login.end();
  expect(await keys.outside.get('device-list', ['a', 'b', 'none'])).toEqual({ a: ['1'], b: ['2'] });
});

it('reads what was written since, by whomever', async () => {
  const store = await tempRunnerStore();
  await logIn(store, ['a', 'b', 'c']);
  const keys = connect(store);
  await keys.outside.set({ 'device-list': { a: ['outside'] } });
  await keys.exclusive(async () => {
    await keys.inside.set({ 'device-list': { b: ['ratchet'] } });
    expect(await keys.inside.get('device-list', ['b'])).toEqual({ b: ['ratchet'] });
    expect(await keys.outside.get('device-list', ['b'])).toEqual({});
  });
  await store.commit([{ table: SLOT_TABLES.keys, key: ['s', 'device-list', 'c'], value: ['somebody'] }]);
  expect(await connect(store).outside.get('device-list', ['a', 'b', 'c'])).toEqual({ a: ['outside'], b: ['ratchet'], c: ['somebody'] });
});

it('leaves alone what Baileys writes with every login and is there', async () => {
  const store = closing(await openSlotStore(tempFolder(), { track: true }));
  await connect(store).outside.set({ 'device-list': { a: ['0'] } });
  await logIn(store, ['a', 'none']);
  const before = store.lastChange;
  const keys = connect(store);
  const creds = { table: SLOT_TABLES.creds, key: ['s'], value: 'creds' };
  await keys.setOutside({ 'device-list': { a: ['0'], none: null } });
  expect([store.lastChange, copiedIn(store)]).toEqual([before, ['s/device-list/a', 's/device-list/none']]);
  await keys.setOutside({ 'device-list': { a: ['0'] } }, [creds]);
  expect([store.lastChange, store.get(SLOT_TABLES.creds, ['s'])]).toEqual([before + 1, 'creds']);
  await keys.outside.set({ 'device-list': { a: ['0', '1'] } });
  expect(store.get(SLOT_TABLES.keys, ['s', 'device-list', 'a'])).toEqual(['0', '1']);
});

it('copies no ratchets that the login moved, nor more keys than a login without messages reads', async () => {
  const store = await tempRunnerStore();
  const keys = connect(store);
  await keys.exclusive(async () => {
    await keys.inside.get('session', ['a.0', 'b.0']);
    await keys.inside.set({ session: { 'a.0': Buffer.from('moved') } });
  });
  await keys.inside.get(
    'device-list',
    Array.from({ length: 100 }, (_, n) => String(n)),
  );
  await keys.login.settle();
  expect(copiedIn(store)).toHaveLength(31);
  expect(copiedIn(store)).not.toContain('s/session/a.0');
  expect(copiedIn(store)).toContain('s/session/b.0');
});

it('removes the copies of what a later login no longer reads, of this session alone', async () => {
  const store = await tempRunnerStore();
  await logIn(store, ['a', 'b']);
  await logIn(store, ['a'], 's1');
  await logIn(store, ['b', 'c']);
  expect(copiedIn(store)).toEqual(['s/device-list/b', 's/device-list/c', 's1/device-list/a']);
});

it('copies a while after the connection opened, and nothing when it closed before', async () => {
  const store = await tempRunnerStore();
  const [closed, open] = [connect(store, 'closed'), connect(store, 'open')];
  for (const keys of [closed, open]) {
    await keys.outside.get('device-list', ['a']);
    keys.login.settleSoon(quietLog(), 1);
  }
  closed.fence();
  await vi.waitFor(() => {
    expect(copiedIn(store)).toEqual(['open/device-list/a']);
  });
  await closed.login.settle();
  expect(copiedIn(store)).toEqual(['open/device-list/a']);
});

it('goes on without copies when the disk takes none', async () => {
  const store = failingStore(SLOT_TABLES.keys);
  const keys = connect(store);
  await keys.outside.set({ 'device-list': { a: ['1'] } });
  await keys.outside.get('device-list', ['a']);
  store.failing = true;
  await expect(keys.login.settle()).rejects.toThrow('full');
  store.failing = false;
  expect(await connect(store).outside.get('device-list', ['a'])).toEqual({ a: ['1'] });
});

it('seals the copies like the keys', async () => {
  const [cipher] = [parseKeys('ab'.repeat(32))].flatMap((keys) => (keys ? [new RowCipher(keys)] : []));
  const store = closing(await openSlotStore(tempFolder(), { track: false, cipher }));
  await connect(store).outside.set({ 'device-list': { a: ['a very private value'] } });
  await logIn(store, ['a']);
  const [row] = [...store.rawRange(SLOT_TABLES.loginKeys)];
  expect(row?.value.includes('private')).toBe(false);
  expect(await connect(store).outside.get('device-list', ['a'])).toEqual({ a: ['a very private value'] });
});

const IDS = ['a', 'b', 'c'];
const TYPES = ['device-list', 'session'] as const;
type Data = Record<string, Record<string, Buffer | string[] | null>>;
const value = fc.option(fc.nat(5), { nil: null });
const data = fc.dictionary(fc.constantFrom(...TYPES), fc.dictionary(fc.constantFrom(...IDS), value, { maxKeys: 2 }), { maxKeys: 2 });
const valueOf = (type: string, n: number | null): Buffer | string[] | null =>
  n === null ? null : type === 'session' ? Buffer.from([n]) : [String(n)];
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant('write' as const), data }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constantFrom('exclusive' as const, 'pipelined' as const), data, throws: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constantFrom('read' as const, 'settle' as const, 'login' as const, 'rest' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('reopen' as const, 'erase' as const, 'move' as const, 'import' as const) }) },
);

/** As a move does: the rows are copied, then those that were left. */
const move = async (from: Store, to: Store): Promise<void> => {
  await to.commit(quietRemovals(to, 's'), { tracked: false });
  for (const batch of batchesOf(rawRowsOf(from, 's'))) await to.commitRaw(batch, { tracked: false });
};

it('always answers what was written last, through logins, failing work, new starts, erasures and moves to and fro', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const folders = [tempFolder(), tempFolder()];
      const open = async (): Promise<Store[]> => Promise.all(folders.map(async (folder) => openSlotStore(folder)));
      let stores = await open();
      let home = 0;
      const here = (): Store => stores[home] as Store;
      let keys = connect(here());
      const truth = new Map<string, Buffer | string[]>();
      let underWay: Promise<unknown>[] = [];
      const rest = async (): Promise<void> => {
        await Promise.all(underWay);
        underWay = [];
        await here().settled();
      };
      const begin = (work: Promise<unknown>): void => void underWay.push(work);
      const typed = (written: Record<string, Record<string, number | null>>): Data =>
        Object.fromEntries(
          Object.entries(written).map(([type, rows]) => [
            type,
            Object.fromEntries(Object.entries(rows).map(([id, n]) => [id, valueOf(type, n)])),
          ]),
        );
      const note = (written: Data): void => {
        for (const [type, rows] of Object.entries(written))
          for (const [id, what] of Object.entries(rows)) {
            if (what === null) truth.delete(`${type}/${id}`);
            else truth.set(`${type}/${id}`, what);
          }
      };
      const assertTrue = async (): Promise<void> => {
        for (const type of TYPES) {
          const expected = Object.fromEntries(IDS.flatMap((id) => (truth.has(`${type}/${id}`) ? [[id, truth.get(`${type}/${id}`)]] : [])));
          expect(await keys.outside.get(type, IDS)).toEqual(expected);
        }
      };
      const reconnect = async (): Promise<void> => {
        await rest();
        keys.fence();
        keys = connect(here());
      };
      try {
        for (const taken of steps) {
          if (taken.type === 'write') {
            const written = typed(taken.data);
            // Ratchets are written under the lock, which another work may hold for now.
            const done = keys.outside.set(written);
            if ('session' in written) await done;
            else begin(Promise.resolve(done));
            note(written);
          } else if (taken.type === 'exclusive' || taken.type === 'pipelined') {
            const written = typed(taken.data);
            let began = (): void => undefined;
            const beginning = new Promise<void>((resolve) => (began = resolve));
            const done = keys[taken.type](async () => {
              await keys.inside.get('session', IDS);
              await keys.inside.set(written);
              began();
              if (taken.throws) throw new Error('work fails');
            }).catch((error: unknown) => {
              if (!taken.throws) throw error;
            });
            await beginning;
            // Seen by others from the moment on at which it is being committed.
            if (taken.type === 'exclusive' || taken.throws) await done;
            else {
              await keys.idle();
              begin(done);
            }
            if (!taken.throws) note(written);
          } else if (taken.type === 'settle') {
            begin(keys.login.settle());
          } else if (taken.type === 'rest') {
            await rest();
          } else if (taken.type === 'login') {
            await reconnect();
          } else if (taken.type === 'reopen') {
            await rest();
            await Promise.all(stores.map(async (store) => store.close()));
            stores = await open();
            keys = connect(here());
          } else if (taken.type === 'erase') {
            await reconnect();
            await here().commit(rowsOf(here(), 's'));
            truth.clear();
          } else if (taken.type === 'import') {
            await reconnect();
            await here().commit([...rowsOf(here(), 's'), { table: SLOT_TABLES.keys, key: ['s', 'session', 'a'], value: Buffer.from([9]) }]);
            truth.clear();
            truth.set('session/a', Buffer.from([9]));
          } else if (taken.type === 'move') {
            await rest();
            keys.fence();
            await move(here(), stores[1 - home] as Store);
            // What stayed behind is removed by chance later, or never.
            home = 1 - home;
            keys = connect(here());
          }
          await assertTrue();
        }
        await rest();
        await assertTrue();
      } finally {
        await Promise.allSettled(underWay);
        await Promise.all(stores.map(async (store) => store.close()));
      }
    }),
    { numRuns: 60 },
  );
});
