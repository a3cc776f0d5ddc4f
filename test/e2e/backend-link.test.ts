// A built worker and a backend on this machine.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../support/free-port.js';
import { between, cpuTicks, isLimited, memoryPercent, type Ticks } from '../support/host-figures.js';
import { startRecordingBackend, ROUTES, type RecordingBackend } from '../support/recording-backend.js';
import { killWorkers, until, WorkerProcess } from '../support/worker-process.js';

const TOKEN = 'the-token-both-know';
const HEARTBEAT_MS = 1_000;
const SHUTDOWN_TIMEOUT_MS = 60_000;
/** For tests that would take what comes late on a busy machine for something else. */
const RARELY = { HEARTBEAT_INTERVAL_MS: '5000' };

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'worker-'));
});
afterEach(async () => {
  await killWorkers();
  await rm(dataDir, { recursive: true, force: true });
});

const openBackend = async (port = 0): Promise<RecordingBackend> => {
  const backend = await startRecordingBackend(port);
  onTestFinished(async () => backend.close());
  return backend;
};

interface Beat {
  status: string;
  metrics: { cpuUsage: number; memoryUsage: number; uptime: number; sessions: { total: number } };
}

/** Messages a worker logged that are about the backend, in their order. */
const backendLines = (lines: string[]): string[] =>
  lines
    .map((line) => JSON.parse(line) as { level: string; msg: string })
    .filter(({ msg }) => msg.includes('backend'))
    .map(({ level, msg }) => `${level}: ${msg}`);

const startWorker = async (backendUrl: string, env: Record<string, string> = {}) => {
  const lines: string[] = [];
  const worker = await WorkerProcess.start({
    dataDir,
    env: {
      WORKER_ID: 'worker-001',
      WORKER_AUTH_TOKEN: TOKEN,
      BACKEND_URL: backendUrl,
      HEARTBEAT_INTERVAL_MS: String(HEARTBEAT_MS),
      ...env,
    },
    onLog: (line) => lines.push(line),
  });
  return { worker, lines: () => backendLines(lines) };
};

const seen = async (backend: RecordingBackend, route: Parameters<RecordingBackend['of']>[0], count: number): Promise<void> =>
  until(
    () => backend.of(route).length >= count,
    60_000,
    () => `only ${backend.of(route).length} of ${count} requests of ${route}`,
  );

describe('registration', () => {
  test('comes once the worker can be reached at the address it names, with what the guide asks for', async () => {
    const backend = await openBackend();
    let health: number | undefined;
    backend.answers(ROUTES.register, async ({ body }) => {
      health = (await fetch(`${String(body['endpoint'])}/health`)).status;
      return { body: { success: true, data: {} } };
    });
    const { worker } = await startWorker(backend.url, { WORKER_MAX_SESSIONS: '7', WORKER_DESCRIPTION: 'The one' });
    await seen(backend, ROUTES.heartbeat, 1);
    const [first] = backend.requests;
    expect(health).toBe(200);
    expect(first).toMatchObject({ method: 'POST', path: '/api/v1/workers/register', headers: { authorization: `Bearer ${TOKEN}` } });
    expect(first?.body).toEqual({
      workerId: 'worker-001',
      endpoint: worker.baseUrl,
      maxSessions: 7,
      description: 'The one',
      version: expect.stringMatching(/^\d/) as string,
      environment: 'DEVELOPMENT',
    });
    const { data } = (await worker.request('GET', '/health')).body;
    expect(data?.['backend']).toMatchObject({
      state: 'registered',
      workerId: 'worker-001',
      sentence: null,
      reports: { waiting: 0, dead: 0 },
    });
    expect(JSON.stringify(data)).not.toContain(TOKEN);
    expect(await worker.stop()).toBe(0);
    expect(backend.of(ROUTES.register)).toHaveLength(1);
  });

  test('is tried until a backend that was down comes up, with one line in the log', async () => {
    const before = await startRecordingBackend(await freePort());
    await before.close();
    const { worker, lines } = await startWorker(before.url, RARELY);
    const view = async () => (await worker.request('GET', '/ready')).body.data?.['backend'];
    await until(
      async () => ((await view()) as { state: string }).state === 'unreachable',
      60_000,
      () => 'the worker does not say that the backend is away',
    );
    expect(await view()).toMatchObject({
      sentence: expect.stringContaining('nothing listens at the address in BACKEND_URL') as string,
      lastHeartbeat: null,
    });
    await sleep(2_500);
    const backend = await openBackend(before.port);
    await seen(backend, ROUTES.heartbeat, 1);
    await until(
      async () => ((await view()) as { state: string }).state === 'registered',
      60_000,
      () => 'the worker does not say that it is registered',
    );
    expect(await view()).toMatchObject({ sentence: null });
    expect(lines()).toEqual([
      'info: the backend is told to reach this worker here',
      'warn: the backend cannot be used now, and is tried until it can',
      'info: registered with the backend',
    ]);
  });

  test('that is refused is an error once, and says what to do', async () => {
    const backend = await openBackend();
    backend.answers(ROUTES.register, { status: 401, body: { error: 'bad token' } });
    const { worker, lines } = await startWorker(backend.url, RARELY);
    await seen(backend, ROUTES.register, 3);
    const { data } = (await worker.request('GET', '/health')).body;
    expect(data?.['backend']).toMatchObject({
      state: 'refused',
      sentence: expect.stringMatching(/set WORKER_AUTH_TOKEN.*bad token/) as string,
    });
    expect(lines().filter((line) => line.startsWith('error'))).toEqual(['error: the backend refuses this worker']);
    backend.answers(ROUTES.register, { body: {} });
    await seen(backend, ROUTES.heartbeat, 1);
    await until(
      () => lines().at(-1) === 'info: registered with the backend',
      60_000,
      () => lines().join('\n'),
    );
    expect(lines().filter((line) => line.startsWith('error'))).toHaveLength(1);
  });
});

