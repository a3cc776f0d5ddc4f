import { expect, test } from 'vitest';
import type { BackendOptions } from '../../contract-kit/options.js';
import { runKit, type KitReport } from '../../contract-kit/run-kit.js';
import { FakeBackend, type BackendDefect } from './fake-backend.js';
import { complaints, failed, skipped } from './verdicts.js';

const TOKEN = 'a-token-for-this-test';
const ADMIN = { email: 'admin@example.org', password: 'a-password-for-this-test' };

const tryBackend = async (
  defect?: BackendDefect,
  { admin }: Pick<BackendOptions, 'admin'> = { admin: ADMIN },
): Promise<{ report: KitReport; workers: string[]; sessions: string[] }> => {
  const backend = await FakeBackend.start({ token: TOKEN, admin: ADMIN, defect });
  try {
    const report = await runKit({
      target: 'backend',
      url: backend.url,
      token: TOKEN,
      dialect: 'guide',
      prefixes: { api: '/api/v1', webhooks: '/api/webhooks' },
      admin,
      loginPath: '/api/v1/auth/login',
      kitHost: '127.0.0.1',
    });
    return { report, workers: [...backend.workers.keys()], sessions: [...backend.sessions.keys()] };
  } finally {
    await backend.stop();
  }
};

test('a backend that keeps the guide passes every check, and nothing of the kit is left in it', async () => {
  const { report, workers, sessions } = await tryBackend();
  expect(complaints(report)).toBe('');
  expect(skipped(report)).toEqual({});
  expect(report.leftBehind).toEqual([]);
  expect({ workers, sessions }).toEqual({ workers: [], sessions: [] });
});

test('without an admin the rest is tried, and the worker that stays is named', async () => {
  const { report, workers } = await tryBackend(undefined, { admin: undefined });
  expect(complaints(report)).toBe('');
  expect(skipped(report)).toMatchObject({ 'admin-login': 'needs --admin or --jwt', 'admin-list': 'says nothing unless admin-login holds' });
  expect(report.leftBehind).toEqual([`worker ${workers[0] ?? ''} stays registered: only an admin could remove it`]);
});

test('a backend without a user side is told so, and fails nothing', async () => {
  const { report } = await tryBackend('no user side');
  expect(complaints(report)).toBe('');
  expect(skipped(report)).toMatchObject({ 'user-create': 'the backend does not offer POST /sessions' });
});

const DEFECTS: readonly (readonly [BackendDefect, string[]])[] = [
  ['a dead endpoint tests as online', ['admin-test-dead']],
  ['a restarted worker is a conflict', ['register-again']],
  ['added workers are not listed', ['admin-add']],
  ['admin routes are open', ['admin-without-jwt']],
  ['any bearer is an admin', ['admin-worker-token']],
  ['breakdown is not repeated', ['heartbeat-breakdown']],
  ['error reports are refused', ['report-error']],
  ['health check has no results', ['admin-health-check']],
  ['heartbeat of an unknown worker succeeds', ['heartbeat-unknown', 'admin-remove']],
  ['login gives no JWT', ['admin-login']],
  ['monitoring has no status', ['admin-monitoring-status']],
  ['registration without endpoint succeeds', ['register-missing-fields']],
  ['removed workers stay', ['admin-remove']],
  ['statistics is taken for a worker id', ['admin-statistics']],
  ['the summary counts wrong', ['admin-health-check']],
  ['unknown statuses are taken', ['report-bad']],
  ['worker is asked without token', ['user-connect']],
  ['worker token is not checked', ['register-token', 'heartbeat-token', 'report-token']],
];

test.each(DEFECTS)('where %s, exactly these checks fail: %j', async (defect, expected) => {
  const { report } = await tryBackend(defect);
  expect(failed(report), complaints(report)).toEqual([...expected].sort());
});
