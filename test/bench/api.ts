import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from './bench.js';
import { exchange } from './exchange.js';
import { pairedFleet } from './fleet/paired-fleet.js';
import { steadily, Times } from './load.js';
import { onStage, QUIET_AFTER_MS } from './on-stage.js';
import { inRounds, targetsFor } from './rounds.js';
import { round } from './storage/figures.js';
import { sessionIdOf } from './storage/fleet-rows.js';
import { WorkerContender } from './worker-contender.js';

const PER_SECOND = 200;
/** Nobody asks for all sessions as often as for one. */
const CALLS = ['health', 'status', 'status', 'health', 'status', 'status', 'health', 'status', 'status', 'sessions'] as const;
const LIMIT_MS = 20;

/** What a backend asks all the time, of a worker with many connected sessions. */
export const api: Bench = async ({ sessions, seconds, rounds, wss }) => {
  const fleet = await pairedFleet(sessions, wss);
  const env = { CONNECT_RATE_PER_SECOND: '10000' };
  const { results, spread } = await inRounds(rounds, async () =>
    onStage({ fleet, kind: 'worker', sessions, env }, async (contender) => {
      if (!(contender instanceof WorkerContender)) throw new Error('only a worker has an API');
      await contender.open();
      await sleep(QUIET_AFTER_MS);
      await ask(contender, sessions, Math.min(5, seconds));
      return ask(contender, sessions, seconds);
    }),
  );
  const limits = Object.fromEntries(['health', 'status', 'sessions'].map((call) => [`${call}P99Ms`, [LIMIT_MS, 'ms'] as const]));
  return {
    results: { sessions, perSecond: PER_SECOND, ...results },
    spread,
    targets: targetsFor(results, { ...limits, failures: [0, 'requests'] }),
  };
};

const ask = async ({ worker }: WorkerContender, sessions: number, seconds: number): Promise<Record<string, number>> => {
  const agent = new Agent({ keepAlive: true });
  const times = { health: new Times(), status: new Times(), sessions: new Times() };
  await steadily({ perSecond: PER_SECOND, seconds }, async (n, dueAt) => {
    const call = CALLS[n % CALLS.length] ?? 'health';
    const path = call === 'status' ? `/session/${sessionIdOf((n * 7) % sessions)}/status` : `/${call}`;
    await times[call].of(dueAt, async () => {
      const { status } = await exchange(agent, worker.baseUrl, { method: 'GET', path });
      if (status !== 200) throw new Error(`${path} answered ${status}`);
    });
  });
  agent.destroy();
  const figures = Object.entries(times).map(([call, of]) => ({ call, ...of.result(seconds * 1000) }));
  return {
    ...Object.fromEntries(
      figures.flatMap(({ call, p50Ms, p99Ms }) => [
        [`${call}P50Ms`, round(p50Ms)],
        [`${call}P99Ms`, round(p99Ms)],
      ]),
    ),
    failures: figures.reduce((sum, { failures }) => sum + failures, 0),
  };
};
