import { existsSync } from 'node:fs';
import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Person } from '../support/ledger/traffic.js';
import { untilServing } from '../support/object-scene.js';
import { openScene, pair, type PairedSession, type Scene } from '../support/scene.js';
import { FAILED_DECRYPTIONS, readFailedDecryptions, type FailedDecryption } from './failed-decryptions.js';
import { VICTIMS, type Victim } from './phases.js';
import { importOption } from './preload.js';
import type { StoreUnderTest } from './store-condition.js';
import { WorkerLog } from './worker-log.js';

/** Two in each runner: a kill leaves the others at work. */
const SESSIONS = ['a', 'b', 'c', 'd'];
const SESSIONS_PER_RUNNER = 2;
const FRIENDS = 2;
/** Of every other session: somewhat slower than what it is asked to send, so that most wait for their turn. */
const PACE = { sendRatePerMinute: 240, burst: 2 };
/** More at once would only wait for each other's keys. */
const PAIRING_AT_ONCE = 2;
/** Memory where there is such a folder: marks are written many times a second. */
const SHARED_MEMORY = '/dev/shm';

export interface CrashScene {
  scene: Scene;
  sessions: PairedSession[];
  friends: Person[];
  /** Sessions that have a pace. */
  paced: ReadonlySet<string>;
  marks: string;
  log: WorkerLog;
  failedDecryptions(): FailedDecryption[];
  /** Ends everything. @returns the folder of what is kept, when it is to be kept */
  close(keep: boolean): Promise<string | undefined>;
}

export interface CrashSceneOptions {
  /** Of the scenes that run side by side; part of what its sessions are called. */
  number: number;
  sabotage: string;
  store: StoreUnderTest;
}

/** A simulated WhatsApp, a worker with marks in all of its processes, and paired sessions. */
export const openCrashScene = async ({ number, sabotage, store }: CrashSceneOptions): Promise<CrashScene> => {
  const folder = await mkdtemp(join(tmpdir(), 'crash-points-'));
  const marks = await mkdtemp(join(existsSync(SHARED_MEMORY) ? SHARED_MEMORY : folder, 'crash-marks-'));
  const log = new WorkerLog(join(folder, 'worker.log'));
  const preloads = Object.fromEntries(
    VICTIMS.map((victim) => {
      const parameters = { victim, folder: marks, sabotage, withStore: store.condition !== undefined };
      // The sabotage first: the marks then tell what a safeguard's caller believes.
      const names = sabotage === '' ? (['mark-phases.js'] as const) : (['sabotage.js', 'mark-phases.js'] as const);
      return [victim, names.map((name) => importOption(name, parameters))];
    }),
  ) as Record<Victim, string[]>;
  const scene = await openScene({
    env: {
      RUNNER_MAX_SESSIONS: String(SESSIONS_PER_RUNNER),
      SEND_DEADLINE_MS: '10000',
      EVENTS_RETENTION_COUNT: '10000000',
      // What Baileys complains of is logged at debug.
      LOG_LEVEL: 'debug',
      NODE_OPTIONS: preloads.supervisor.join(' '),
      ...store.env,
    },
    extraNodeOptions: preloads.runner,
    onLog: log.take,
    parentFolder: folder,
  });
  const close = async (keep: boolean): Promise<string | undefined> => {
    try {
      await scene.worker.stop();
      if (keep) await rename(scene.dataDir, join(folder, 'data'));
      await scene.close();
    } finally {
      await log.close();
      if (keep) await cp(marks, join(folder, 'marks'), { recursive: true });
      await rm(marks, { recursive: true, force: true });
      if (!keep) await rm(folder, { recursive: true, force: true });
    }
    return keep ? folder : undefined;
  };
  try {
    // It first looks whether there is something to get back from there.
    if (store.condition !== undefined) await untilServing(scene.worker);
    const sessions: PairedSession[] = [];
    for (let n = 0; n < SESSIONS.length; n += PAIRING_AT_ONCE) {
      const some = SESSIONS.slice(n, n + PAIRING_AT_ONCE).map((letter) => `${letter}${number}`);
      sessions.push(...(await Promise.all(some.map(async (sessionId) => pair(scene, sessionId)))));
    }
    const paced = new Set(sessions.filter((_, n) => n % 2 === 0).map(({ sessionId }) => sessionId));
    for (const sessionId of paced) await scene.worker.call('PATCH', `/session/${sessionId}/settings`, { pace: PACE });
    const friends: Person[] = [];
    for (let n = 0; n < FRIENDS; n++) friends.push(await scene.phones.createPhone());
    return {
      scene,
      sessions,
      friends,
      paced,
      marks,
      log,
      failedDecryptions: () => readFailedDecryptions(join(marks, FAILED_DECRYPTIONS)),
      close,
    };
  } catch (error) {
    const kept = await close(true);
    throw new Error(`the scene could not be set up; its data is in ${kept ?? 'no folder'}`, { cause: error });
  }
};
