import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openScene, pair, type PairedSession, type Scene } from '../support/scene.js';
import { until, type RunnerFacts } from '../support/worker-process.js';

const POISON = 'poison';
const NEIGHBOURS = ['one', 'two', 'three'];

let folder: string;
let scene: Scene | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'poison-'));
});
afterEach(async () => {
  await scene?.close();
  scene = undefined;
  rmSync(folder, { recursive: true, force: true });
});

interface World {
  scene: Scene;
  poison: PairedSession;
  neighbours: PairedSession[];
  /** From now on the poison ends its runner at that. */
  poisonAt: (operation: 'connect' | 'decrypt' | 'nothing') => void;
  /** Slots of runners that crashed, in the order they did. */
  crashes: number[];
  /** Log lines about the poison, by what they say. */
  said: string[];
}

/** All four share the runner of slot 0. */
const openWorld = async (): Promise<World> => {
  const plan = join(folder, 'plan');
  const preload = new URL('../fixtures/poison-session.mjs', import.meta.url);
  preload.search = new URLSearchParams({ session: POISON, plan }).toString();
  const [crashes, said]: [number[], string[]] = [[], []];
  scene = await openScene({
    env: { RUNNER_MAX_SESSIONS: '4' },
    extraNodeOptions: [`--import=${preload.href}`],
    onLog: (line) => {
      if (!line.startsWith('{')) return;
      const { msg, verdict, runnerId, sessionId } = JSON.parse(line) as Record<string, unknown>;
      if (msg === 'A runner ended' && verdict === 'crash') crashes.push(Number(runnerId));
      if (sessionId === POISON) said.push(String(msg));
    },
  });
  const poison = await pair(scene, POISON);
  const neighbours: PairedSession[] = [];
  for (const name of NEIGHBOURS) neighbours.push(await pair(scene, name));
  const poisonAt: World['poisonAt'] = (operation) => {
    writeFileSync(plan, operation);
  };
  return { scene, poison, neighbours, poisonAt, crashes, said };
};

const logins = async ({ scene: { phones }, neighbours }: World): Promise<number[]> => {
  const { connections } = await phones.connections();
  return neighbours.map(
    ({ number }) => connections.filter(({ deviceJid, loggedInAt }) => deviceJid?.startsWith(`${number}:`) && loggedInAt !== null).length,
  );
};

const runnerOf = async ({ worker }: Scene, slot: number): Promise<RunnerFacts | undefined> =>
  (await worker.runners()).find((runner) => runner.slot === slot);

const untilGivenUp = async ({ scene: { worker } }: World): Promise<Record<string, unknown>> => {
  const status = await worker.untilStatus(POISON, 'error', 90_000);
  expect(status).toMatchObject({ reason: 'crash_loop', desired: 'disconnected', suspect: { isolated: true } });
  return status;
};

/** Connected, and a message to and from each of them gets through. */
const neighboursWork = async ({ scene: { worker, phones }, neighbours }: World): Promise<void> => {
  const { number: friend } = await phones.createPhone();
  for (const { sessionId, number } of neighbours) {
    await worker.untilStatus(sessionId, 'connected');
    expect(await worker.send(sessionId, friend, `from ${sessionId}`)).toMatchObject({ status: 200, body: { data: { status: 'sent' } } });
    const id = await phones.send(friend, number, `to ${sessionId}`);
    await until(
      async () => (await worker.messages(sessionId)).some((message) => message['id'] === id),
      60_000,
      () => `${sessionId} did not get its message`,
    );
  }
  expect((await phones.connections()).overlaps).toEqual([]);
};

const retryHarmsNobody = async (world: World): Promise<void> => {
  const { worker } = world.scene;
  const [before, runner] = [await logins(world), await runnerOf(world.scene, 0)];
  const { seq } = await worker.status(POISON);
  const told = world.crashes.length;
  await worker.call('POST', `/session/${POISON}/connect`);
  await until(
    async () => Number((await worker.status(POISON))['seq']) > Number(seq) && (await worker.status(POISON))['status'] === 'error',
    90_000,
    () => 'the retry did not end in an error',
  );
  await untilGivenUp(world);
  expect(world.crashes.slice(told).filter((slot) => slot === 0)).toEqual([]);
  expect(world.crashes.length).toBe(told + 1);
  await neighboursWork(world);
  expect(await logins(world)).toEqual(before);
  expect((await runnerOf(world.scene, 0))?.pid).toBe(runner?.pid);
};

