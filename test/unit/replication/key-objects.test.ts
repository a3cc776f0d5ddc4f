import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { DiskObjectStore } from '../../../shared/object-store/disk-object-store.js';
import { KEYS } from '../../../shared/object-store/keys.js';
import { stringifyBaileys } from '../../../shared/store/baileys-json.js';
import { packKeys, type KeyRow } from '../../../shared/store/key-file.js';
import { RowCipher } from '../../../shared/store/row-cipher.js';
import { sealBytes } from '../../../shared/store/sealed-json.js';
import { SLOT_TABLES } from '../../../shared/store/slot-store.js';
import { tempFolder } from '../store/temp-store.js';
import { besideObject, creds, expectSameAfterRestore, keyObjects, open, paired, restarted, signal, used } from './saved-worker.js';

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
