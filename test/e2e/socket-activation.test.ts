import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startSteadyRequests } from '../support/steady-requests.js';
import { until } from '../support/worker-process.js';

const HOLDER = fileURLToPath(new URL('../fixtures/socket-holder.mjs', import.meta.url));
const MAIN = fileURLToPath(new URL('../../dist/supervisor/main.js', import.meta.url));
const TOKEN = 'a-Token-of-32-characters-for-tests';
const headers = { Authorization: `Bearer ${TOKEN}` };

let folder: string;
let holder: ChildProcess | undefined;
let lines: Record<string, unknown>[];
let printed: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'activation-'));
  lines = [];
  printed = '';
});
afterEach(async () => {
  if (holder) {
    await writeFile(join(folder, 'end'), '');
    const isOver = once(holder, 'close');
    const pid = workers().at(-1);
    if (pid !== undefined && holder.exitCode === null) process.kill(pid, 'SIGTERM');
    if (holder.exitCode === null) await isOver;
    holder = undefined;
  }
  await rm(folder, { recursive: true, force: true });
});

/** A process that holds a socket on `host` and runs workers on it, one after the other. */
const hold = (env: Record<string, string>, host = '127.0.0.1'): ChildProcess => {
  const program = spawn(process.execPath, [HOLDER, host, join(folder, 'end'), process.execPath, MAIN], {
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', DATA_DIR: join(folder, 'data'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  createInterface({ input: program.stdout }).on('line', (line) => lines.push(JSON.parse(line) as Record<string, unknown>));
  program.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  holder = program;
  return program;
};

/** Pids of the workers that listened so far. */
const workers = (): number[] => lines.filter(({ msg }) => msg === 'worker is listening').map(({ pid }) => Number(pid));
const port = (): number => Number(lines.find(({ msg }) => msg === 'bound')?.['port']);
const untilWorkers = async (count: number): Promise<number> => {
  await until(
    () => workers().length >= count,
    60_000,
    () => `worker ${count} did not come: ${printed}${lines.map((line) => JSON.stringify(line)).join('\n')}`,
  );
  return workers()[count - 1] ?? 0;
};

describe('a worker on a socket of its service manager', () => {
  test.each([{ keepAlive: false }, { keepAlive: true }])(
    'refuses nothing while it is restarted under 50 requests a second (keep-alive: $keepAlive)',
    async ({ keepAlive }) => {
      hold({ WORKER_AUTH_TOKEN: TOKEN, WORKER_MAX_SESSIONS: '10000' });
      let pid = await untilWorkers(1);
      const stop = startSteadyRequests({
        ...{ port: port(), perSecond: 50, keepAlive, headers },
        make: (n) =>
          n % 10 === 0
            ? { method: 'POST', path: '/session/create', body: { sessionId: `session-${n}` } }
            : { method: 'GET', path: n % 2 === 0 ? '/health' : '/session/session-0/status' },
      });
      for (const count of [2, 3]) {
        const before = lines.length;
        await until(
          () => lines.slice(before).filter(({ msg }) => msg === 'request').length >= 5,
          60_000,
          () => 'no requests come',
        );
        process.kill(pid, 'SIGTERM');
        pid = await untilWorkers(count);
      }
      const { failures, answered, longestMs, reused } = await stop();
      console.log(`keep-alive ${keepAlive}: ${answered} answered, ${failures.length} failed, longest wait ${longestMs} ms`);
      expect(failures).toEqual([]);
      expect(answered).toBeGreaterThan(100);
      expect(reused > 0).toBe(keepAlive);
      expect(lines.filter(({ msg }) => msg === 'ended')).toEqual([
        { msg: 'ended', status: 0, signal: null },
        { msg: 'ended', status: 0, signal: null },
      ]);
    },
  );

  test('tells neither the socket nor what came with it to its runners', async () => {
    hold({ WORKER_AUTH_TOKEN: TOKEN, WA_WEBSOCKET_URL: 'ws://127.0.0.1:9/' });
    const pid = await untilWorkers(1);
    const url = `http://127.0.0.1:${port()}`;
    const json = { ...headers, 'Content-Type': 'application/json' };
    await fetch(`${url}/session/create`, { method: 'POST', headers: json, body: '{"sessionId":"alice"}' });
    void fetch(`${url}/session/alice/connect`, { method: 'POST', headers }).catch(() => undefined);
    let runner = 0;
    await until(
      async () => {
        const { data } = (await (await fetch(`${url}/runners`, { headers })).json()) as {
          data: { runners: { state: string; pid: number }[] };
        };
        runner = data.runners.find(({ state }) => state === 'ready')?.pid ?? 0;
        return runner > 0;
      },
      60_000,
      () => 'no runner came',
    );
    const socket = await readlink(`/proc/${pid}/fd/3`);
    expect(socket).toMatch(/^socket:/);
    const files = await Promise.all(
      (await readdir(`/proc/${runner}/fd`)).map(async (fd) => readlink(`/proc/${runner}/fd/${fd}`).catch(() => 'gone')),
    );
    expect(files).not.toContain(socket);
    expect(await readFile(`/proc/${runner}/environ`, 'utf8')).not.toMatch(/LISTEN_/);
  });

  test('exits 78 when the socket is open to the network and there is no token', async () => {
    const program = hold({}, '0.0.0.0');
    await once(program, 'close');
    expect(lines.at(-1)).toMatchObject({ msg: 'ended', status: 78 });
    expect(printed).toMatch(/WORKER_HOST would open the API to the network[^]*LISTEN_FDS brought a socket on 0\.0\.0\.0 port \d+/);
  });
});

describe('what is no socket', () => {
  const startWith = async (script: string): Promise<{ code: number | null; printed: string }> => {
    const child = spawn('sh', ['-c', script, 'sh', process.execPath, MAIN], {
      env: { PATH: process.env['PATH'] ?? '', DATA_DIR: join(folder, 'data') },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, printed: said };
  };

  test.each([
    ['a file', 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@" 3</dev/null', 'LISTEN_FDS says that descriptor 3 is a socket'],
    ['nothing at all', 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@" 3<&-', 'LISTEN_FDS says that descriptor 3 is a socket'],
    ['garbage in the variables', 'LISTEN_FDS=one LISTEN_PID=$$ exec "$@"', 'LISTEN_FDS must be the number of sockets'],
  ])('is refused with code 78 and a sentence: %s', async (_what, script, sentence) => {
    const { code, printed } = await startWith(script);
    expect(printed).toContain(sentence);
    expect(code).toBe(78);
  });
});