test('a backend that gave up the sessions of a worker that was away hears of them again after its start', async () => {
  const backend = await openBackend();
  const env = { WA_WEBSOCKET_URL: 'ws://127.0.0.1:1' };
  const { worker } = await startWorker(backend.url, env);
  for (const sessionId of ['untouched', 'alice']) await worker.create(sessionId);
  await connectInVain(worker, 'alice');
  await seen(backend, ROUTES.webhook, 1);
  expect(await worker.stop()).toBe(0);
  const count = backend.of(ROUTES.webhook).length;
  const { worker: again } = await startWorker(backend.url, env);
  await seen(backend, ROUTES.webhook, count + 1);
  const { seq } = await again.status('alice');
  const told = backend.of(ROUTES.webhook).slice(count);
  expect(told.map(({ body }) => [body['sessionId'], body['status'], body['seq']])).toEqual([['alice', 'disconnected', seq]]);
});

describe('heartbeats', () => {
  test('of an unknown worker lead to a new registration at once, and to a report of how its sessions are', async () => {
    const backend = await openBackend();
    const { worker, lines } = await startWorker(backend.url, { WA_WEBSOCKET_URL: 'ws://127.0.0.1:1', ...RARELY });
    await worker.create('alice');
    await connectInVain(worker, 'alice');
    await seen(backend, ROUTES.webhook, 1);
    backend.answers(ROUTES.heartbeat, { status: 404, body: { error: 'Worker not found' } }, { body: {} });
    await seen(backend, ROUTES.register, 2);
    const [, again] = backend.of(ROUTES.register);
    const unknown = backend.of(ROUTES.heartbeat).findLast(({ answeredAt }) => (answeredAt ?? Infinity) <= (again?.arrivedAt ?? 0));
    expect((again?.arrivedAt ?? Infinity) - (unknown?.answeredAt ?? 0)).toBeLessThan(4_000);
    await seen(backend, ROUTES.webhook, 2);
    const told = backend.of(ROUTES.webhook).map(({ body }) => body);
    expect(told.at(-1)).toMatchObject({
      sessionId: 'alice',
      status: 'disconnected',
      reason: 'disconnect_requested',
      workerId: 'worker-001',
    });
    const forgotten = 'warn: the backend had forgotten this worker, which is registered again';
    await until(
      () => lines().includes(forgotten),
      60_000,
      () => lines().join('\n'),
    );
  });

  test('keep their distance and never overlap, however slowly they are answered', async () => {
    const backend = await openBackend();
    backend.answers(ROUTES.heartbeat, { body: {}, delayMs: 1_500 });
    await startWorker(backend.url, RARELY);
    await seen(backend, ROUTES.heartbeat, 4);
    const beats = backend.of(ROUTES.heartbeat).filter(({ answeredAt }) => answeredAt !== undefined);
    for (const [i, beat] of beats.entries()) {
      const before = beats[i - 1];
      if (!before) continue;
      expect(beat.arrivedAt).toBeGreaterThan(before.answeredAt ?? Infinity);
      const distance = beat.arrivedAt - before.arrivedAt;
      // To the millisecond only where the time is not a real one: what came may have waited for this process.
      expect(distance).toBeGreaterThan(2_500);
      expect(distance).toBeLessThan(15_000);
    }
  });

  test('say how the sessions and the machine are', async () => {
    const backend = await openBackend();
    const { worker } = await startWorker(backend.url, { WORKER_MAX_SESSIONS: '9' });
    for (const sessionId of ['alice', 'bob', 'carol']) await worker.create(sessionId);
    await seen(backend, ROUTES.heartbeat, 1);
    const memory = [await memoryPercent()];
    const window = await cpuWindow(worker);
    const shown = new Set<number>();
    const lastBeat = (): Beat => backend.of(ROUTES.heartbeat).at(-1)?.body as unknown as Beat;
    let beat = lastBeat();
    await until(
      async () => {
        const { cpuUsage } = await worker.call('GET', '/health');
        shown.add(Number(cpuUsage));
        memory.push(await memoryPercent());
        beat = lastBeat();
        return beat.metrics.sessions.total === 3 && shown.has(beat.metrics.cpuUsage);
      },
      60_000,
      () => `no heartbeat has a figure of health's: ${[...shown].join(', ')}; ${JSON.stringify(beat)}`,
    );
    expect(beat).toEqual({
      status: 'online',
      metrics: {
        sessions: { total: 3, connected: 0, disconnected: 3, qr_required: 0, reconnecting: 0, error: 0, maxSessions: 9 },
        cpuUsage: expect.any(Number) as number,
        memoryUsage: expect.any(Number) as number,
        uptime: expect.any(Number) as number,
        messageCount: 0,
      },
    });
    expect(beat.metrics.uptime).toSatisfy(Number.isInteger);
    const limited = await isLimited();
    if (limited) return;
    expect(window.said).toBeGreaterThan(window.least - 5);
    expect(window.said).toBeLessThan(window.most + 5);
    expect(beat.metrics.memoryUsage).toBeGreaterThan(Math.min(...memory) - 5);
    expect(beat.metrics.memoryUsage).toBeLessThan(Math.max(...memory) + 5);
  });

  test('that hang do not slow the API down', async () => {
    const backend = await openBackend();
    const { worker } = await startWorker(backend.url, { SHUTDOWN_TIMEOUT_MS: String(SHUTDOWN_TIMEOUT_MS) });
    for (let i = 0; i < 20; i++) await worker.create(`session-${i}`);
    await seen(backend, ROUTES.heartbeat, 2);
    const calm = await medianLatency(worker);
    for (const route of Object.values(ROUTES)) backend.answers(route, 'hang');
    const count = backend.of(ROUTES.heartbeat).length;
    await seen(backend, ROUTES.heartbeat, count + 2);
    const hanging = await medianLatency(worker);
    // A call that waited for the backend would take as long as a heartbeat may.
    expect(hanging).toBeLessThan(Math.max(3 * calm, HEARTBEAT_MS / 2));
    const stopping = performance.now();
    expect(await worker.stop()).toBe(0);
    expect(performance.now() - stopping).toBeLessThan(SHUTDOWN_TIMEOUT_MS);
  });
});

