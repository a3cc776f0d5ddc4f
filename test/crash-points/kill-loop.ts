import type { Traffic } from '../support/ledger/traffic.js';
import { until } from '../support/worker-process.js';
import type { CrashScene } from './crash-scene.js';
import type { KillPlan } from './kill-plan.js';
import { Killer, type Hit } from './killer.js';
import { IDLE } from './phases.js';
import type { Spent } from './spent.js';
import { STORE_CONDITIONS, type StoreCondition, type StoreUnderTest } from './store-condition.js';

export interface Kill extends Hit {
  at: Date;
  store: StoreCondition | undefined;
}

/** How long the phase aimed at is waited for before something else will do. */
const PATIENCE_MS = 2_000;
/** Sends that must be answered between two kills: what never completes cannot be lost. */
const ANSWERS_BETWEEN_KILLS = 8;
const STALL_MS = 180_000;
const KILLS_PER_CONDITION = 5;
const FRUITLESS_AIMS = 10;

export interface KillLoopOptions {
  world: CrashScene;
  traffic: Traffic;
  plan: KillPlan;
  store: StoreUnderTest;
  count: number;
  spent: Spent;
  onKill: (kill: Kill) => void;
  /** Is looked at between kills; throwing ends the loop. */
  check: () => Promise<void>;
}

/** Kills until `count` kills are done, leaving time to work between them. */
export const killUnderTraffic = async ({ world, traffic, plan, store, count, spent, onKill, check }: KillLoopOptions): Promise<void> => {
  const { scene, marks } = world;
  const killer = new Killer(marks, () => scene.worker.child.pid ?? 0);
  let kills = 0;
  let fruitless = 0;
  let answeredBefore = traffic.answered;
  while (kills < count) {
    const condition = STORE_CONDITIONS[Math.floor(kills / KILLS_PER_CONDITION) % STORE_CONDITIONS.length];
    if (store.condition !== undefined && condition && store.condition !== condition) store.become(condition);
    await spent.on('answers', async () =>
      until(
        () => {
          if (!scene.worker.isRunning) throw new Error('the supervisor ended by itself');
          return traffic.answered >= answeredBefore + ANSWERS_BETWEEN_KILLS;
        },
        STALL_MS,
        () => `after ${kills} kills nothing is answered any more`,
      ),
    );
    const aim = plan.next(store.condition);
    traffic.lull = aim.phase === IDLE;
    const hit = await spent.on('phase', async () => killer.kill(aim, PATIENCE_MS)).finally(() => (traffic.lull = false));
    if (!hit) {
      if (++fruitless > FRUITLESS_AIMS) throw new Error(`no ${aim.victim} could be killed`);
      continue;
    }
    fruitless = 0;
    kills++;
    answeredBefore = traffic.answered;
    plan.hit(hit);
    if (!hit.aimed) plan.gaveUp(aim, store.condition);
    onKill({ ...hit, at: new Date(), store: store.condition });
    if (hit.victim === 'supervisor') await spent.on('restart', async () => scene.restartWorker());
    await check();
  }
};
