import { expect, test } from 'vitest';
import { runKit, type KitReport } from '../../contract-kit/run-kit.js';
import { FakeWhatsamWorker, type WhatsamWorkerDefect } from './fake-whatsam-worker.js';
import { freePort } from '../../support/free-port.js';
import { complaints, failed, skipped } from './verdicts.js';

/** Five at a time on two cores. */
const TIMEOUT_MS = 300_000;
/** What never comes is waited for so long, what is only late on a busy machine comes sooner. */
const DEFECT_PATIENCE_MS = 10_000;
const TOKEN = 'a-token-for-this-test';
const PAIRED = { sessionId: 'paired', to: '6281200000002' };

const tryWorker = async (defect?: WhatsamWorkerDefect): Promise<{ report: KitReport; left: string[] }> => {
  const port = await freePort();
  const worker = await FakeWhatsamWorker.start({ token: TOKEN, defect, backendUrl: `http://127.0.0.1:${port}`, heartbeatMs: 300 });
  worker.sessions.set(PAIRED.sessionId, { status: 'CONNECTED' });
  try {
    const report = await runKit({
      target: 'worker',
      url: worker.url,
      token: TOKEN,
      dialect: 'whatsam',
      prefixes: { api: '/api', webhooks: '/api/webhooks' },
      paired: PAIRED,
      listen: { host: '127.0.0.1', port },
      heartbeatMs: 300,
      patienceMs: defect === undefined ? 60_000 : DEFECT_PATIENCE_MS,
    });
    return { report, left: [...worker.sessions.keys()] };
  } finally {
    await worker.stop();
  }
};

test.concurrent(
  'a worker of the whatsam dialect passes every check, and none of the kit’s sessions is left',
  async () => {
    const { report, left } = await tryWorker();
    expect(complaints(report)).toBe('');
    expect(skipped(report)).toEqual({});
    expect(report.leftBehind).toEqual([]);
    expect(left).toEqual([PAIRED.sessionId]);
  },
  TIMEOUT_MS,
);

const SENDS = ['contact', 'image', 'link', 'location', 'poll', 'text'].map((type) => `paired-send-${type}`);

const DEFECTS: readonly (readonly [WhatsamWorkerDefect, string[]])[] = [
  ['a second start is refused', ['start-again', 'start-qr']],
  ['answers are not flat', ['start', 'paired-status']],
  ['empty JSON bodies are refused', ['disconnect', 'restart', 'logout', 'delete']],
  ['error is an object', ['error-text']],
  ['heartbeats lack sessions', ['heartbeat']],
  ['manage is missing at one path', ['manage-bad']],
  ['phoneNumber is null', ['heartbeat']],
  ['QR codes are long', ['report']],
  ['refused reports come again', ['report-404']],
  ['reports come before the answer', ['report-after-answer']],
  ['reports do not name the worker', ['report']],
  ['send by an unconnected session is a 500', ['send-unconnected']],
  ['start says connecting', ['start']],
  ['statuses are lower case', ['status', 'paired-status']],
  ['token is not checked', ['token']],
];

test.concurrent.each(DEFECTS)(
  'where %s, exactly these checks fail: %j',
  async (defect, expected) => {
    const { report } = await tryWorker(defect);
    expect(failed(report), complaints(report)).toEqual([...expected].sort());
    expect(SENDS.every((id) => report.results.some((result) => result.id === id))).toBe(true);
  },
  TIMEOUT_MS,
);
