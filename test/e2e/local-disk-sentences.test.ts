import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { StorageFacts } from '../support/object-scene.js';
import { openScene, pair, type PairedSession, type Scene } from '../support/scene.js';
import { killWorkers, until, WorkerProcess } from '../support/worker-process.js';

const MEBIBYTE = 1024 * 1024;
const FULL = /disk of the worker is full/;
const READ_ONLY = /disk of the worker cannot be written/;

/** Undone last first. */
const cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  const failures: unknown[] = [];
  for (const cleanUp of cleanUps.splice(0).reverse()) {
    try {
      await cleanUp();
    } catch (error) {
      failures.push(error);
    }
  }
  await killWorkers();
  if (failures.length > 0) throw new AggregateError(failures, 'not everything was cleaned up');
});

const run = (command: string, ...args: string[]): void => void execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });

const can = (what: string, attempt: () => void): boolean => {
  try {
    attempt();
    return true;
  } catch (error) {
    console.log(`skipping: ${what} (${error instanceof Error ? error.message : String(error)})`);
    return false;
  }
};

/** An ext4 file system of its own in a file; needs root and a loop device. */
const makeDisk = (mebibytes: number): { folder: string; image: string } => {
  const folder = mkdtempSync(join(tmpdir(), 'disk-'));
  const image = `${folder}.img`;
  writeFileSync(image, '');
  truncateSync(image, mebibytes * MEBIBYTE);
  try {
    run('mkfs.ext4', '-q', image);
    run('mount', '-o', 'loop', image, folder);
  } catch (error) {
    rmSync(folder, { recursive: true });
    rmSync(image);
    throw error;
  }
  return { folder, image };
};
const unmake = ({ folder, image }: ReturnType<typeof makeDisk>): void => {
  run('umount', folder);
  rmSync(folder, { recursive: true });
  rmSync(image);
};
const hasDisks = can('no disk can be made here', () => {
  unmake(makeDisk(8));
});

const open = async (
  options: Parameters<typeof openScene>[0],
): Promise<{ scene: Scene; session: PairedSession; friend: string; log: string[] }> => {
  const log: string[] = [];
  const scene = await openScene({ ...options, onLog: (line) => log.push(line) });
  cleanUps.push(async () => scene.close());
  const session = await pair(scene, 'one');
  const friend = await scene.phones.createPhone();
  return { scene, session, friend: friend.jid, log };
};

/** What is logged comes by another way than answers, and may come later. */
const untilLogged = async (log: readonly string[], sentence: RegExp): Promise<void> =>
  until(
    () => log.some((line) => sentence.test(line)),
    60_000,
    () => `nobody says ${String(sentence)}`,
  );

const storageOf = async (worker: WorkerProcess): Promise<StorageFacts> => (await worker.call('GET', '/health'))['storage'] as StorageFacts;

const untilRefused = async ({ worker }: Scene, to: string, log: readonly string[]): Promise<void> => {
  let answer = '';
  await until(
    async () => {
      const { body } = await worker.send('one', to, 'nowhere to write this');
      answer = JSON.stringify(body);
      return body.code === 'STORAGE_UNAVAILABLE' && body['retryable'] === true;
    },
    60_000,
    () => `a send was answered ${answer}, and the log says ${log.slice(-5).join('\n')}`,
  );
};

const untilAllIsWell = async (scene: Scene, to: string): Promise<void> => {
  await scene.worker.untilStatus('one', 'connected');
  await until(
    async () => (await scene.worker.send('one', to, 'there is room again')).status === 200,
    // One that still meets the trouble is answered when its deadline is over, which is 30 s.
    60_000,
    () => 'sends are still refused',
  );
  await until(
    async () => (await storageOf(scene.worker)).state === 'ok',
    60_000,
    () => 'health still says that the disk fails',
  );
};

it.skipIf(!hasDisks)('A full disk is said in health and in the log, and unsaid when there is room', async () => {
  const disk = makeDisk(64);
  cleanUps.push(() => {
    unmake(disk);
  });
  const { scene, friend, log } = await open({ parentFolder: disk.folder });
  const filler = join(disk.folder, 'filler');
  const file = openSync(filler, 'w');
  expect(() => {
    for (;;) writeSync(file, Buffer.alloc(MEBIBYTE));
  }).toThrow(/ENOSPC/);
  closeSync(file);
  await untilRefused(scene, friend, log);
  expect(await storageOf(scene.worker)).toMatchObject({ state: 'failing', sentence: expect.stringMatching(FULL) as string });
  await untilLogged(log, FULL);
  rmSync(filler);
  await untilAllIsWell(scene, friend);
});

