import { readFileSync, writeFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { DiskObjectStore } from '../../../shared/object-store/disk-object-store.js';
import { KEYS } from '../../../shared/object-store/keys.js';
import { packAuth, unpackAuth, type AuthFile } from '../../../shared/store/auth-file.js';
import { stringifyBaileys } from '../../../shared/store/baileys-json.js';
import { packKeys, type KeyRow } from '../../../shared/store/key-file.js';
import { unpackSession } from '../../../shared/store/packed-session.js';
import { RowCipher } from '../../../shared/store/row-cipher.js';
import { sealBytes } from '../../../shared/store/sealed-json.js';
import { openSlotStore, rowsOf, SLOT_TABLES } from '../../../shared/store/slot-store.js';
import type { Store, Write } from '../../../shared/store/store.js';
import { AuthCheckpoints } from '../../../supervisor/replication/auth-checkpoints.js';
import { Progress } from '../../../supervisor/replication/progress.js';
import { Replication } from '../../../supervisor/replication/replication.js';
import { newSession, openSupervisorStore, TABLES, type SessionRow } from '../../../supervisor/supervisor-store.js';
import { quietLog } from '../../fixtures/quiet-log.js';
import { slotReaders } from '../../fixtures/slot-readers.js';
import { closing, tempFolder } from '../store/temp-store.js';

const creds = (counter: number): Write => ({
  table: SLOT_TABLES.creds,
  key: ['shop'],
  value: { me: { id: '1@s.whatsapp.net' }, counter, noiseKey: Buffer.from([1, 2, 3]) },
});
const signal = (step: number, contact = 2): Write => ({
  table: SLOT_TABLES.keys,
  key: ['shop', 'session', `${contact}.0`],
  value: { version: 'v1', step, chain: 'a'.repeat(200) },
});
const preKey = (id: number, byte = id): Write => ({
  table: SLOT_TABLES.keys,
  key: ['shop', 'pre-key', String(id)],
  value: { public: Buffer.alloc(32, byte), private: Buffer.alloc(32, byte + 1) },
});
const used = (id: number): Write => ({ ...preKey(id), value: undefined });

interface Worker {
  store: Store;
  slot: Store;
  replication: Replication;
  /** Ships what was committed, and writes the files of sessions. */
  save: () => Promise<void>;
  stop: () => Promise<void>;
  /** As the runner has it. */
  keys: () => Promise<unknown[]>;
  row: () => SessionRow | undefined;
}

const open = async (bucket: string, cipher?: RowCipher, folder = tempFolder()): Promise<Worker> => {
  const store = closing(await openSupervisorStore(join(folder, 'supervisor'), { track: true, cipher }));
  let trim = async (_to: number): Promise<void> => Promise.resolve();
  const readers = slotReaders(folder, cipher);
  const replication = new Replication({
    ...{ workerId: 'w', store, dataDir: folder, readers, objects: new DiskObjectStore(bucket), cipher, roomPerSlot: 10 },
    ...{ intervalMs: 3_600_000, checkpointMs: 3_600_000, log: quietLog() },
    trimSlot: (_slot, to) => void trim(to),
    onRefused: (why) => {
      throw new Error(why);
    },
  });
  if (replication.isFresh) await replication.restore();
  const slot = closing(await openSlotStore(join(folder, 'runners/0'), { track: true, cipher }));
  trim = async (to) => slot.trimChanges(to);
  return {
    ...{ store, slot, replication },
    save: async () => replication.flush(true),
    stop: async () => {
      await replication.stop(1_000);
      await readers.close();
    },
    keys: async () => {
      await unpackSession(slot, 'shop', cipher);
      return [SLOT_TABLES.creds, SLOT_TABLES.keys].flatMap((table) => [...slot.range(table, { prefix: ['shop'] })]);
    },
    row: () => store.get<SessionRow>(TABLES.sessions, ['shop']),
  };
};

const paired = async (bucket: string, cipher?: RowCipher, folder?: string): Promise<Worker> => {
  const worker = await open(bucket, cipher, folder);
  const row: SessionRow = { ...newSession('shop', 1), slot: 0, paired: true, desired: 'connected', jid: '1@s.whatsapp.net' };
  await worker.replication.flush(false);
  await worker.store.commit([{ table: TABLES.sessions, key: ['shop'], value: row }]);
  await worker.slot.commit([creds(1), signal(1), ...[1, 2, 3, 4].map((id) => preKey(id))]);
  await worker.save();
  return worker;
};

const restarted = async (worker: Worker, bucket: string, folder: string): Promise<Worker> => {
  await worker.stop();
  await Promise.all([worker.slot.close(), worker.store.close()]);
  return open(bucket, undefined, folder);
};

const folderOf = (bucket: string): string => join(bucket, KEYS.authFolder('shop'));
const keyObjects = (bucket: string): string[] => readdirSync(folderOf(bucket)).filter((name) => name.startsWith('keys-'));

/** Ids of Signal sessions that the auth object has itself, and those it says are gone. */
const besideObject = async (bucket: string, cipher?: RowCipher): Promise<{ changed: string[]; gone: AuthFile['goneKeys'] }> => {
  const { keys, goneKeys } = await unpackAuth(readFileSync(join(bucket, KEYS.auth('shop'))), 'shop', cipher);
  return { changed: Object.keys(keys['session'] ?? {}), gone: goneKeys };
};

const expectSameAfterRestore = async (bucket: string, worker: Worker, cipher?: RowCipher): Promise<Worker> => {
  const keys = await worker.keys();
  await worker.stop();
  const restored = await open(bucket, cipher);
  expect(await restored.keys()).toEqual(keys);
  expect(restored.row()).toMatchObject({ paired: true, desired: 'connected' });
  return restored;
};

it.each([
  ['in the clear', undefined],
  ['encrypted', new RowCipher([Buffer.alloc(32, 7)])],
])('brings pre-keys back without those that were used since their object was written (%s)', async (_name, cipher) => {
  const bucket = tempFolder();
  const worker = await paired(bucket, cipher);
  const objects = keyObjects(bucket);
  expect(objects).toHaveLength(1);
  await worker.slot.commit([creds(2), signal(2), used(2), used(4)]);
  await worker.save();
  expect(keyObjects(bucket)).toEqual(objects);
  const restored = await expectSameAfterRestore(bucket, worker, cipher);
  // The object serves the folder that came back as well.
  await restored.slot.commit([creds(3), used(1)]);
  await restored.save();
  expect(keyObjects(bucket)).toEqual(objects);
  await expectSameAfterRestore(bucket, restored, cipher);
});

it('writes another object for new pre-keys, and keeps the one before it for whoever is restoring', async () => {
  const bucket = tempFolder();
  const worker = await paired(bucket);
  const [first = ''] = keyObjects(bucket);
  await worker.slot.commit([creds(2), preKey(5)]);
  await worker.save();
  expect(keyObjects(bucket)).toHaveLength(2);
  expect(keyObjects(bucket)).toContain(first);
  await worker.slot.commit([preKey(6)]);
  await worker.save();
  expect(keyObjects(bucket)).toHaveLength(2);
  expect(keyObjects(bucket)).not.toContain(first);
  await expectSameAfterRestore(bucket, worker);
});

it('does not take pre-keys that were made anew under their ids for the old ones', async () => {
  const bucket = tempFolder();
  const worker = await paired(bucket);
  await worker.slot.commit(rowsOf(worker.slot, 'shop'));
  await worker.slot.commit([creds(9), ...[1, 2, 3, 4].map((id) => preKey(id, id + 100))]);
  await worker.save();
  await expectSameAfterRestore(bucket, worker);
});

it('knows after a restart of the worker that pre-keys were made before it', async () => {
  const [bucket, folder] = [tempFolder(), tempFolder()];
  const worker = await paired(bucket, undefined, folder);
  await worker.slot.commit([preKey(2, 77)]);
  await worker.replication.flush(false);
  await worker.stop();
  await Promise.all([worker.slot.close(), worker.store.close()]);
  const again = await open(bucket, undefined, folder);
  await again.save();
  expect(keyObjects(bucket)).toHaveLength(2);
  await expectSameAfterRestore(bucket, again);
});

it('describes a session anew only when that changed, and restores what the checkpoint beside its credentials says', async () => {
  const bucket = tempFolder();
  const worker = await paired(bucket);
  const descriptions: string[] = [];
  for (const counter of [2, 3, 4]) {
    if (counter === 3) worker.replication.changed('shop');
    await worker.slot.commit([creds(counter)]);
    await worker.save();
    descriptions.push(readFileSync(join(bucket, KEYS.sessionData('shop')), 'utf8'));
  }
  expect(descriptions.map((text) => text === descriptions[0])).toEqual([true, false, false]);
  expect(descriptions[2]).toBe(descriptions[1]);
  await expectSameAfterRestore(bucket, worker);
});

it('does not go by the journal alone, which may not have the newest pre-keys yet', async () => {
  const [bucket, folder] = [tempFolder(), tempFolder()];
  const worker = await paired(bucket, undefined, folder);
  const { store } = worker;
  const readers = slotReaders(folder);
  const auth = new AuthCheckpoints({
    ...{ workerId: 'w', objects: new DiskObjectStore(bucket), progress: new Progress(store), cipher: undefined },
    reader: (slot) => readers.reader(slot),
  });
  const write = async (): Promise<void> => {
    const row = { ...newSession('shop', 1), slot: 0 };
    const checkpoint = { checkpoint: 1, hasSends: false, row, messageCount: { total: 0, n: 0 }, days: {} };
    const { writes } = await auth.write(row, new Progress(store).number, checkpoint);
    await store.commit(writes);
  };
  await worker.slot.commit([creds(2), used(1)]);
  await write();
  expect(keyObjects(bucket)).toHaveLength(1);
  await worker.slot.commit([preKey(2, 77)]);
  await write();
  expect(keyObjects(bucket)).toHaveLength(2);
  await readers.close();
});

it('writes pre-keys with the new key once the old one is replaced', async () => {
  const [bucket, folder] = [tempFolder(), tempFolder()];
  const [old, next] = [Buffer.alloc(32, 7), Buffer.alloc(32, 8)];
  const worker = await paired(bucket, new RowCipher([old]), folder);
  await worker.stop();
  await Promise.all([worker.slot.close(), worker.store.close()]);
  const again = await open(bucket, new RowCipher([next, old]), folder);
  await again.slot.commit([creds(2)]);
  await again.save();
  expect(keyObjects(bucket)).toHaveLength(2);
  await expectSameAfterRestore(bucket, again, new RowCipher([next]));
});

it.each([
  ['is damaged', (path: string) => writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from('x')]))],
  ['is missing', (path: string) => rmSync(path)],
])('sets a session aside whose object of keys %s, and names the object', async (_name, harm) => {
  const bucket = tempFolder();
  const worker = await paired(bucket);
  await worker.stop();
  const [name = ''] = keyObjects(bucket);
  harm(join(folderOf(bucket), name));
  const folder = tempFolder();
  const log = quietLog();
  const said: unknown[] = [];
  log.error = (facts: unknown) => void said.push(facts);
  const store = closing(await openSupervisorStore(join(folder, 'supervisor'), { track: true }));
  const replication = new Replication({
    ...{ workerId: 'w', store, dataDir: folder, readers: slotReaders(folder), objects: new DiskObjectStore(bucket) },
    ...{ cipher: undefined, roomPerSlot: 10, log },
    ...{ intervalMs: 3_600_000, checkpointMs: 3_600_000, trimSlot: () => undefined, onRefused: () => undefined },
  });
  await replication.restore();
  expect(said).toMatchObject([{ key: `${KEYS.authFolder('shop')}${name}` }]);
  expect(store.get(TABLES.sessions, ['shop'])).toMatchObject({ state: 'error', reason: 'storage_corrupt', desired: 'disconnected' });
  await replication.stop(1_000);
});

