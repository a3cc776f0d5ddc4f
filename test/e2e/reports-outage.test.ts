// Sessions that go on changing while the backend is down and the worker is killed, and what the backend hears of it afterwards.
import { expect, onTestFinished, test } from 'vitest';
import { openScene } from '../support/scene.js';
import { startRecordingBackend, ROUTES } from '../support/recording-backend.js';
import { until, type WorkerProcess } from '../support/worker-process.js';

const SESSIONS = Array.from({ length: 50 }, (_, i) => `session-${i}`);

interface Told {
  sessionId: string;
  status: string;
  seq: number;
  skipped?: number;
}

const inAll = async (work: (sessionId: string) => Promise<unknown>): Promise<void> => void (await Promise.all(SESSIONS.map(work)));

/** A QR code is shown and nobody scans it. */
const cycle = async (worker: WorkerProcess): Promise<void> =>
  inAll(async (sessionId) => {
    await worker.connectForQr(sessionId);
    await worker.call('POST', `/session/${sessionId}/disconnect`);
  });

const waiting = async (worker: WorkerProcess): Promise<number> => {
  const { backend } = await worker.call('GET', '/health');
  return (backend as { reports: { waiting: number } }).reports.waiting;
};

test('every change of fifty sessions reaches the backend in order, although it was down and the worker was killed meanwhile', async () => {
  const backend = await startRecordingBackend();
  onTestFinished(async () => backend.close());
  const scene = await openScene({
    env: {
      BACKEND_URL: backend.url,
      WORKER_AUTH_TOKEN: 'the-token-both-know',
      CONNECT_RATE_PER_SECOND: '200',
      WORKER_MAX_SESSIONS: '50',
      CAPACITY_MEMORY_PERCENT: '100',
    },
  });
  onTestFinished(async () => scene.close());
  await inAll(async (sessionId) => scene.worker.create(sessionId));

  backend.answers(ROUTES.webhook, { status: 503, body: { success: false, error: 'down' } });
  await cycle(scene.worker);
  expect(await waiting(scene.worker)).toBe(100);
  expect(backend.of(ROUTES.webhook).length).toBeLessThan(100);

  const cut = cycle(scene.worker).catch(() => undefined);
  await until(
    async () => (await waiting(scene.worker)) > 110,
    60_000,
    () => 'the sessions do not change',
  );
  await scene.worker.kill();
  await cut;
  const worker = await scene.restartWorker();
  expect(await waiting(worker)).toBeGreaterThan(110);
  await cycle(worker);
  expect(backend.of(ROUTES.webhook).filter(({ answeredAt }) => answeredAt !== undefined).length).toBeLessThan(200);

  const down = backend.of(ROUTES.webhook).length;
  backend.answers(ROUTES.webhook, { body: { success: true } });
  await until(
    async () => (await waiting(worker)) === 0,
    60_000,
    () => 'reports are left',
  );

  const accepted = backend.of(ROUTES.webhook).slice(down);
  const told = accepted.map(({ body }) => body as unknown as Told);
  const distinct = new Set(told.map(({ sessionId, seq }) => `${sessionId} ${seq}`)).size;
  expect(down + told.length).toBeLessThanOrEqual(2 * distinct);
  for (const sessionId of SESSIONS) {
    let before: Told = { sessionId, status: 'disconnected', seq: 1 };
    const of = told.filter((one) => one.sessionId === sessionId);
    for (const report of of) {
      if (report.seq !== before.seq) {
        // That a first connection is being made is no news to the backend; all else is.
        const next = before.seq + (before.status === 'disconnected' ? 2 : 1);
        expect([sessionId, report.seq]).toEqual([sessionId, next]);
      }
      expect(report.skipped).toBeUndefined();
      before = report;
    }
    const { status, seq } = await worker.status(sessionId);
    expect([sessionId, of.at(-1)?.status, of.at(-1)?.seq]).toEqual([sessionId, status, seq]);
  }
});
