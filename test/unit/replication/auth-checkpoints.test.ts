import { readFileSync, writeFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DiskObjectStore } from '../../../shared/object-store/disk-object-store.js';
import { KEYS } from '../../../shared/object-store/keys.js';
import { packAuth } from '../../../shared/store/auth-file.js';
import { RowCipher } from '../../../shared/store/row-cipher.js';
import { rowsOf, SLOT_TABLES } from '../../../shared/store/slot-store.js';
import { AuthCheckpoints } from '../../../supervisor/replication/auth-checkpoints.js';
import { Progress } from '../../../supervisor/replication/progress.js';
import { Replication } from '../../../supervisor/replication/replication.js';
import { newSession, openSupervisorStore, TABLES } from '../../../supervisor/supervisor-store.js';
import { quietLog } from '../../fixtures/quiet-log.js';
import { slotReaders } from '../../fixtures/slot-readers.js';
import { closing, tempFolder } from '../store/temp-store.js';
import { creds, expectSameAfterRestore, folderOf, keyObjects, open, paired, preKey, signal, used } from './saved-worker.js';

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
