import { expect, test } from 'vitest';
import type { WorkerOptions } from '../../contract-kit/options.js';
import { runKit, type KitReport } from '../../contract-kit/run-kit.js';
import { FakeWorker, type WorkerDefect } from './fake-worker.js';
import { freePort } from '../../support/free-port.js';
import { complaints, failed, skipped } from './verdicts.js';

/** Five at a time on two cores. */
const TIMEOUT_MS = 300_000;
/** What never comes is waited for so long, what is only late on a busy machine comes sooner. */
const DEFECT_PATIENCE_MS = 10_000;
const TOKEN = 'a-token-for-this-test';
const PAIRED = { sessionId: 'paired', to: '6281200000002' };

/** Runs the kit with everything given: token, a connected session, and the port that the worker reports to. */
const tryWorker = async (defect?: WorkerDefect): Promise<{ report: KitReport; left: string[] }> => {
  const port = await freePort();
  const worker = await FakeWorker.start({ token: TOKEN, defect, backendUrl: `http://127.0.0.1:${port}`, heartbeatMs: 300 });
  worker.sessions.set(PAIRED.sessionId, { status: 'connected', connecting: false, phoneNumber: '+6281200000001', messages: [] });
  try {
    const options: WorkerOptions = {
      target: 'worker',
      url: worker.url,
      token: TOKEN,
      dialect: 'guide',
      prefixes: { api: '/api/v1', webhooks: '/api/webhooks' },
      paired: PAIRED,
      listen: { host: '127.0.0.1', port },
      heartbeatMs: 300,
      patienceMs: defect === undefined ? 60_000 : DEFECT_PATIENCE_MS,
    };
    return { report: await runKit(options), left: [...worker.sessions.keys()] };
  } finally {
    await worker.stop();
  }
};

test.concurrent(
  'a worker that keeps the guide passes every check, and none of the kit’s sessions is left',
  async () => {
    const { report, left } = await tryWorker();
    expect(complaints(report)).toBe('');
    expect(skipped(report)).toEqual({ 'paired-idempotency': 'the worker does not honour Idempotency-Key; for information only' });
    expect(report.leftBehind).toEqual([]);
    expect(left).toEqual([PAIRED.sessionId]);
  },
  TIMEOUT_MS,
);

const DEFECTS: readonly (readonly [WorkerDefect, string[]])[] = [
  ['broken JSON is a 500', ['create-malformed-json']],
  ['create connects', ['create-connects-nothing']],
  ['delete of an unknown session succeeds', ['unknown-delete']],
  ['duplicate create succeeds', ['create-duplicate']],
  ['error is an object', ['error-body', 'send-unconnected']],
  ['health needs the token', ['health-open', 'registration-listening']],
  ['health says percent as a text', ['health-shape']],
  ['ids are not decoded', ['encoded-id']],
  ['limit is not checked', ['messages-paging-validated']],
  ['pagination has no total', ['messages-shape', 'paired-listed']],
  ['QR is no PNG', ['connect-qr', 'report-qr']],
  ['second connect is refused', ['connect-twice']],
  ['send by an unconnected session succeeds', ['send-unconnected']],
  ['sent messages are not listed', ['paired-listed']],
  ['status says connecting', ['status-while-connecting']],
  ['a send’s time is in seconds', ['paired-send']],
  ['token is not checked', ['token-missing', 'token-wrong']],
  ['wrong token passes', ['token-wrong']],
  ['breakdown does not sum', ['heartbeat-sums']],
  ['endpoint leads nowhere', ['registration-listening']],
  ['heartbeats come late', ['heartbeat-interval']],
  ['a 404 to a heartbeat is ignored', ['heartbeat-404']],
  ['never registers', ['registration']],
  ['registers without token', ['registration-token']],
  ['reports are never repeated', ['report-503']],
  ['reports come in the wrong order', ['report-order']],
  ['reports say connecting', ['report']],
  ['uptime is a text', ['heartbeat']],
];

test.concurrent.each(DEFECTS)(
  'where %s, exactly these checks fail: %j',
  async (defect, expected) => {
    const { report } = await tryWorker(defect);
    expect(failed(report), complaints(report)).toEqual([...expected].sort());
  },
  TIMEOUT_MS,
);
