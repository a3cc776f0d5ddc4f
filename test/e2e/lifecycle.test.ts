import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isRunning, openScene, pair } from '../support/scene.js';
import { killWorkers, until, WorkerProcess } from '../support/worker-process.js';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'worker-'));
});
afterEach(async () => {
  await killWorkers();
  await rm(dataDir, { recursive: true, force: true });
});

/** How a start that must fail ended. */
const failedStart = async (env: Record<string, string>): Promise<string> =>
  WorkerProcess.start({ dataDir, env }).then(
    () => 'it started',
    (error: unknown) => String(error),
  );

describe('a worker that cannot start', () => {
  test('exits 78 and lists every wrong variable without its value', async () => {
    const printed = await failedStart({ WORKER_PORT: 'http', WORKER_MAX_SESSIONS: '0', WORKER_AUTH_TOKEN: 'has a space' });
    expect(printed).toContain('ended (78)');
    for (const variable of ['WORKER_PORT', 'WORKER_MAX_SESSIONS', 'WORKER_AUTH_TOKEN']) expect(printed).toContain(variable);
    expect(printed).not.toContain('has a space');
  });

  test('exits 78 in production without a token and says how to fix it', async () => {
    expect(await failedStart({ WORKER_ENVIRONMENT: 'PRODUCTION' })).toMatch(/ended \(78\)[^]*WORKER_AUTH_TOKEN must be set/);
  });

  test('exits 78 and names the holder of its data folder', async () => {
    const first = await WorkerProcess.start({ dataDir });
    expect(await failedStart({})).toMatch(new RegExp(`ended \\(78\\)[^]*process ${first.child.pid}`));
    expect(await first.stop()).toBe(0);
    const second = await WorkerProcess.start({ dataDir });
    expect(await second.stop()).toBe(0);
  });

  test('exits 78 when its port is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    expect(await failedStart({ WORKER_PORT: String(port) })).toMatch(/ended \(78\)[^]*EADDRINUSE/);
    server.close();
  });
});

/** Longer than any orderly stop takes. */
const SHUTDOWN_TIMEOUT_MS = 60_000;

describe('an orderly stop', () => {
  test('detaches every session without logging it out, and leaves no process behind', async () => {
    const scene = await openScene({ env: { RUNNER_MAX_SESSIONS: '1', SHUTDOWN_TIMEOUT_MS: String(SHUTDOWN_TIMEOUT_MS) } });
    const sessions = [await pair(scene, 'one'), await pair(scene, 'two')];
    const pids = (await scene.worker.runners()).flatMap(({ pid }) => pid ?? []);
    const startedAt = performance.now();
    expect(await scene.worker.stop()).toBe(0);
    // Not because its time was over.
    expect(performance.now() - startedAt).toBeLessThan(SHUTDOWN_TIMEOUT_MS);
    expect(pids.filter(isRunning)).toEqual([]);
    for (const { number } of sessions) expect((await scene.phones.phone(number)).devices).toMatchObject([{ connected: false }]);
    const worker = await scene.restartWorker();
    for (const { sessionId } of sessions) await worker.untilStatus(sessionId, 'connected');
    await scene.close();
  });

  test('ends in time although WhatsApp is frozen and a send waits for its ack', async () => {
    const scene = await openScene({ env: { SHUTDOWN_TIMEOUT_MS: '8000' } });
    const { number } = await pair(scene, 'stuck');
    const friend = await scene.phones.createPhone();
    await scene.phones.addFault({ kind: 'freeze', target: { number } });
    const unkeyed = scene.worker.send('stuck', friend.jid, 'into the void');
    await until(
      async () => (await scene.worker.messages('stuck')).length === 1,
      60_000,
      () => 'the send was not accepted',
    );
    // Commits end in their order: when this one is on disk, so is the message, and its runner has it.
    await scene.worker.create('later');
    const keyed = scene.worker.send('stuck', friend.jid, 'into the void, with a key', 'key-1');
    await until(
      async () => (await scene.worker.call('GET', '/ready'))['sendsWaiting'] === 2,
      60_000,
      () => 'the send with a key was not accepted',
    );
    const startedAt = performance.now();
    expect(await scene.worker.stop()).toBe(0);
    // Unless told otherwise a stop may take 25 s.
    expect(performance.now() - startedAt).toBeLessThan(24_000);
    expect((await unkeyed).body).toMatchObject({ code: 'OUTCOME_UNKNOWN', retryable: false });
    expect((await keyed).body).toMatchObject({ code: 'DRAINING', retryable: true });
    await scene.close();
  });
});

test('over TLS with an authority of its own, everything works the same', async () => {
  const scene = await openScene({ whatsapp: { tls: true } });
  const session = await pair(scene, 'secure');
  const friend = await scene.phones.createPhone();
  expect((await scene.worker.send(session.sessionId, friend.jid, 'over wss')).status).toBe(200);
  await scene.close();
});

test('a server whose certificate is not signed by the trusted root is refused', async () => {
  const scene = await openScene({ env: { RUNNER_NODE_OPTIONS: '--no-warnings' } });
  await scene.worker.create('wary');
  void scene.worker.request('POST', '/session/wary/connect').catch(() => undefined);
  await until(
    async () => (await scene.phones.connections()).connections.filter(({ closedAt }) => closedAt !== null).length >= 2,
    60_000,
    () => 'it stayed connected',
  );
  expect((await scene.worker.status('wary'))['status']).not.toBe('qr_required');
  await scene.close();
});