it('restores a session whose credentials and pre-keys lie in one object, as they did before', async () => {
  const bucket = tempFolder();
  const worker = await paired(bucket);
  const { creds: value, keys } = {
    creds: worker.slot.get(SLOT_TABLES.creds, ['shop']),
    keys: {
      session: { '2.0': worker.slot.get(SLOT_TABLES.keys, ['shop', 'session', '2.0']) },
      'pre-key': Object.fromEntries(['1', '2', '3', '4'].map((id) => [id, worker.slot.get(SLOT_TABLES.keys, ['shop', 'pre-key', id])])),
    },
  };
  const object = await packAuth({ sessionId: 'shop', workerId: 'w', generation: 1, creds: value, keys }, undefined);
  await new DiskObjectStore(bucket).put(KEYS.auth('shop'), object);
  for (const name of keyObjects(bucket)) rmSync(join(folderOf(bucket), name));
  const restored = await expectSameAfterRestore(bucket, worker);
  await restored.slot.commit([creds(2), used(1)]);
  await restored.save();
  expect(keyObjects(bucket)).toHaveLength(1);
  await expectSameAfterRestore(bucket, restored);
});

it('keeps a session whole that is saved before its runner has unpacked it', async () => {
  const bucket = tempFolder();
  const worker = await paired(bucket);
  await worker.slot.commit([used(3), preKey(9)]);
  await worker.replication.flush(false);
  await worker.stop();
  const restored = await open(bucket);
  await restored.save();
  const again = await expectSameAfterRestore(bucket, restored);
  await again.stop();
});

