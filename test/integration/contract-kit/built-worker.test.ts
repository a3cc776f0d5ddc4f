import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runKit } from '../../contract-kit/run-kit.js';
import { openScene, pair, type Scene } from '../../support/scene.js';
import { complaints, skipped } from './verdicts.js';

const MAIN = fileURLToPath(new URL('../../../dist/test/contract-kit/main.js', import.meta.url));
const TOKEN = 'a-token-for-this-test';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ env: { WORKER_AUTH_TOKEN: TOKEN } });
});
afterAll(async () => {
  await scene.close();
});

const contract = async (...args: string[]): Promise<{ code: number | null; out: string; errors: string }> => {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH: process.env['PATH'] ?? '' }, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, errors] = ['', ''];
  child.stdout.on('data', (data) => (out += String(data)));
  child.stderr.on('data', (data) => (errors += String(data)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, errors };
};

test('the worker keeps the guide’s contract, with a session of its own too', async () => {
  const { sessionId } = await pair(scene, 'paired');
  const friend = await scene.phones.createPhone();
  const report = await runKit({
    target: 'worker',
    url: scene.worker.baseUrl,
    token: TOKEN,
    dialect: 'guide',
    prefixes: { api: '/api/v1', webhooks: '/api/webhooks' },
    paired: { sessionId, to: friend.number },
    listen: undefined,
    heartbeatMs: 30_000,
    patienceMs: 30_000,
  });
  expect(complaints(report)).toBe('');
  const needListening = Object.values(skipped(report)).filter((reason) => !reason?.startsWith('needs --listen'));
  expect(needListening).toEqual([]);
  expect(report.leftBehind).toEqual([]);
  const { sessions } = await scene.worker.call('GET', '/sessions');
  expect(sessions).toMatchObject([{ sessionId: 'paired' }]);
});

test('the command exits 0 when all holds, and says what it skipped', async () => {
  const jsonFile = join(scene.dataDir, 'contract.json');
  const { code, out, errors } = await contract('--worker', scene.worker.baseUrl, '--token', TOKEN, '--json', jsonFile);
  expect(errors).toBe('');
  expect(out).toMatch(/– paired-send .*\n {4}skipped: needs --session and --to/);
  expect(out).toMatch(/\d+ hold, 0 fail, \d+ skipped\n$/);
  expect(code).toBe(0);
  const { results } = JSON.parse(await readFile(jsonFile, 'utf8')) as { results: { outcome: string }[] };
  expect(results.length).toBeGreaterThan(40);
});

test('the command exits 1 when something fails, and shows the exchange without the token', async () => {
  const { code, out } = await contract('--worker', scene.worker.baseUrl, '--token', 'another-token');
  expect(code).toBe(1);
  expect(out).toMatch(/✗ create .*\n {4}create is answered 401 instead of 200 or 201\n {4}asked: POST http/);
  expect(out).not.toContain('another-token');
});

test.each([
  ['nothing to try', []],
  ['two targets', ['--worker', 'http://127.0.0.1:1', '--backend', 'http://127.0.0.1:1']],
  ['an unknown option', ['--worker', 'http://127.0.0.1:1', '--speed', '9']],
  ['an unknown dialect', ['--worker', 'http://127.0.0.1:1', '--dialect', 'latin']],
  ['an address that is none', ['--worker', 'localhost']],
  ['a session without a number', ['--worker', 'http://127.0.0.1:1', '--session', 'a']],
  ['a backend without a token', ['--backend', 'http://127.0.0.1:1']],
  ['an option of the other target', ['--backend', 'http://127.0.0.1:1', '--token', 't', '--listen', '1']],
  ['a worker that is not there', ['--worker', 'http://127.0.0.1:1']],
])('the command exits 2 for %s', async (_name, args) => {
  const { code, out, errors } = await contract(...args);
  expect(code).toBe(2);
  expect(errors).not.toBe('');
  expect(out).not.toContain('✓');
});
