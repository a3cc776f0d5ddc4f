import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../support/free-port.js';
import type { WorkerProcess } from '../support/worker-process.js';
import type { ConnectionsView } from '../whatsapp/client.js';
import type { Bench } from './bench.js';
import { pairedFleet } from './fleet/paired-fleet.js';
import { onStage } from './on-stage.js';
import { sessionIdOf } from './storage/fleet-rows.js';
import { WorkerContender } from './worker-contender.js';

/** The default of CONNECT_RATE_PER_SECOND, said aloud because it is judged. */
const RATE = 10;
/** What the start of runners and a busy machine may add to the time that the rate alone takes. */
const RAMP_ALLOWANCE = { times: 3, seconds: 30 };
const LOOK_EVERY_MS = 250;
const ASK_EVERY_MS = 20;
const START_TIMEOUT_MS = 60_000;

/** A look at `/ready`: how many sessions it says are connected, and when it was asked and answered. Unix milliseconds. */
interface Look {
  askedAt: number;
  answeredAt: number;
  connected: number;
}

/** A worker with many persisted sessions starts: when it answers, and how the sessions come back. */
export const start: Bench = async ({ sessions, wss }) => {
  const fleet = await pairedFleet(sessions, wss);
  // Known before the start, so that it can be asked from the first moment on.
  const port = await freePort();
  const env = { WORKER_PORT: String(port), CONNECT_RATE_PER_SECOND: String(RATE) };
  return onStage({ fleet, kind: 'worker', sessions, env }, async (contender, { whatsapp }) => {
    if (!(contender instanceof WorkerContender)) throw new Error('only a worker answers');
    const startedAt = Date.now();
    const firstAnswers = Promise.all(['/health', '/ready'].map(async (path) => firstAnswer(`http://127.0.0.1:${port}${path}`, startedAt)));
    const worker = await contender.start();
    const [healthMs = Infinity, readyMs = Infinity] = await firstAnswers;
    console.log(`  healthy after ${healthMs} ms, ready after ${readyMs} ms`);

    const ramp = await watchRamp(worker, sessions, startedAt);
    const { connections, overlaps } = await whatsapp.client.connections();
    const after = connections.filter(({ openedAt }) => openedAt >= startedAt);
    const connects = after.map(({ openedAt }) => openedAt).toSorted((one, other) => one - other);
    const logins = after.flatMap(({ loggedInAt }) => loggedInAt ?? []).toSorted((one, other) => one - other);
    const disagreements = ramp.looks.map((look) => disagreement(look, connections)).toSorted((one, other) => one - other);
    const statuses = ramp.statusMs.toSorted((one, other) => one - other);
    const { sessions: views } = (await worker.call('GET', '/sessions')) as { sessions: { status: string; reason: string }[] };
    const results = {
      sessions,
      healthMs,
      readyMs,
      connectedSeconds: ramp.seconds,
      firstLoginSeconds: Math.round(((logins[0] ?? Infinity) - startedAt) / 100) / 10,
      mostConnectsInASecond: mostWithin(connects, 1_000),
      // A login follows its connect after a time that differs, so logins come less evenly.
      mostLoginsInASecond: mostWithin(logins, 1_000),
      statusCalls: statuses.length,
      statusP50Ms: percentile(statuses, 50),
      statusP99Ms: percentile(statuses, 99),
      statusMaxMs: percentile(statuses, 100),
      readyDisagreesByP50: percentile(disagreements, 50),
      readyDisagreesByMost: percentile(disagreements, 100),
    };
    return {
      results,
      targets: [
        { name: 'healthMs', value: results.healthMs, limit: 2_000, unit: 'ms' },
        { name: 'readyMs', value: results.readyMs, limit: 2_000, unit: 'ms' },
        {
          name: 'connectedSeconds',
          value: results.connectedSeconds,
          limit: Math.ceil((sessions / RATE) * RAMP_ALLOWANCE.times) + RAMP_ALLOWANCE.seconds,
          unit: 's',
        },
        { name: 'mostConnectsInASecond', value: results.mostConnectsInASecond, limit: RATE + 1, unit: 'connects' },
        { name: 'statusP99Ms', value: results.statusP99Ms, limit: 500, unit: 'ms' },
        { name: 'statusMaxMs', value: results.statusMaxMs, limit: 2_000, unit: 'ms' },
        { name: 'readyDisagreesByMost', value: results.readyDisagreesByMost, limit: 3 * RATE, unit: 'sessions' },
        { name: 'sessions that are not connected', value: views.filter(({ status }) => status !== 'connected').length, limit: 0, unit: '' },
        { name: 'connections that were not a login', value: after.length - logins.length, limit: 0, unit: '' },
        { name: 'logins beyond one for each session', value: logins.length - sessions, limit: 0, unit: '' },
        { name: 'overlapping connections', value: overlaps.length, limit: 0, unit: '' },
      ],
    };
  });
};