test('a session whose every connect crashes its runner ends in an error after two crashes for its neighbours, and a retry harms nobody', async () => {
  const world = await openWorld();
  const { worker } = world.scene;
  await worker.call('POST', `/session/${POISON}/disconnect`);
  world.poisonAt('connect');
  await worker.request('POST', `/session/${POISON}/connect`);
  const { suspect, message } = await untilGivenUp(world);
  expect(suspect).toMatchObject({
    deaths: Array.from({ length: 3 }, () => ({ at: expect.stringMatching(/Z$/) as string, operation: 'connect', verdict: 'crash' })),
  });
  expect(message).toMatch(/crashed/);
  expect(world.crashes.filter((slot) => slot === 0)).toHaveLength(2);
  await neighboursWork(world);
  for (const { sessionId } of world.neighbours) expect(await worker.status(sessionId)).not.toHaveProperty('suspect');
  await retryHarmsNobody(world);
  expect(world.crashes.filter((slot) => slot === 0)).toHaveLength(2);
  console.log(world.crashes.join(), world.said.join('; '));
}, 240_000);

test('a session whose every decryption crashes its runner ends in an error, stays there over a restart, and works once it is mended', async () => {
  const world = await openWorld();
  const { phones } = world.scene;
  const { number: evil } = await phones.createPhone();
  world.poisonAt('decrypt');
  const id = await phones.send(evil, world.poison.number, 'poison');
  const { suspect } = await untilGivenUp(world);
  const { deaths } = suspect as { deaths: { operation: string }[] };
  expect(deaths.map(({ operation }) => operation)).toEqual(['decrypt', 'decrypt', 'decrypt']);
  expect(world.crashes.filter((slot) => slot === 0)).toHaveLength(2);
  await neighboursWork(world);
  await retryHarmsNobody(world);

  await world.scene.worker.stop();
  const worker = await world.scene.restartWorker();
  for (const { sessionId } of world.neighbours) await worker.untilStatus(sessionId, 'connected');
  await untilGivenUp(world);
  world.poisonAt('nothing');
  await worker.call('POST', `/session/${POISON}/connect`);
  const { slot } = await worker.untilStatus(POISON, 'connected');
  expect(await runnerOf(world.scene, Number(slot))).toMatchObject({ sessions: 1 });
  expect(await worker.request('POST', `/session/${POISON}/move`, { slot: 0 })).toMatchObject({
    status: 409,
    body: { code: 'SESSION_ISOLATED' },
  });
  await until(
    async () => (await worker.messages(POISON)).some((message) => message['id'] === id),
    60_000,
    () => 'the message that was poison did not arrive',
  );
  expect(world.crashes.filter((crashed) => crashed === 0)).toHaveLength(2);
}, 240_000);

test('kills from outside make nobody a suspect, however many', async () => {
  const world = await openWorld();
  const { worker } = world.scene;
  let last: number | undefined;
  for (let kills = 0; kills < 30; kills++) {
    await until(
      async () => {
        const { state, pid } = (await runnerOf(world.scene, 0)) ?? {};
        if (state !== 'ready' || typeof pid !== 'number' || pid === last) return false;
        // Now and then everybody is connecting, and now and then connected.
        if (kills % 6 === 0) for (const { sessionId } of world.neighbours) await worker.untilStatus(sessionId, 'connected');
        last = pid;
        process.kill(pid, 'SIGKILL');
        return true;
      },
      60_000,
      () => 'the runner did not come back',
    );
  }
  for (const { sessionId } of [world.poison, ...world.neighbours]) {
    expect(await worker.untilStatus(sessionId, 'connected', 60_000)).toMatchObject({ slot: 0 });
    expect(await worker.status(sessionId)).not.toHaveProperty('suspect');
  }
  expect(world.crashes).toEqual([]);
  await neighboursWork(world);
}, 600_000);