it('removes all pre-keys with the credentials, and with the session', async () => {
  const bucket = tempFolder();
  const worker = await paired(bucket);
  await worker.slot.commit(rowsOf(worker.slot, 'shop'));
  await worker.save();
  expect(existsSync(folderOf(bucket)) ? readdirSync(folderOf(bucket)) : []).toEqual([]);
  await worker.slot.commit([creds(1), preKey(1)]);
  await worker.save();
  expect(keyObjects(bucket)).toHaveLength(1);
  await worker.slot.commit(rowsOf(worker.slot, 'shop'));
  await worker.store.commit([{ table: TABLES.sessions, key: ['shop'], value: undefined }, ...worker.replication.deletion('shop', 0)]);
  await worker.save();
  expect(existsSync(join(bucket, KEYS.session('shop')))).toBe(false);
  expect([...worker.store.range(TABLES.replication, { prefix: ['preKeys'] })]).toEqual([]);
});

it.each([
  ['in the clear', undefined],
  ['encrypted', new RowCipher([Buffer.alloc(32, 7)])],
])('writes only those keys again that changed since their object was written (%s)', async (_name, cipher) => {
  const bucket = tempFolder();
  const worker = await paired(bucket, cipher);
  await worker.slot.commit([3, 4, 5, 6, 7, 8].map((contact) => signal(1, contact)));
  await worker.save();
  const objects = keyObjects(bucket);
  await worker.slot.commit([creds(2), signal(2, 3), signal(1, 9), { ...signal(1, 4), value: undefined }]);
  await worker.save();
  expect(keyObjects(bucket)).toEqual(objects);
  expect(await besideObject(bucket, cipher)).toEqual({ changed: ['3.0', '9.0'], gone: [['session', '4.0']] });
  const restored = await expectSameAfterRestore(bucket, worker, cipher);
  await restored.slot.commit([creds(3), signal(2, 5), signal(1, 4), { ...signal(1, 9), value: undefined }]);
  await restored.save();
  await expectSameAfterRestore(bucket, restored, cipher);
});

