import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { openScene, pair, type Scene } from '../support/scene.js';
import { until } from '../support/worker-process.js';

let scene: Scene | undefined;
const bucket = mkdtempSync(join(tmpdir(), 'bucket-'));
afterEach(async () => {
  await scene?.close();
  scene = undefined;
  rmSync(bucket, { recursive: true, force: true });
});

test('a session that was moved to and fro comes back from the object store after the loss of the disk', async () => {
  scene = await openScene({
    env: { WORKER_ID: 'worker-a', MINIO_ENDPOINT: pathToFileURL(bucket).href, REPLICATION_INTERVAL_MS: '300', RUNNER_MAX_SESSIONS: '2' },
  });
  const { phones } = scene;
  const storage = async (): Promise<Record<string, unknown>> => (await scene?.worker.call('GET', '/storage')) ?? {};
  const serving = async (): Promise<void> =>
    until(
      async () => (await storage())['state'] !== 'restoring',
      60_000,
      () => 'the worker did not get its sessions back',
    );
  await serving();
  const moves = await pair(scene, 'moves');
  const friend = await phones.createPhone();
  const talk = async (n: number): Promise<void> => {
    const { status } = (await scene?.worker.send('moves', friend.jid, `out ${n}`)) ?? {};
    expect(status).toBe(200);
    const id = await phones.send(friend.number, moves.number, `in ${n}`);
    await until(
      async () => ((await scene?.worker.messages('moves')) ?? []).some((message) => message['id'] === id),
      60_000,
      () => `message ${n} is not in history`,
    );
  };
  await talk(0);
  for (const [n, slot] of [1, 0, 2].entries()) {
    expect(await scene.worker.call('POST', '/session/moves/move', { slot })).toMatchObject({ status: 'connected', slot });
    await talk(n + 1);
  }
  await until(
    async () => (await storage())['changesWaiting'] === 0,
    60_000,
    () => 'the object store did not get every change',
  );
  await scene.worker.kill();
  rmSync(scene.dataDir, { recursive: true, force: true });
  await scene.restartWorker();
  await serving();
  expect(await scene.worker.untilStatus('moves', 'connected')).toMatchObject({ reason: 'opened' });
  await talk(9);
  expect((await scene.worker.messages('moves')).map(({ content }) => content)).toHaveLength(10);
  expect((await phones.shown(friend.number)).map(({ text }) => text)).toEqual(['out 0', 'out 1', 'out 2', 'out 3', 'out 9']);
  expect((await phones.connections()).overlaps).toEqual([]);
});
