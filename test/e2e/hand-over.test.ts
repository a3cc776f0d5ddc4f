import { afterEach, expect, test } from 'vitest';
import { isRunning, openScene, pair, pairCreated, type PairedSession, type Scene } from '../support/scene.js';
import { startTalk } from '../support/talk.js';
import type { RunnerFacts } from '../contract/runners-answer.js';
import { until } from '../support/worker-process.js';

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.close();
  scene = undefined;
});

const loginsOf = async ({ phones }: Scene, number: string): Promise<number> =>
  (await phones.connections()).connections.filter(
    (connection) => connection.deviceJid?.startsWith(`${number}:`) === true && connection.loggedInAt !== null,
  ).length;

test('a session that talks is moved back and forth ten times: nothing is lost or doubled, one socket at any time, nobody else notices', async () => {
  scene = await openScene({ env: { RUNNER_MAX_SESSIONS: '3' } });
  const { phones, worker } = scene;
  const sessions: PairedSession[] = [];
  for (const name of ['moves', 'stays', 'beside']) sessions.push(await pair(scene, name));
  const [moves, stays, beside] = sessions as [PairedSession, PairedSession, PairedSession];
  const before = await Promise.all([stays, beside].map(async ({ number }) => loginsOf(scene as Scene, number)));

  const talk = startTalk(scene, [moves, stays], 10);
  const took: number[] = [];
  for (let n = 0; n < 10; n++) {
    const startedAt = performance.now();
    const view = await worker.call('POST', '/session/moves/move', { slot: n % 2 === 0 ? 1 : 0 });
    took.push(Math.round(performance.now() - startedAt));
    expect(view).toMatchObject({ status: 'connected', slot: n % 2 === 0 ? 1 : 0 });
  }
  const count = await talk.stop();
  expect(count).toMatchObject({ lost: 0, doubled: 0 });
  expect(count.sent).toBeGreaterThan(20);
  expect((await phones.connections()).overlaps).toEqual([]);
  expect((await phones.connections()).verdict).toBe('single');
  const after = await Promise.all([stays, beside].map(async ({ number }) => loginsOf(scene as Scene, number)));
  expect(after).toEqual(before);
  console.log(`moves took ${took.join(', ')} ms; ${JSON.stringify(count)}`);
});

test('a runner with 25 sessions and traffic is recycled: they are away for less than 5 s, nothing is lost or doubled, the old process ends', async () => {
  scene = await openScene({ env: { WORKER_MAX_SESSIONS: '25', CONNECT_RATE_PER_SECOND: '50' } });
  const { phones, worker } = scene;
  const sessions: PairedSession[] = [];
  for (let n = 0; n < 25; n++) await worker.create(`s${n}`);
  for (let n = 0; n < 25; n++) sessions.push(await pairCreated(scene, `s${n}`));
  const [old] = (await worker.runners()).filter(({ state }) => state === 'ready');
  const talk = startTalk(scene, sessions, 10);
  expect(await worker.call('POST', '/runners/0/recycle')).toEqual({ slot: 0, sessions: 25, target: 1 });
  expect((await worker.request('POST', '/runners/1/recycle')).body.code).toBe('BUSY');
  await until(
    async () => (await worker.runners()).some(({ slot, state }) => slot === 0 && state === 'idle'),
    60_000,
    () => 'the old runner is still there',
  );
  expect(isRunning(old?.pid ?? 0)).toBe(false);
  for (const { sessionId } of sessions) expect(await worker.untilStatus(sessionId, 'connected')).toMatchObject({ slot: 1 });
  const count = await talk.stop();
  expect(count).toMatchObject({ lost: 0, doubled: 0 });
  const { connections, overlaps } = await phones.connections();
  expect(overlaps).toEqual([]);
  const away = sessions.map(({ number }) => {
    const own = connections.filter(
      (connection) => connection.deviceJid?.startsWith(`${number}:`) === true && connection.loggedInAt !== null,
    );
    const [last, before] = own.toReversed();
    return (last?.loggedInAt ?? Infinity) - (before?.closedAt ?? 0);
  });
  const sorted = away.toSorted((a, b) => a - b);
  console.log(`longest away ${Math.max(...away)} ms; ${JSON.stringify(count)}`);
  // Whoever was under way in a moment when the machine did something else is not what this is about.
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(5_000);
  expect(Math.max(...away)).toBeLessThan(30_000);
});