/** Asks until the answer is 200. @returns milliseconds since `startedAt` */
const firstAnswer = async (address: string, startedAt: number): Promise<number> => {
  for (;;) {
    const response = await fetch(address).catch(() => undefined);
    await response?.arrayBuffer();
    if (response?.status === 200) return Date.now() - startedAt;
    if (Date.now() - startedAt > START_TIMEOUT_MS) throw new Error(`${address} does not answer`);
    await sleep(ASK_EVERY_MS);
  }
};

/** Looks at `/ready` and asks for the status of one session after the other until all are connected. */
const watchRamp = async (
  worker: WorkerProcess,
  sessions: number,
  startedAt: number,
): Promise<{ looks: Look[]; statusMs: number[]; seconds: number }> => {
  const looks: Look[] = [];
  const statusMs: number[] = [];
  let over = false;
  const ask = async (): Promise<void> => {
    for (let n = 0; !over; n = (n + 7) % sessions) {
      const askedAt = performance.now();
      const { status } = await worker.status(sessionIdOf(n));
      statusMs.push(Math.round((performance.now() - askedAt) * 10) / 10);
      if (status === 'qr_required') throw new Error(`session ${n} asks for a QR code`);
      await sleep(ASK_EVERY_MS);
    }
  };
  const look = async (): Promise<void> => {
    while (!over) {
      const askedAt = Date.now();
      const { sessionsAway } = await worker.call('GET', '/ready');
      looks.push({ askedAt, answeredAt: Date.now(), connected: sessions - Number(sessionsAway) });
      over = sessionsAway === 0;
      if (looks.length % 40 === 0) console.log(`  ${sessions - Number(sessionsAway)} of ${sessions} connected`);
      await sleep(LOOK_EVERY_MS);
    }
  };
  await Promise.all([ask(), look()]);
  return { looks, statusMs, seconds: Math.round(((looks.at(-1)?.answeredAt ?? Infinity) - startedAt) / 100) / 10 };
};

/** How far the number is from what the simulated WhatsApp had open between question and answer. */
const disagreement = ({ askedAt, answeredAt, connected }: Look, connections: ConnectionsView['connections']): number => {
  const open = (at: number): number =>
    connections.filter(({ loggedInAt, closedAt }) => loggedInAt !== null && loggedInAt <= at && (closedAt ?? Infinity) > at).length;
  const [before, after] = [open(askedAt), open(answeredAt)];
  return Math.max(0, Math.min(before, after) - connected, connected - Math.max(before, after));
};

/** The most of these rising times that lie within `ms`. */
const mostWithin = (times: readonly number[], ms: number): number => {
  let first = 0;
  return times.reduce((most, time, at) => {
    while (time - (times[first] ?? time) >= ms) first++;
    return Math.max(most, at - first + 1);
  }, 0);
};

const percentile = (rising: readonly number[], percent: number): number =>
  rising[Math.min(rising.length - 1, Math.ceil((rising.length * percent) / 100) - 1)] ?? 0;