/** There is no WhatsApp to connect to. */
const connectInVain = async (worker: WorkerProcess, sessionId: string): Promise<void> => {
  const connecting = worker.request('POST', `/session/${sessionId}/connect`);
  await until(
    async () => (await worker.status(sessionId))['reason'] === 'connect_requested',
    60_000,
    () => `${sessionId} does not connect`,
  );
  await worker.call('POST', `/session/${sessionId}/disconnect`);
  await connecting;
};

const medianLatency = async (worker: WorkerProcess): Promise<number> => {
  const times: number[] = [];
  for (let i = 0; i < 150; i++) {
    const begun = performance.now();
    await worker.call('GET', '/sessions');
    times.push(performance.now() - begun);
  }
  return times.toSorted((a, b) => a - b)[75] ?? Infinity;
};

/** What health says of the CPU, and /proc/stat before and after it was asked. */
interface Look {
  said: number;
  before: Ticks;
  after: Ticks;
}

const look = async (worker: WorkerProcess): Promise<Look> => {
  const before = await cpuTicks();
  const { cpuUsage } = await worker.call('GET', '/health');
  return { said: Number(cpuUsage), before, after: await cpuTicks() };
};

/** @returns the last look at the figure of `from` and the first at another: between them a sample was made */
const nextSample = async (worker: WorkerProcess, from: Look): Promise<[Look, Look]> => {
  let last = from;
  for (const begun = performance.now(); ; await sleep(50)) {
    const now = await look(worker);
    // Samples that repeat the figure before are not seen: then it is that of the whole time.
    if (now.said !== last.said || performance.now() - begun > 12_000) return [last, now];
    last = now;
  }
};

/** The worker's figure for the time between two of its samples, and what it is at least and at most by /proc/stat. */
const cpuWindow = async (worker: WorkerProcess): Promise<{ said: number; least: number; most: number }> => {
  // The first three are those of the start.
  let first = await nextSample(worker, await look(worker));
  for (let i = 0; i < 2; i++) first = await nextSample(worker, first[1]);
  const second = await nextSample(worker, first[1]);
  const inner = between(first[1].after, second[0].before);
  const outer = between(first[0].before, second[1].after);
  return { said: second[1].said, least: (100 * inner.busy) / outer.all, most: (100 * outer.busy) / inner.all };
};
