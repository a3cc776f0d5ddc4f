// The built gateway as a process.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort } from '../../support/free-port.js';
import { spawnGateway, type SpawnedGateway } from '../../gateway/spawn-gateway.js';
import { ONE_REQUEST } from '../../whatsapp/one-request.js';

const WORKER_TOKEN = 'worker-token-of-the-tests';
const ADMIN = { email: 'operator@gateway.test', password: 'a long password' };

let folder: string;
let gateway: SpawnedGateway | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateway-process-'));
});
afterEach(async () => {
  await gateway?.kill();
  gateway = undefined;
  await rm(folder, { recursive: true, force: true });
});

const call = async (url: string, token: string, method: string, body?: unknown) => {
  const response = await fetch(url, {
    method,
    headers: { ...ONE_REQUEST, authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, data: ((await response.json()) as { data?: Record<string, unknown> }).data ?? {} };
};

test('every report that was answered survives kill -9, in its order, and so do workers and tokens', async () => {
  const port = await freePort();
  const options = { port, stateFile: join(folder, 'state.json'), workerToken: WORKER_TOKEN, admin: ADMIN };
  gateway = await spawnGateway(options);
  const api = `http://127.0.0.1:${port}/api/v1`;
  const token = String((await call(`${api}/auth/login`, '', 'POST', ADMIN)).data['token']);
  const registration = {
    workerId: 'worker-001',
    endpoint: 'http://127.0.0.1:1',
    maxSessions: 50,
    version: '1.0.0',
    environment: 'DEVELOPMENT',
  };
  expect((await call(`${api}/workers/register`, WORKER_TOKEN, 'POST', registration)).status).toBe(201);

  let answered = 0;
  const killing = new AbortController();
  const reporting = (async () => {
    while (!killing.signal.aborted) {
      const report = { sessionId: 'alice', status: 'connected', seq: answered };
      // The last one meets a closed connection.
      const answer = await call(`http://127.0.0.1:${port}/api/webhooks/session-status`, WORKER_TOKEN, 'POST', report).catch(
        () => undefined,
      );
      if (answer?.status === 404) answered++;
    }
  })();
  await expect.poll(() => answered).toBeGreaterThan(20);
  await gateway.kill();
  killing.abort();
  await reporting;

  gateway = await spawnGateway(options);
  const { reports } = (await call(`${api}/sessions/alice/reports`, token, 'GET')).data as { reports: { body: { seq: number } }[] };
  expect(reports.map(({ body }) => body.seq).slice(0, answered)).toEqual(Array.from({ length: answered }, (_, seq) => seq));
  // At most the one whose answer was cut off is there beyond those.
  expect(reports.length - answered).toBeLessThanOrEqual(1);
  expect((await call(`${api}/workers`, token, 'GET')).data).toMatchObject({
    total: 1,
    workers: [{ workerId: 'worker-001', status: 'ONLINE' }],
  });
  expect(await gateway.stop()).toBe(0);
});

test('it speaks the other dialect when told to', async () => {
  gateway = await spawnGateway({ workerToken: WORKER_TOKEN, dialect: 'whatsam', admin: ADMIN, staleMs: 1_500 });
  expect((await call(`${gateway.url}/health`, '', 'GET')).data).toEqual({ status: 'online', dialect: 'whatsam' });
  expect((await call(`${gateway.url}/api/auth/login`, '', 'POST', ADMIN)).status).toBe(200);
});

test('it ends with a sentence when its file is damaged', async () => {
  const stateFile = join(folder, 'state.json');
  await writeFile(stateFile, 'not a state');
  await expect(spawnGateway({ workerToken: WORKER_TOKEN, stateFile })).rejects.toThrow(
    /ended with 64 .* is damaged or belongs to something else/,
  );
  expect(await readFile(stateFile, 'utf8')).toBe('not a state');
});
