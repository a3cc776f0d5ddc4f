import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { openScene, pair } from '../support/scene.js';
import { ROUTES, startRecordingBackend } from '../support/recording-backend.js';
import { until } from '../support/worker-process.js';

const PRELOAD = fileURLToPath(new URL('../fixtures/meminfo.mjs', import.meta.url));
const TOTAL_KB = 2_000_000;

test('a worker whose memory runs short takes no more sessions, pairs none and tells the backend, while paired ones connect', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'meminfo-'));
  const file = join(folder, 'meminfo');
  /** In one step, so that nobody reads half a file. */
  const memoryUsed = async (percent: number): Promise<void> => {
    await writeFile(`${file}.new`, `MemTotal: ${TOTAL_KB} kB\nMemAvailable: ${Math.round(TOTAL_KB * (1 - percent / 100))} kB\n`);
    await rename(`${file}.new`, file);
  };
  await memoryUsed(40);
  const backend = await startRecordingBackend();
  const scene = await openScene({
    env: {
      NODE_OPTIONS: `--import ${PRELOAD}`,
      MEMINFO: file,
      WORKER_AUTH_TOKEN: 'token',
      BACKEND_URL: backend.url,
      HEARTBEAT_INTERVAL_MS: '1000',
      CAPACITY_MEMORY_PERCENT: '60',
    },
  });
  onTestFinished(async () => {
    await scene.close();
    await backend.close();
    await rm(folder, { recursive: true, force: true });
  });
  const { worker } = scene;
  const room = async (): Promise<unknown> => (await worker.call('GET', '/health'))['maxSessions'];
  const told = (): unknown =>
    (backend.of(ROUTES.heartbeat).at(-1)?.body as { metrics: { sessions: { maxSessions: number } } } | undefined)?.metrics.sessions
      .maxSessions;

  await worker.create('alice');
  await pair(scene, 'carol');
  await worker.call('POST', '/session/carol/disconnect');
  await until(
    async () => (await worker.call('GET', '/health'))['memoryUsage'] === 40,
    60_000,
    () => 'the memory was not sampled',
  );
  expect(await room()).toBe(50);

  await memoryUsed(61);
  await until(
    async () => (await room()) === 2,
    60_000,
    () => 'the worker still offers room',
  );
  const refused = await worker.request('POST', '/session/create', { sessionId: 'bob' });
  expect([refused.status, refused.body.code, refused.headers.get('retry-after')]).toEqual([503, 'AT_CAPACITY', '60']);
  expect(refused.body.error).toMatch(/memory is at 61\.0 %.*60 % \(CAPACITY_MEMORY_PERCENT\)/);
  expect((await worker.request('POST', '/session/create', { sessionId: 'alice' })).body.code).toBe('SESSION_ALREADY_EXISTS');
  await until(
    () => told() === 2,
    60_000,
    () => `the backend was told ${String(told())}`,
  );
  const unpaired = await worker.request('POST', '/session/alice/connect');
  expect([unpaired.status, unpaired.body.code, unpaired.headers.get('retry-after')]).toEqual([503, 'AT_CAPACITY', '60']);
  expect(await worker.call('POST', '/session/carol/connect')).toMatchObject({ status: 'connected' });

  await memoryUsed(40);
  await until(
    async () => (await worker.request('POST', '/session/alice/connect')).body.data?.['status'] === 'qr_required',
    120_000,
    () => 'it is still not paired',
  );
}, 240_000);
