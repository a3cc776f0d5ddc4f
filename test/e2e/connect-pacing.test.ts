import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { connectsSaved } from '../../supervisor/placement/connect-throttle.js';
import { openScene, pairCreated, type PairedSession, type Scene } from '../support/scene.js';
import { until } from '../support/worker-process.js';

const SESSIONS = 30;
const RATE = 5;
/** Between two connects, with something for clocks that count whole milliseconds. */
const INTERVAL_MS = 1_000 / RATE - 5;
/** The policy's pauses while connects are held back, at the least. */
const LEAST_PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000, 30_000];

interface LogLine {
  time: string;
  msg: string;
  [key: string]: unknown;
}

const env: Record<string, string> = { CONNECT_RATE_PER_SECOND: '100', RUNNER_MAX_SESSIONS: '10' };
const lines: LogLine[] = [];
const sessions: PairedSession[] = [];
let scene: Scene;

const logged = (msg: string): LogLine[] => lines.filter((line) => line.msg.startsWith(msg));
const ready = async (): Promise<Record<string, unknown>> => scene.worker.call('GET', '/ready');
/** When each connection since `at` was made, the first one first. */
const openedSince = async (at: number): Promise<number[]> =>
  (await scene.phones.connections()).connections
    .map(({ openedAt }) => openedAt)
    .filter((openedAt) => openedAt >= at)
    .toSorted((one, other) => one - other);
const allConnected = async (): Promise<boolean> => (await ready())['sessionsAway'] === 0;
const untilAllConnected = async (): Promise<void> => {
  await until(allConnected, 120_000, () => 'not every session came back');
};
const mostInASecond = (times: readonly number[]): number =>
  Math.max(0, ...times.map((at) => times.filter((other) => other >= at && other < at + 1_000).length));
/** A machine that stalls makes connects late, never early: none comes before its turn, counted from the first; `saved` may come at once. */
const expectPaced = (opened: readonly number[], from: number, saved = 0): void => {
  const early = opened.flatMap((at, n) => (at < from + (n - saved) * INTERVAL_MS ? [{ n, ms: Math.round(at - from) }] : []));
  expect(early).toEqual([]);
};

beforeAll(async () => {
  scene = await openScene({
    env,
    onLog: (line) => {
      if (line.startsWith('{')) lines.push(JSON.parse(line) as LogLine);
    },
  });
  const ids = Array.from({ length: SESSIONS }, (_, n) => `s${String(n).padStart(2, '0')}`);
  // While there are none, the machine has time for them.
  for (const sessionId of ids) await scene.worker.create(sessionId);
  for (let n = 0; n < SESSIONS; n += 3) {
    sessions.push(...(await Promise.all(ids.slice(n, n + 3).map(async (sessionId) => pairCreated(scene, sessionId)))));
  }
  await scene.worker.stop();
  env['CONNECT_RATE_PER_SECOND'] = String(RATE);
}, 300_000);
afterAll(async () => {
  await scene.close();
}, 60_000);
beforeEach(() => {
  lines.length = 0;
});

