import { setTimeout as sleep } from 'node:timers/promises';
import { WATCHDOG_LIMITS } from '../../supervisor/fleet/watchdog.js';
import type { WorkerProcess } from '../support/worker-process.js';
import type { PlannedFault } from './fault-plan.js';
import { FAULTS, type FaultKind } from './faults.js';
import { lookAtRunners, lookAtSessions, type RunnerLook, type SessionLook } from './fleet-look.js';
import { ORDER_SIGNAL, writeOrder } from './orders.js';

/** A fault that was committed, and what came of it. Times are Unix milliseconds. */
export interface Strike {
  kind: FaultKind;
  slot: number;
  pid: number;
  /** Sessions that may lose their connection by it: those of the runner, or none when it must go on. */
  hit: ReadonlySet<string>;
  at: number;
  /** When the last end of a process that belongs to it was observed; undefined when the runner went on. */
  exitAt: number | undefined;
  /** When the runner after it was started. */
  restartedAt: number | undefined;
  /** When the first of the sessions was connected again, the last that shares its runner, and the last of all; as the supervisor says. */
  firstBackAt: number | undefined;
  sharedBackAt: number;
  backAt: number;
  /** Sessions that are suspected, by chance, of what was done to their runner: they are opened after the others, one by one. */
  suspects: readonly string[];
  /** Those that live in a runner of their own by now. */
  isolated: readonly string[];
  /** Its heap took so long to fill that the watchdog ended it first. */
  overtaken: boolean;
  /** What did not go as such a fault must. */
  wrong: string[];
}

const LOOK_EVERY_MS = 100;
const NOTICE_TIMEOUT_MS = 60_000;
const BACK_TIMEOUT_MS = 90_000;

/** Commits a fault and waits until all sessions it hit are connected again. @throws when they do not come back */
export const strike = async (worker: WorkerProcess, orders: string, { kind, slot: wanted }: PlannedFault): Promise<Strike> => {
  const { exits, means } = FAULTS[kind];
  const victim = await victimNear(worker, wanted);
  const { slot, pid } = victim;
  const inRunner = (await lookAtSessions(worker)).filter((session) => session.slot === slot).map(({ sessionId }) => sessionId);
  const done: Strike = {
    kind,
    slot,
    pid,
    hit: new Set(exits.length > 0 ? inRunner : []),
    at: Date.now(),
    exitAt: undefined,
    restartedAt: undefined,
    firstBackAt: undefined,
    sharedBackAt: 0,
    backAt: 0,
    suspects: [],
    isolated: [],
    overtaken: false,
    wrong: [],
  };
  if (means === 'order') writeOrder(orders, slot, 'now', kind);
  if (means === 'next start') writeOrder(orders, slot, 'at-start', kind);
  process.kill(pid, means === 'order' ? ORDER_SIGNAL : means === 'next start' ? 'SIGKILL' : means);

  let last = victim.lastExit?.at ?? 0;
  for (const expected of exits) {
    const exit = await seen(worker, slot, `the end of runner ${pid} by ${kind}`, ({ lastExit }) =>
      lastExit && lastExit.at > last ? lastExit : undefined,
    );
    // A collector that finds nothing to free is silent, too: on a machine that is far too busy the watchdog comes before the end of the heap.
    const overtaken = expected === 'oom' && exit.verdict === 'crash' && exit.at - done.at > WATCHDOG_LIMITS.unresponsiveAfterMs;
    if (overtaken) done.overtaken = true;
    else if (exit.verdict !== expected) done.wrong.push(`the end of runner ${pid} by ${kind} was judged ${exit.verdict}, not ${expected}`);
    last = exit.at;
  }
  if (exits.length === 0) {
    const before = victim.unhandledRejections ?? 0;
    const after = await seen(worker, slot, `a rejection in runner ${pid}`, (runner) =>
      runner.incarnation !== victim.incarnation || (runner.unhandledRejections ?? 0) > before ? runner : undefined,
    );
    if (after.pid !== pid) done.wrong.push(`runner ${pid} did not survive ${kind}`);
    return { ...done, sharedBackAt: Date.now(), backAt: Date.now() };
  }
  const back = await untilBack(worker, done.hit);
  const suspects = back.filter(({ suspect }) => suspect !== undefined);
  const restartedAt = (await lookAtRunners(worker)).find((one) => one.slot === slot)?.startedAt;
  const lastOf = (sessions: readonly SessionLook[]): number => Math.max(last, ...sessions.map(({ since }) => since));
  return {
    ...done,
    exitAt: last,
    restartedAt,
    firstBackAt: Math.min(...back.map(({ since }) => since)),
    sharedBackAt: lastOf(back.filter(({ suspect }) => suspect?.isolated !== true)),
    backAt: lastOf(back),
    suspects: suspects.map(({ sessionId }) => sessionId),
    isolated: suspects.filter(({ suspect }) => suspect?.isolated).map(({ sessionId }) => sessionId),
  };
};

/** A ready runner of many: of the slot that was planned, or of the next such one. A session alone in its runner would be given up for it. */
const victimNear = async (worker: WorkerProcess, wanted: number): Promise<RunnerLook & { pid: number }> => {
  const deadline = performance.now() + NOTICE_TIMEOUT_MS;
  for (;;) {
    const able = (await lookAtRunners(worker)).flatMap((runner) =>
      runner.state === 'ready' && runner.sessions > 1 && runner.pid !== null && runner.unhandledRejections !== null
        ? [{ ...runner, pid: runner.pid }]
        : [],
    );
    const victim = able.find(({ slot }) => slot >= wanted) ?? able[0];
    if (victim) return victim;
    if (performance.now() > deadline) throw new Error('there is no runner to strike');
    await sleep(LOOK_EVERY_MS);
  }
};

const seen = async <T>(worker: WorkerProcess, slot: number, what: string, find: (runner: RunnerLook) => T | undefined): Promise<T> => {
  const deadline = performance.now() + NOTICE_TIMEOUT_MS;
  for (;;) {
    const runner = (await lookAtRunners(worker)).find((one) => one.slot === slot);
    const found = runner && find(runner);
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`${what} was not seen in ${NOTICE_TIMEOUT_MS} ms`);
    await sleep(LOOK_EVERY_MS);
  }
};

/** Waits until all are connected, wherever they live by then. */
const untilBack = async (worker: WorkerProcess, sessionIds: ReadonlySet<string>): Promise<SessionLook[]> => {
  const deadline = performance.now() + BACK_TIMEOUT_MS;
  for (;;) {
    const hit = (await lookAtSessions(worker)).filter(({ sessionId }) => sessionIds.has(sessionId));
    const away = hit.filter(({ status }) => status !== 'connected');
    if (away.length === 0) return hit;
    if (performance.now() > deadline)
      throw new Error(`not connected again: ${away.map(({ sessionId, status }) => `${sessionId} is ${status}`).join(', ')}`);
    await sleep(LOOK_EVERY_MS);
  }
};