it('goes on with the object after a restart and after a restore', async () => {
  const [bucket, folder] = [tempFolder(), tempFolder()];
  const worker = await paired(bucket, undefined, folder);
  await worker.slot.commit([3, 4, 5, 6].map((contact) => signal(1, contact)));
  await worker.save();
  const objects = keyObjects(bucket);
  const again = await restarted(worker, bucket, folder);
  await again.slot.commit([signal(2, 3)]);
  await again.save();
  const restored = await expectSameAfterRestore(bucket, again);
  await restored.slot.commit([signal(2, 4)]);
  await restored.save();
  expect(keyObjects(bucket)).toEqual(objects);
  expect(await besideObject(bucket)).toEqual({ changed: ['3.0', '4.0'], gone: [] });
  await restored.stop();
});

it.each([
  ['changed', (contact: number) => signal(2, contact)],
  ['are gone', (contact: number) => ({ ...signal(1, contact), value: undefined })],
])('writes all keys into a new object once most of them %s', async (_name, change) => {
  const bucket = tempFolder();
  const worker = await paired(bucket);
  const contacts = [3, 4, 5, 6, 7, 8];
  await worker.slot.commit(contacts.map((contact) => signal(1, contact)));
  await worker.save();
  const before = keyObjects(bucket);
  await worker.slot.commit(contacts.map(change));
  await worker.save();
  expect(keyObjects(bucket)).not.toEqual(before);
  expect(await besideObject(bucket)).toEqual({ changed: [], gone: undefined });
  await expectSameAfterRestore(bucket, worker);
});

it('writes the object again when the object store has lost it', async () => {
  const [bucket, folder] = [tempFolder(), tempFolder()];
  const worker = await paired(bucket, undefined, folder);
  const objects = keyObjects(bucket);
  await worker.stop();
  for (const name of readdirSync(bucket)) rmSync(join(bucket, name), { recursive: true });
  await Promise.all([worker.slot.close(), worker.store.close()]);
  const again = await open(bucket, undefined, folder);
  await again.save();
  expect(keyObjects(bucket)).toHaveLength(objects.length);
  await expectSameAfterRestore(bucket, again);
});

it('restores a session whose object has pre-keys only, as earlier versions wrote it', async () => {
  const bucket = tempFolder();
  const worker = await paired(bucket);
  const raw = [...worker.slot.rawRange(SLOT_TABLES.keys, { prefix: ['shop', 'pre-key'] })];
  const rows = raw.map(({ key, value }): KeyRow => ['pre-key', String(key[2]), value]);
  const { object, ref } = packKeys({ sessionId: 'shop', workerId: 'w', generation: 1, rows });
  const keys = { session: { '2.0': worker.slot.get(SLOT_TABLES.keys, ['shop', 'session', '2.0']) } };
  const auth = { sessionId: 'shop', workerId: 'w', generation: 1, preKeys: ref, creds: creds(1).value, keys, usedPreKeys: ['3'] };
  const objects = new DiskObjectStore(bucket);
  await objects.put(KEYS.preKeys('shop', ref.sha256), object);
  await objects.put(KEYS.auth('shop'), gzipSync(sealBytes(stringifyBaileys(auth))));
  await worker.slot.commit([used(3)], { tracked: false });
  const restored = await expectSameAfterRestore(bucket, worker);
  await restored.slot.commit([creds(2), used(1)]);
  await restored.save();
  await expectSameAfterRestore(bucket, restored);
});
