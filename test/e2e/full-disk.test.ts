import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openScene, pair } from '../support/scene.js';
import { until } from '../support/worker-process.js';

const MEBIBYTE = 1024 * 1024;

/** A small file system of its own; needs root. */
const mountSmall = (): string | undefined => {
  const folder = mkdtempSync(join(tmpdir(), 'small-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', folder], { stdio: 'ignore' });
    return folder;
  } catch (error) {
    console.log(`skipping: no small disk can be mounted here (${String(error)})`);
    rmSync(folder, { recursive: true });
    return undefined;
  }
};

const disk = mountSmall();
afterAll(() => {
  if (!disk) return;
  execFileSync('umount', [disk]);
  rmSync(disk, { recursive: true });
});

test.skipIf(!disk)('a full disk refuses sends, loses nothing that comes in, and all is well once there is room', async () => {
  const scene = await openScene({ parentFolder: disk ?? '' });
  const { worker, phones } = scene;
  const session = await pair(scene, 'cramped');
  const friend = await phones.createPhone();
  const filler = join(disk ?? '', 'filler');
  writeFileSync(filler, Buffer.alloc(36 * MEBIBYTE));
  await until(
    async () => (await worker.send('cramped', friend.jid, 'no room')).body.code === 'STORAGE_UNAVAILABLE',
    60_000,
    () => 'the disk was never full',
  );
  const id = await phones.send(friend.number, session.number, 'while the disk is full');
  expect((await worker.send('cramped', friend.jid, 'still no room')).body).toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
    retryable: true,
  });
  expect((await worker.request('GET', '/health')).status).toBe(200);
  await until(
    async () => (await worker.status('cramped'))['reason'] === 'storage_unavailable',
    60_000,
    () => 'the status does not say that the disk is what is wrong',
  );

  rmSync(filler);
  await until(
    async () => (await worker.messages('cramped')).some((message) => message['id'] === id),
    60_000,
    () => 'the message is lost',
  );
  await worker.untilStatus('cramped', 'connected');
  expect((await worker.send('cramped', friend.jid, 'room again')).status).toBe(200);
  expect((await worker.messages('cramped')).filter((message) => message['id'] === id)).toHaveLength(1);
  await scene.close();
});