test('kill -9 of the source, of the target and of the supervisor in the middle of moves: all is connected again, nothing lost or doubled', async () => {
  scene = await openScene({ env: { RUNNER_MAX_SESSIONS: '2' } });
  const { phones } = scene;
  const sessions: PairedSession[] = [];
  for (const name of ['one', 'two', 'three', 'four']) sessions.push(await pair(scene, name));
  const talk = startTalk(scene, sessions, 8);
  const slotOf = async (sessionId: string): Promise<number> => Number((await scene?.worker.status(sessionId))?.['slot']);
  const pidIn = async (slot: number): Promise<number | null | undefined> =>
    (await scene?.worker.runners())?.find((runner) => runner.slot === slot)?.pid;

  for (const [n, victim] of ['source', 'target', 'supervisor', 'target', 'source', 'supervisor'].entries()) {
    const source = await slotOf('one');
    const target = source === 2 ? 3 : 2;
    const pid = await pidIn(victim === 'source' ? source : target);
    const move = scene.worker.request('POST', '/session/one/move', { slot: target }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 40 * n));
    if (victim === 'supervisor') {
      await scene.worker.kill();
      await move;
      await scene.restartWorker();
    } else {
      const now = pid ?? (await pidIn(target));
      if (typeof now === 'number') process.kill(now, 'SIGKILL');
      await move;
    }
    for (const { sessionId } of sessions) await scene.worker.untilStatus(sessionId, 'connected');
  }
  const count = await talk.stop();
  expect(count).toMatchObject({ lost: 0, doubled: 0 });
  expect((await phones.connections()).overlaps).toEqual([]);
  for (const { sessionId } of sessions) expect((await scene.worker.status(sessionId))['reason']).toBe('opened');
  await until(
    async () => (await scene?.worker.call('GET', '/sessions')) !== undefined,
    60_000,
    () => 'the worker does not answer',
  );
  console.log(JSON.stringify(count));
});

test('sessions of a runner that fails too often live elsewhere, with what it had received', async () => {
  scene = await openScene({ env: { RUNNER_MAX_SESSIONS: '2' } });
  const { phones, worker } = scene;
  const one = await pair(scene, 'one');
  const two = await pair(scene, 'two');
  const three = await pair(scene, 'three');
  const before = await loginsOf(scene, three.number);
  const talk = startTalk(scene, [one, two], 5);
  const inFirst = async (): Promise<RunnerFacts | undefined> => (await worker.runners()).find(({ slot }) => slot === 0);
  let last: number | undefined;
  for (let failures = 0; failures < 5; failures++) {
    await until(
      async () => {
        const runner = await inFirst();
        if (runner?.state !== 'ready' || runner.pid === null || runner.pid === last || !isRunning(runner.pid)) return false;
        last = runner.pid;
        process.kill(runner.pid, 'SIGABRT');
        return true;
      },
      60_000,
      () => 'the runner did not come back',
    );
  }
  for (const { sessionId } of [one, two]) {
    await until(
      // An empty slot, or one of its own when it was seen at work in two of these ends.
      async () => Number((await worker.status(sessionId))['slot']) >= 2,
      60_000,
      () => `${sessionId} was not moved`,
    );
    await worker.untilStatus(sessionId, 'connected');
  }
  const count = await talk.stop();
  expect(count).toMatchObject({ lost: 0, doubled: 0 });
  expect((await phones.connections()).overlaps).toEqual([]);
  expect(await loginsOf(scene, three.number)).toBe(before);
  console.log(JSON.stringify(count));
});
