import { join } from 'node:path';
import { until, WorkerProcess } from '../support/worker-process.js';
import { loadConfig } from '../../supervisor/config.js';
import type { Contender } from './contender.js';
import type { Stage } from './fleet/paired-fleet.js';
import { inChild } from './storage/in-child.js';

const OPEN_TIMEOUT_MS = 900_000;

/** The built worker with its default settings, but for room and what a bench says. */
export class WorkerContender implements Contender {
  readonly #stage: Stage;
  readonly #sessions: number;
  readonly #env: Record<string, string>;
  readonly dataDir: string;
  #worker: WorkerProcess | undefined;

  constructor(stage: Stage, sessions: number, env: Record<string, string> = {}) {
    this.#stage = stage;
    this.#sessions = sessions;
    this.#env = env;
    this.dataDir = join(stage.folder, 'data');
  }

  get worker(): WorkerProcess {
    if (!this.#worker) throw new Error('the worker was not started');
    return this.#worker;
  }

  /** Makes its data folder, with the sessions and their history. */
  async prepare(): Promise<void> {
    const { runnerMaxSessions } = loadConfig(this.#env);
    const { fleet } = this.#stage;
    await inChild('plant', {
      dataDir: this.dataDir,
      identities: fleet.identities,
      sessions: this.#sessions,
      sessionsPerSlot: runnerMaxSessions,
    });
  }

  async open(): Promise<void> {
    const env = { ...this.#stage.whatsapp.env, WORKER_MAX_SESSIONS: String(this.#sessions), ...this.#env };
    const worker = await WorkerProcess.start({ dataDir: this.dataDir, env });
    this.#worker = worker;
    let away: unknown;
    await until(
      async () => {
        ({ sessionsAway: away } = await worker.call('GET', '/ready'));
        return away === 0;
      },
      OPEN_TIMEOUT_MS,
      () => `${String(away)} sessions do not connect`,
    );
  }

  /** The supervisor's is the first. */
  async pids(): Promise<number[]> {
    return [this.worker.child.pid ?? 0, ...(await this.worker.runners()).flatMap(({ pid }) => pid ?? [])];
  }

  async close(): Promise<void> {
    await this.#worker?.stop();
  }
}
