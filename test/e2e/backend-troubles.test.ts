// A backend that answers in every wrong way there is, one after the other, while the worker's users go on as if nothing were.
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRecordingBackend, ROUTES, type Answer, type RecordingBackend } from '../support/recording-backend.js';
import { openScene, pair, type PairedSession, type Scene } from '../support/scene.js';
import { until } from '../support/worker-process.js';

/** A heartbeat may take nine tenths of it, also on a machine that is busy with other things. */
const HEARTBEAT_MS = 3_000;
/** Never scanned: each connect and disconnect is a change to tell. */
const CHANGING = ['left', 'middle', 'right'];
const SESSIONS = ['one', 'two', ...CHANGING];
const ROUNDS = 40;
const LASTS_MS = 3_000;
/** Heartbeats and registrations have as many of their own as reports. */
const MOST_SOCKETS = 16;
const WELL: Answer = { body: { success: true, data: {} } };
const MiB = 1024 * 1024;

interface Latencies {
  median: number;
  p95: number;
}

interface Trouble {
  name: string;
  answer: Answer;
  /** What health says meanwhile. */
  state: 'unreachable' | 'refused';
  sentence: RegExp;
  /** What the log has at level error. */
  errors: string[];
}

const TROUBLES: Trouble[] = [
  {
    name: 'answers after 8 seconds',
    answer: { ...WELL, delayMs: 8_000 },
    state: 'unreachable',
    sentence: /did not answer within 2\.7 s/,
    errors: [],
  },
  {
    name: 'answers 401',
    answer: failure(401),
    state: 'refused',
    sentence: /set WORKER_AUTH_TOKEN.*Said so/,
    errors: ['the backend refuses this worker'],
  },
  {
    name: 'answers 429 with Retry-After',
    answer: { ...failure(429), headers: { 'retry-after': '3' } },
    state: 'unreachable',
    sentence: /429 \(Too Many Requests\): Said so/,
    errors: [],
  },
  { name: 'answers 500', answer: failure(500), state: 'unreachable', sentence: /500 \(Internal Server Error\): Said so/, errors: [] },
  {
    name: 'answers HTML',
    answer: { text: '<html><body>Welcome to nginx!</body></html>', headers: { 'content-type': 'text/html' } },
    state: 'unreachable',
    sentence: /no JSON; is BACKEND_URL the backend itself\?/,
    errors: [],
  },
  { name: 'answers half a JSON', answer: { text: '{"success":tr' }, state: 'unreachable', sentence: /no JSON/, errors: [] },
  {
    name: 'closes amid its answer',
    answer: 'cut',
    state: 'unreachable',
    sentence: /closed the connection before it had answered/,
    errors: [],
  },
  { name: 'hangs', answer: 'hang', state: 'unreachable', sentence: /did not answer within 2\.7 s/, errors: [] },
  { name: 'answers without an end', answer: 'endless', state: 'unreachable', sentence: /longer than 256 KiB/, errors: [] },
];

function failure(status: number) {
  return { status, body: { success: false, error: 'Said so' } };
}

let backend: RecordingBackend;
let scene: Scene;
let sender: PairedSession;
let friend: string;
const lines: { level: string; msg: string }[] = [];
let calm: Latencies;
let memoryAtFirst: number;
const figures: Record<string, string | number>[] = [];

beforeAll(async () => {
  backend = await startRecordingBackend();
  scene = await openScene({
    env: {
      WORKER_AUTH_TOKEN: 'the-token-both-know',
      BACKEND_URL: backend.url,
      HEARTBEAT_INTERVAL_MS: String(HEARTBEAT_MS),
      CONNECT_RATE_PER_SECOND: '50',
      CAPACITY_MEMORY_PERCENT: '100',
      // Garbage that is only not collected yet would look like growth.
      NODE_OPTIONS: '--max-semi-space-size=1 --max-old-space-size=56',
    },
    onLog: (line) => {
      if (line.startsWith('{')) lines.push(JSON.parse(line) as { level: string; msg: string });
    },
  });
  sender = await pair(scene, 'one');
  await pair(scene, 'two');
  for (const sessionId of CHANGING) await scene.worker.create(sessionId);
  friend = (await scene.phones.createPhone({ name: 'friend' })).number;
  // What is loaded with its first use, and what garbage collection leaves for later, is nobody's trouble.
  for (let n = 0; n < 3; n++) await traffic();
  calm = (await traffic()).latencies;
  memoryAtFirst = await memory();
});