it.skipIf(!hasDisks)('A disk that turned read-only refuses sends and is survived, and a start after its repair goes on', async () => {
  const disk = makeDisk(96);
  cleanUps.push(() => {
    unmake(disk);
  });
  const { scene, session, friend, log } = await open({ parentFolder: disk.folder });
  expect((await scene.worker.send('one', friend, 'before')).status).toBe(200);
  // What the kernel does when such a disk reports an error.
  run('mount', '-o', 'remount,abort', disk.folder);
  await untilRefused(scene, friend, log);
  expect(await storageOf(scene.worker)).toMatchObject({ state: 'failing', sentence: expect.stringMatching(READ_ONLY) as string });
  await untilLogged(log, READ_ONLY);
  const other = await scene.phones.createPhone();
  const id = await scene.phones.send(other.number, session.number, 'while nothing can be written');
  expect((await scene.worker.request('GET', '/session/one/messages')).status).toBe(200);

  await scene.worker.stop();
  run('umount', disk.folder);
  // 1: it had something to repair.
  expect(spawnSync('fsck.ext4', ['-p', disk.image]).status).toBeLessThanOrEqual(1);
  run('mount', '-o', 'loop', disk.image, disk.folder);
  await scene.restartWorker();
  await untilAllIsWell(scene, friend);
  await until(
    async () => (await scene.worker.messages('one')).some((message) => message['id'] === id),
    60_000,
    () => 'the message is lost',
  );
});

it.skipIf(!hasDisks)('Files that may not be written refuse sends until they may', async () => {
  const { scene, session, friend, log } = await open({});
  const files = ['supervisor', 'runners/0'].map((store) => join(scene.dataDir, store, 'data.mdb'));
  const allow = (): void => {
    run('chattr', '-i', ...files);
  };
  cleanUps.push(allow);
  run('chattr', '+i', ...files);
  await untilRefused(scene, friend, log);
  const { state, sentence } = await storageOf(scene.worker);
  expect(state).toBe('failing');
  expect(sentence).toMatch(READ_ONLY);
  await untilLogged(log, READ_ONLY);
  const other = await scene.phones.createPhone();
  const id = await scene.phones.send(other.number, session.number, 'while nothing can be written');
  allow();
  await untilAllIsWell(scene, friend);
  await until(
    async () => (await scene.worker.messages('one')).some((message) => message['id'] === id),
    60_000,
    () => 'the message is lost',
  );
});

/** Damages the file as a lost sector does. */
const damage = (file: string): void => {
  writeFileSync(file, randomBytes(statSync(file).size));
};

it('A damaged store of the supervisor is refused with its sentence and left as it is', async () => {
  const { scene } = await open({});
  await scene.worker.stop();
  const file = join(scene.dataDir, 'supervisor/data.mdb');
  damage(file);
  const before = readFileSync(file);
  await expect(scene.restartWorker()).rejects.toThrow(/ended \(78\).*The store in .*supervisor cannot be opened.*damaged/s);
  expect(readFileSync(file).equals(before)).toBe(true);
});

it('A damaged store of a runner is said and not tried for ever, and costs no other session anything', async () => {
  const { scene, log } = await open({ env: { RUNNER_MAX_SESSIONS: '1' } });
  await pair(scene, 'two');
  await scene.worker.stop();
  damage(join(scene.dataDir, 'runners/0/data.mdb'));
  await scene.restartWorker();
  await scene.worker.untilStatus('two', 'connected');
  await untilLogged(log, /The store in .*runners\/0 cannot be opened.*damaged/);
  expect(await scene.worker.untilStatus('one', 'error')).toMatchObject({ reason: 'storage_corrupt' });
});

const KEYS = { right: randomBytes(32).toString('hex'), wrong: randomBytes(32).toString('hex') };
it.each([
  ['Without the key', { AUTH_ENCRYPTION_KEY: '' }, /ended \(78\).*credentials are encrypted; set AUTH_ENCRYPTION_KEY/s],
  [
    'With another key',
    { AUTH_ENCRYPTION_KEY: KEYS.wrong },
    /ended \(78\).*credentials are encrypted with key [0-9a-f]{8}, which is not among/s,
  ],
  ['With half a key', { AUTH_ENCRYPTION_KEY: 'abc' }, /ended \(78\).*AUTH_ENCRYPTION_KEY must be 32 bytes/s],
])('%s the worker refuses to start on encrypted data, and starts with the right one again', async (_what, env, sentence) => {
  const { scene } = await open({ env: { AUTH_ENCRYPTION_KEY: KEYS.right } });
  await scene.worker.stop();
  const start = async (more: Record<string, string>): Promise<WorkerProcess> =>
    WorkerProcess.start({ dataDir: scene.dataDir, env: { ...scene.whatsapp.env, ...more } });
  await expect(start(env)).rejects.toThrow(sentence);
  await scene.restartWorker();
  await scene.worker.untilStatus('one', 'connected');
});
