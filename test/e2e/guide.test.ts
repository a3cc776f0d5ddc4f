import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { badRequests, checkBadRequest } from '../contract/bad-requests.js';
import { requestBytes, sendRaw } from '../contract/raw-request.js';
import { callGuide } from '../contract/guide-shapes.js';
import { openScene, pair, type Scene } from '../support/scene.js';
import { until } from '../support/worker-process.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TOKEN = 'a-token-for-this-test';

describe("the guide's calls on a running worker", () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await openScene({ env: { WORKER_AUTH_TOKEN: TOKEN } });
  });
  afterAll(async () => {
    await scene.close();
  });

  test('answer as the guide prints them, field by field', async () => {
    const client = { baseUrl: scene.worker.baseUrl, token: TOKEN };
    const { number } = await scene.phones.createPhone();
    const friend = await scene.phones.createPhone();
    const sessionId = 'user123-personal';
    const problems: Record<string, string[]> = {};
    const call = async (...[name, options]: [Parameters<typeof callGuide>[1], Parameters<typeof callGuide>[2]?]): Promise<unknown> => {
      const answer = await callGuide(client, name, { sessionId, ...options });
      problems[name] = answer.problems;
      return answer.body;
    };
    await call('health');
    await call('create');
    const { data } = (await call('connect')) as { data: { qrCode: string } };
    await scene.phones.scan(number, data.qrCode);
    await scene.worker.untilStatus(sessionId, 'connected');
    await call('status');
    await call('send', { request: { to: friend.jid, type: 'text', message: 'Hello World!' } });
    await call('messages');
    await call('delete');
    expect(problems).toEqual({ health: [], create: [], connect: [], status: [], send: [], messages: [], delete: [] });
  });

  test('wrong requests each get their status and code, and the worker goes on', async () => {
    await scene.worker.create('never-connected');
    const connected = await pair(scene, 'connected');
    const rows = badRequests({ token: TOKEN, sessionId: 'never-connected' });
    expect(rows.length).toBeGreaterThanOrEqual(60);
    const wrong: Record<string, string[]> = {};
    for (const row of rows) {
      const problems = await checkBadRequest({ baseUrl: scene.worker.baseUrl, token: TOKEN }, row);
      if (problems.length > 0) wrong[row.name] = problems;
    }
    expect(wrong).toEqual({});
    expect((await scene.worker.request('GET', '/health')).status).toBe(200);
    expect((await scene.worker.send(connected.sessionId, connected.jid, 'still here')).status).toBe(200);
  });

  test('who sends more than is wanted gets the answer nevertheless', async () => {
    const headers = { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' };
    const request = requestBytes({ method: 'POST', path: '/session/create', headers, body: `"${'a'.repeat(9_000_000)}"` });
    for (let n = 0; n < 40; n++) expect((await sendRaw(scene.worker.baseUrl, request)).status).toBe(413);
  });
});

test("the guide's two workers start in one checkout, as written", async () => {
  const started = ['recipe-worker-001', 'recipe-worker-002'].map((id) => {
    const child = spawn('npm', ['start'], {
      cwd: ROOT,
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        WORKER_ID: id,
        WORKER_PORT: '0',
        WORKER_VERSION: '1.0.0',
        WORKER_ENVIRONMENT: 'DEVELOPMENT',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
      // npm and the worker as one group, so that both can be ended.
      detached: true,
    });
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    return { id, child, lines };
  });
  try {
    for (const { id, lines } of started) {
      await until(
        () => lines.some((line) => line.includes('worker is listening')),
        // The first of them may build what is not built.
        150_000,
        () => `${id} did not start: ${lines.join('\n')}`,
      );
      const listening = lines.find((line) => line.includes('worker is listening')) ?? '';
      const { port, dataDir } = JSON.parse(listening) as { port: number; dataDir: string };
      expect(dataDir).toContain(`data/${id}`);
      expect(((await (await fetch(`http://localhost:${port}/health`)).json()) as { success: boolean }).success).toBe(true);
    }
  } finally {
    for (const { id, child } of started) {
      const exited = child.exitCode === null ? once(child, 'exit') : undefined;
      process.kill(-(child.pid ?? 0), 'SIGTERM');
      await exited;
      await rm(`${ROOT}/data/${id}`, { recursive: true, force: true });
    }
  }
});