afterAll(async () => {
  process.stdout.write(`calm: median ${calm.median} ms, p95 ${calm.p95} ms\n`);
  console.table(figures);
  await scene.close();
  await backend.close();
});

const change = async (sessionId: string): Promise<void> => {
  await scene.worker.connectForQr(sessionId);
  await scene.worker.call('POST', `/session/${sessionId}/disconnect`);
};

const restart = async (sessionId: string): Promise<void> => {
  await scene.worker.call('POST', `/session/${sessionId}/restart`);
  await scene.worker.untilStatus(sessionId, 'connected');
};

/** What users do meanwhile, for some seconds; every session but the one that sends changes. */
const traffic = async (): Promise<{ latencies: Latencies; mostSockets: number; mostMemory: number }> => {
  const begun = performance.now();
  const changes = Promise.all([restart('two'), ...CHANGING.map(change)]);
  const times: number[] = [];
  let [mostSockets, mostMemory] = [0, 0];
  const timed = async (work: () => Promise<unknown>): Promise<void> => {
    const begun = performance.now();
    await work();
    times.push(performance.now() - begun);
  };
  for (let n = 0; n < ROUNDS || performance.now() - begun < LASTS_MS; n++) {
    await timed(async () => expect((await scene.worker.send(sender.sessionId, friend, `number ${n}`)).status).toBe(200));
    await timed(async () => scene.worker.status(sender.sessionId));
    mostSockets = Math.max(mostSockets, await openSockets());
    mostMemory = Math.max(mostMemory, await memory());
  }
  await changes;
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) * 10) / 10;
  return { latencies: { median: at(0.5), p95: at(0.95) }, mostSockets, mostMemory };
};