test('a start connects its sessions at the rate, says how far it is, and lets people go first', async () => {
  const worker = await scene.restartWorker();
  const last = sessions.at(-1)!;
  const asked = worker.call('POST', `/session/${last.sessionId}/connect`);
  let ramp: Record<string, unknown> | null = null;
  await until(
    async () => {
      ramp = (await ready())['ramp'] as Record<string, unknown> | null;
      return ramp !== null && Number(ramp['waiting']) < SESSIONS;
    },
    60_000,
    () => 'no ramp was told',
  );
  expect(ramp).toMatchObject({ sessions: SESSIONS });
  const { waiting, connecting, secondsLeft } = ramp as unknown as Record<string, number>;
  expect(waiting! + connecting!).toBeLessThanOrEqual(SESSIONS);
  expect(secondsLeft).toBeGreaterThanOrEqual(Math.ceil(waiting! / RATE));

  await asked;
  await untilAllConnected();
  await until(
    async () => (await ready())['ramp'] === null,
    30_000,
    () => 'the ramp did not end',
  );

  const [begun] = logged('the sessions that were connected are connected again');
  expect(begun).toMatchObject({ sessions: SESSIONS, atLeastSeconds: Math.ceil((SESSIONS - 1) / RATE) });
  expect(logged('every session that was connected has been tried')).toMatchObject([
    { sessions: SESSIONS, connected: expect.any(Number) as number },
  ]);
  const begunAt = Date.parse(begun!.time);
  const opened = await openedSince(begunAt);
  // On a machine that stalls some may have to connect twice, in turns of their own.
  expect(opened.length).toBeGreaterThanOrEqual(SESSIONS);
  // The one that was asked for may use what was saved while the runners started.
  expectPaced(opened, begunAt, 1);
  const { connections } = await scene.phones.connections();
  const openedOf = ({ number }: PairedSession): number =>
    connections.findLast(({ deviceJid }) => deviceJid?.startsWith(`${number}:`) === true)?.openedAt ?? Infinity;
  // Without having been asked for, it would have been the last.
  expect(sessions.filter((session) => openedOf(session) > openedOf(last)).length).toBeGreaterThan(0);
  console.log(
    `a ramp of ${SESSIONS}: at most ${mostInASecond(opened)} in a second, the asked one as number ${opened.indexOf(openedOf(last)) + 1}`,
  );
}, 300_000);

test('runners that are killed come back with their sessions, as many at once as was saved and the rest at the rate', async () => {
  await untilAllConnected();
  const runners = (await scene.worker.runners()).filter((one) => one.sessions > 0);
  expect(runners.map(({ sessions: held }) => held)).toEqual([10, 10, 10]);
  const killedAt = Date.now();
  for (const { pid } of runners) process.kill(pid!, 'SIGKILL');
  await until(
    async () => (await scene.worker.runners()).every(({ pid }) => !runners.some((killed) => killed.pid === pid)),
    30_000,
    () => 'the kills were not noticed',
  );
  await untilAllConnected();
  const opened = await openedSince(killedAt);
  expect(opened.length).toBeGreaterThanOrEqual(SESSIONS);
  expectPaced(opened, killedAt, connectsSaved(RATE));
  expect((await ready())['ramp']).toBeNull();
  console.log(`${SESSIONS} sessions of runners that were killed: at most ${mostInASecond(opened)} in a second`);
}, 300_000);

test('while WhatsApp refuses everybody, connects are tried one at a time with growing pauses, and all come back afterwards', async () => {
  await untilAllConnected();
  await scene.phones.addFault({ kind: 'refuse-login', reason: 503 });
  await scene.phones.closeConnections({ how: 'destroy' });
  let breaker: Record<string, unknown> | null = null;
  await until(
    async () => (breaker = (await ready())['breaker'] as Record<string, unknown> | null) !== null,
    60_000,
    () => 'no breaker was told',
  );
  expect(breaker).toMatchObject({ reason: 'transient', of: SESSIONS });
  expect(Number(breaker!['failing'])).toBeGreaterThan(0.3 * SESSIONS);
  const since = Date.parse(String(breaker!['since']));
  const tries = async (): Promise<number> => (await openedSince(since)).length;
  await until(
    async () => (await tries()) >= 3 && Date.now() - since > 8_000,
    90_000,
    () => 'nobody tries any more',
  );
  const made = await tries();
  const elapsed = Date.now() - since;
  let pauses = 0;
  let allowed = 0;
  for (const pause of LEAST_PAUSES_MS) if ((pauses += pause) <= elapsed) allowed++;
  // Before a third of the sessions had failed, some of them may have been on their way again.
  expect(made).toBeLessThanOrEqual(allowed + 0.3 * SESSIONS);
  expect(await allConnected()).toBe(false);
  expect((await ready())['breaker']).not.toBeNull();

  await scene.phones.clearFaults();
  await untilAllConnected();
  expect((await ready())['breaker']).toBeNull();
  expect(logged('many sessions fail alike').length).toBeGreaterThanOrEqual(1);
  expect(logged('connects go on at full rate')).toHaveLength(logged('many sessions fail alike').length);
  expect((await scene.phones.connections()).verdict).toBe('single');
  console.log(`${made} connects in the ${Math.round(elapsed / 1_000)} s in which WhatsApp refused ${SESSIONS} sessions`);
}, 300_000);
