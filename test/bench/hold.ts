import { openScene, pair, type Scene } from '../support/scene.js';
import type { Bench } from './bench.js';
import { cpuSecondsOf, memoryOf, sumMemory } from './process-memory.js';

const PAIRING_AT_ONCE = 4;
const LOOK_EVERY_MS = 10_000;

/** Pairs sessions, leaves them idle, and counts every connection that was not the first: none may be lost and none made again. */
export const hold: Bench = async ({ sessions, seconds }) => {
  const scene = await openScene({ env: { WORKER_MAX_SESSIONS: String(sessions) } });
  try {
    const pairingStartedAt = performance.now();
    let next = 0;
    let paired = 0;
    const pairNext = async (): Promise<void> => {
      while (next < sessions) {
        await pair(scene, `session-${String(next++).padStart(5, '0')}`);
        if (++paired % 50 === 0) console.log(`  ${paired} sessions paired`);
      }
    };
    await Promise.all(Array.from({ length: PAIRING_AT_ONCE }, pairNext));
    const pairingSeconds = (performance.now() - pairingStartedAt) / 1000;
    console.log(`  ${sessions} sessions paired and connected in ${pairingSeconds.toFixed(0)} s; now idle for ${seconds} s`);

    const before = await openConnections(scene);
    const cpuBefore = await cpuSeconds(scene);
    const endAt = performance.now() + seconds * 1000;
    let fewest = before.size;
    while (performance.now() < endAt) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(LOOK_EVERY_MS, Math.max(0, endAt - performance.now()))));
      fewest = Math.min(fewest, await connectedSessions(scene));
    }
    const after = await openConnections(scene);
    const reconnects = [...after].filter((connection) => !before.has(connection)).length;
    const cpu = ((await cpuSeconds(scene)) - cpuBefore) / seconds;

    const runners = (await scene.worker.runners()).flatMap(({ pid }) => pid ?? []);
    const supervisor = memoryOf(scene.worker.child.pid ?? 0);
    const all = sumMemory([supervisor, ...runners.map(memoryOf)]);
    const megabytes = (kilobytes: number): number => Math.round((kilobytes / 1024) * 10) / 10;
    const results = {
      sessions,
      runners: runners.length,
      pairingSeconds: Math.round(pairingSeconds),
      fewestConnected: fewest,
      reconnects,
      workerPssMB: megabytes(all.pss),
      workerAnonymousMB: megabytes(all.anonymous),
      workerRssMB: megabytes(all.rss),
      supervisorPssMB: megabytes(supervisor.pss),
      // Without the program's own pages, of which each process has a smaller part the more processes there are.
      supervisorAnonymousMB: megabytes(supervisor.anonymous),
      pssPerSessionMB: Math.round((all.pss / 1024 / sessions) * 100) / 100,
      idleCpuPercentOfOneCore: Math.round(cpu * 1000) / 10,
    };
    return {
      results,
      targets: [
        { name: 'sessions away at any look', value: sessions - fewest, limit: 0, unit: 'sessions' },
        { name: 'reconnects while idle', value: reconnects, limit: 0, unit: 'connections' },
        { name: 'overlapping connections', value: (await scene.phones.connections()).overlaps.length, limit: 0, unit: 'connections' },
      ],
    };
  } finally {
    await scene.close();
  }
};

const openConnections = async ({ phones }: Scene): Promise<Set<number>> => {
  const { connections } = await phones.connections();
  return new Set(connections.filter(({ loggedInAt, closedAt }) => loggedInAt !== null && closedAt === null).map(({ connId }) => connId));
};

const connectedSessions = async ({ worker }: Scene): Promise<number> => {
  const { sessions } = await worker.call('GET', '/sessions');
  return (sessions as { status: string }[]).filter(({ status }) => status === 'connected').length;
};

/** CPU of all runners by their beats would be sampled; this is what the kernel counted. */
const cpuSeconds = async ({ worker }: Scene): Promise<number> => {
  const pids = [worker.child.pid ?? 0, ...(await worker.runners()).flatMap(({ pid }) => pid ?? [])];
  return pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
};