/** As the system has them: this process may be late to hear that the worker ended one. */
const openSockets = async (): Promise<number> => {
  const remote = `0100007F:${backend.port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((row) => row.trim().split(/\s+/));
  return rows.filter(([, , to, state]) => to === remote && state === ESTABLISHED).length;
};
const ESTABLISHED = '01';

/** Bytes of the supervisor that no file lies behind: its stores grow with what is sent. */
const memory = async (): Promise<number> =>
  1024 * Number(/^RssAnon:\s+(\d+)/m.exec(await readFile(`/proc/${scene.worker.child.pid}/status`, 'utf8'))?.[1]);

interface BackendHealth {
  state: string;
  sentence: string | null;
  reports: { waiting: number; dead: number; paused: string | null };
}
const health = async (): Promise<BackendHealth> => (await scene.worker.call('GET', '/health'))['backend'] as BackendHealth;

const untilHealth = async (fits: (health: BackendHealth) => boolean, what: string): Promise<BackendHealth> => {
  let last: BackendHealth | undefined;
  await until(
    async () => {
      last = await health();
      return fits(last);
    },
    60_000,
    () => `${what}: ${JSON.stringify(last)}`,
  );
  return last as BackendHealth;
};

const answerAll = (answer: Answer): void => {
  for (const route of Object.values(ROUTES)) backend.answers(route, answer);
};

/** Waits until nothing waits, and compares the last report of every session with what the worker says of it. */
const expectToldAsItIs = async (): Promise<void> => {
  await untilHealth(
    ({ state, reports: { waiting, paused } }) => state === 'registered' && waiting === 0 && paused === null,
    'it is well again',
  );
  for (const sessionId of SESSIONS) {
    const last = backend.of(ROUTES.webhook).findLast(({ body }) => body['sessionId'] === sessionId)?.body;
    const { status, seq } = await scene.worker.status(sessionId);
    expect([sessionId, last?.['status'], last?.['seq']]).toEqual([sessionId, status, seq]);
  }
};

describe('a backend that', () => {
  test.each(TROUBLES)('$name slows nobody down, and is told all once it is well', async ({ name, answer, state, sentence, errors }) => {
    const [requestsBefore, linesBefore, begun] = [backend.requests.length, lines.length, performance.now()];
    answerAll(answer);
    const { latencies, mostSockets, mostMemory } = await traffic();
    const seen = await untilHealth(
      (now) => now.state === state && sentence.test(now.sentence ?? ''),
      `health does not tell ${String(sentence)}`,
    );
    const seconds = (performance.now() - begun) / 1_000;
    const requests = backend.requests.length - requestsBefore;
    answerAll(WELL);
    await expectToldAsItIs();

    const grown = (mostMemory - memoryAtFirst) / MiB;
    figures.push({
      ...{ name, ...latencies, sockets: mostSockets, requests },
      seconds: Math.round(seconds),
      'MiB more': Math.round(grown),
    });
    expect(seen.reports.dead).toBe(0);
    expect((await health()).reports.dead).toBe(0);
    const logged = lines.slice(linesBefore).filter(({ msg }) => msg.includes('backend'));
    const ofLevel = (wanted: string): string[] => logged.flatMap(({ level, msg }) => (level === wanted ? [msg] : []));
    expect(ofLevel('error')).toEqual(errors);
    // One about the backend, one about the reports.
    expect(ofLevel('warn').length, ofLevel('warn').join()).toBeLessThanOrEqual(2);
    // One that waited for the backend would take as long as a call to it may.
    expect(latencies.median).toBeLessThan(5 * calm.median + HEARTBEAT_MS / 4);
    expect(latencies.p95).toBeLessThan(5 * calm.p95 + HEARTBEAT_MS / 2);
    expect(mostSockets).toBeLessThanOrEqual(MOST_SOCKETS);
    expect(requests).toBeLessThan(2 * seconds + 15);
    expect(grown).toBeLessThan(30);
  });
});

describe('reports that are refused for good', () => {
  const deadReports = async (): Promise<Record<string, unknown>[]> =>
    (await scene.worker.call('GET', '/reports/dead'))['reports'] as Record<string, unknown>[];

  test('are shown, and are told with the state after them once they are put back', async () => {
    backend.answers(ROUTES.webhook, ({ body }) => (body['sessionId'] === 'left' ? failure(404) : WELL));
    await Promise.all(CHANGING.map(change));
    await untilHealth(({ reports: { waiting, dead } }) => waiting === 0 && dead === 2, 'two reports are refused');
    const dead = await deadReports();
    expect(dead).toMatchObject(
      ['disconnected', 'qr_required'].map((status) => ({ sessionId: 'left', status, httpStatus: 404, error: 'Said so' })),
    );
    expect((await health()).state).toBe('registered');

    answerAll(WELL);
    await change('left');
    await untilHealth(({ reports: { waiting } }) => waiting === 0, 'what came later is told');
    expect(await scene.worker.call('POST', '/reports/replay', {})).toEqual({ replayed: 2 });
    await expectToldAsItIs();
    expect(await deadReports()).toEqual([]);
  });

  test('of session after session wait, while the worker registers again, and lie with the dead no more', async () => {
    const linesBefore = lines.length;
    const registrations = backend.of(ROUTES.register).length;
    // As where BACKEND_WEBHOOK_PREFIX is wrong.
    backend.answers(ROUTES.webhook, failure(404));
    await Promise.all([...CHANGING.map(change), ...['one', 'two'].map(restart)]);
    const { state } = await untilHealth(
      ({ reports: { dead, paused } }) => dead === 0 && /refuses session after session: Said so\./.test(paused ?? ''),
      'the worker blames itself',
    );
    expect(state).toBe('registered');
    const error = 'the backend knows this worker but refuses its reports, which wait: check BACKEND_WEBHOOK_PREFIX';
    const errors = (): string[] => lines.slice(linesBefore).flatMap(({ level, msg }) => (level === 'error' ? [msg] : []));
    await until(
      () => errors().length > 0,
      60_000,
      () => 'the log has no error',
    );
    expect(backend.of(ROUTES.register).length - registrations).toBeGreaterThan(0);
    expect(backend.of(ROUTES.register).length - registrations).toBeLessThan(5);
    answerAll(WELL);
    await expectToldAsItIs();
    expect((await health()).reports.dead).toBe(0);
    expect(errors()).toEqual([error]);
  });
});
