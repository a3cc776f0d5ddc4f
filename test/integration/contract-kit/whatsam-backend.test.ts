import { expect, test } from 'vitest';
import { runKit, type KitReport } from '../../contract-kit/run-kit.js';
import { FakeWhatsamBackend, type WhatsamBackendDefect } from './fake-whatsam-backend.js';
import { complaints, failed, skipped } from './verdicts.js';

const TOKEN = 'a-token-for-this-test';

const tryBackend = async (defect?: WhatsamBackendDefect): Promise<{ report: KitReport; workers: string[] }> => {
  const backend = await FakeWhatsamBackend.start({ token: TOKEN, defect });
  try {
    const report = await runKit({
      target: 'backend',
      url: backend.url,
      token: TOKEN,
      dialect: 'whatsam',
      prefixes: { api: '/api', webhooks: '/api/webhooks' },
      admin: undefined,
      loginPath: '/api/auth/login',
      kitHost: '127.0.0.1',
    });
    return { report, workers: [...backend.workers.keys()] };
  } finally {
    await backend.stop();
  }
};

/** Its admins' side is not part of this fake: nothing there is answered 401 but for the missing worker token. */
const ADMIN_SIDE = ['admin-worker-token'];

test('a backend of the whatsam dialect passes every check of its workers’ side, and no worker of the kit is left in it', async () => {
  const { report, workers } = await tryBackend();
  expect(failed(report), complaints(report)).toEqual(ADMIN_SIDE);
  expect(skipped(report)).toMatchObject({ 'admin-login': 'needs --admin or --jwt' });
  expect(report.leftBehind).toEqual([]);
  expect(workers).toEqual([]);
});

const DEFECTS: readonly (readonly [WhatsamBackendDefect, string[]])[] = [
  ['any phone number is taken', ['report-bad-phone']],
  ['any QR code is taken', ['report-long-qr']],
  ['another endpoint replaces the first', ['register-conflict']],
  ['health is not asked', ['register-dead-endpoint', 'register-health-first']],
  ['heartbeats need no sessions', ['heartbeat-bad']],
  ['ids are kept as they are', ['register-normalises']],
  ['lower case is taken', ['heartbeat-bad', 'report-lower-case']],
  ['maxSessions has no limit', ['register-bad-fields']],
  ['no recovery routes', ['recovery-status', 'sessions-assigned']],
  ['register says nothing of recovery', ['register']],
  ['unknown sessions are taken', ['report-statuses', 'report-long-qr']],
  ['unknown workers may beat', ['heartbeat-unknown']],
];

test.each(DEFECTS)('where %s, exactly these checks fail: %j', async (defect, expected) => {
  const { report } = await tryBackend(defect);
  expect(failed(report), complaints(report)).toEqual([...expected, ...ADMIN_SIDE].sort());
});

test('where the token is not checked, exactly the checks of tokens fail', async () => {
  const { report } = await tryBackend('token is not checked');
  expect(failed(report), complaints(report)).toEqual(['admin-without-jwt', 'tokens']);
});
