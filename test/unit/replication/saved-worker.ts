// A worker with one paired session, which saves it in a bucket, and what lies there.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { DiskObjectStore } from '../../../shared/object-store/disk-object-store.js';
import { KEYS } from '../../../shared/object-store/keys.js';
import { unpackAuth, type AuthFile } from '../../../shared/store/auth-file.js';
import { unpackSession } from '../../../shared/store/packed-session.js';
import type { RowCipher } from '../../../shared/store/row-cipher.js';
import { openSlotStore, SLOT_TABLES } from '../../../shared/store/slot-store.js';
import type { Store, Write } from '../../../shared/store/store.js';
import { Replication } from '../../../supervisor/replication/replication.js';
import { newSession, openSupervisorStore, TABLES, type SessionRow } from '../../../supervisor/supervisor-store.js';
import { quietLog } from '../../fixtures/quiet-log.js';
import { slotReaders } from '../../fixtures/slot-readers.js';
import { closing, tempFolder } from '../store/temp-store.js';

export const creds = (counter: number): Write => ({
  table: SLOT_TABLES.creds,
  key: ['shop'],
  value: { me: { id: '1@s.whatsapp.net' }, counter, noiseKey: Buffer.from([1, 2, 3]) },
});
export const signal = (step: number, contact = 2): Write => ({
  table: SLOT_TABLES.keys,
  key: ['shop', 'session', `${contact}.0`],
  value: { version: 'v1', step, chain: 'a'.repeat(200) },
});
export const preKey = (id: number, byte = id): Write => ({
  table: SLOT_TABLES.keys,
  key: ['shop', 'pre-key', String(id)],
  value: { public: Buffer.alloc(32, byte), private: Buffer.alloc(32, byte + 1) },
});
export const used = (id: number): Write => ({ ...preKey(id), value: undefined });

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

export const open = async (bucket: string, cipher?: RowCipher, folder = tempFolder()): Promise<Worker> => {
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

export const paired = async (bucket: string, cipher?: RowCipher, folder?: string): Promise<Worker> => {
  const worker = await open(bucket, cipher, folder);
  const row: SessionRow = { ...newSession('shop', 1), slot: 0, paired: true, desired: 'connected', jid: '1@s.whatsapp.net' };
  await worker.replication.flush(false);
  await worker.store.commit([{ table: TABLES.sessions, key: ['shop'], value: row }]);
  await worker.slot.commit([creds(1), signal(1), ...[1, 2, 3, 4].map((id) => preKey(id))]);
  await worker.save();
  return worker;
};

export const restarted = async (worker: Worker, bucket: string, folder: string): Promise<Worker> => {
  await worker.stop();
  await Promise.all([worker.slot.close(), worker.store.close()]);
  return open(bucket, undefined, folder);
};

export const folderOf = (bucket: string): string => join(bucket, KEYS.authFolder('shop'));
export const keyObjects = (bucket: string): string[] => readdirSync(folderOf(bucket)).filter((name) => name.startsWith('keys-'));

/** Ids of Signal sessions that the auth object has itself, and those it says are gone. */
export const besideObject = async (bucket: string, cipher?: RowCipher): Promise<{ changed: string[]; gone: AuthFile['goneKeys'] }> => {
  const { keys, goneKeys } = await unpackAuth(readFileSync(join(bucket, KEYS.auth('shop'))), 'shop', cipher);
  return { changed: Object.keys(keys['session'] ?? {}), gone: goneKeys };
};

export const expectSameAfterRestore = async (bucket: string, worker: Worker, cipher?: RowCipher): Promise<Worker> => {
  const keys = await worker.keys();
  await worker.stop();
  const restored = await open(bucket, cipher);
  expect(await restored.keys()).toEqual(keys);
  expect(restored.row()).toMatchObject({ paired: true, desired: 'connected' });
  return restored;
};
