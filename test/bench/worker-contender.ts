import { Agent } from 'node:http';
import { join } from 'node:path';
import { until, WorkerProcess } from '../support/worker-process.js';
import { loadConfig } from '../../supervisor/config.js';
import type { Contender } from './contender.js';
import { exchange } from './exchange.js';
import type { Stage } from './fleet/paired-fleet.js';
import { runLoad, type Load, type LoadResult } from './load.js';
import { sessionIdOf } from './storage/fleet-rows.js';
import { inChild } from './storage/in-child.js';

const OPEN_TIMEOUT_MS = 900_000;
const RECEIVE_TIMEOUT_MS = 600_000;

/** The built worker with its default settings, but for room and what a bench says. */
export class WorkerContender implements Contender {
  readonly #stage: Stage;
  readonly #sessions: number;
  readonly #env: Record<string, string>;
  readonly #runnerOptions: readonly string[];
  readonly dataDir: string;
  #worker: WorkerProcess | undefined;

  constructor(stage: Stage, sessions: number, env: Record<string, string> = {}, runnerOptions: readonly string[] = []) {
    this.#stage = stage;
    this.#sessions = sessions;
    this.#env = env;
    this.#runnerOptions = runnerOptions;
    this.dataDir = join(stage.folder, 'data');
  }

  get worker(): WorkerProcess {
    if (!this.#worker) throw new Error('the worker was not started');
    return this.#worker;
  }

  /** Makes its data folder, with the sessions and their history. */
  async prepare(): Promise<void> {
    const { runnerMaxSessions } = loadConfig({ WORKER_MAX_SESSIONS: String(this.#sessions), ...this.#env });
    const { fleet } = this.#stage;
    await inChild('plant', {
      dataDir: this.dataDir,
      identities: fleet.identities,
      sessions: this.#sessions,
      sessionsPerSlot: runnerMaxSessions,
    });
  }

  async start(): Promise<WorkerProcess> {
    const { env: trust } = this.#stage.whatsapp;
    const nodeOptions = [trust['RUNNER_NODE_OPTIONS'] ?? '', ...this.#runnerOptions].join(' ').trim();
    const env = { ...trust, RUNNER_NODE_OPTIONS: nodeOptions, WORKER_MAX_SESSIONS: String(this.#sessions), ...this.#env };
    return (this.#worker = await WorkerProcess.start({ dataDir: this.dataDir, env }));
  }

  async open(): Promise<void> {
    const worker = await this.start();
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

  async send(load: Load): Promise<LoadResult> {
    const agent = new Agent({ keepAlive: true });
    const result = await runLoad(load, async (session, to, text) => {
      const body = { to, type: 'text', message: text };
      const answer = await exchange(agent, this.worker.baseUrl, { method: 'POST', path: `/session/${sessionIdOf(session)}/send`, body });
      const { status } = (JSON.parse(answer.text) as { data?: { status?: unknown } }).data ?? {};
      if (answer.status !== 200 || status !== 'sent') throw new Error(`answered ${answer.status}: ${answer.text}`);
    });
    agent.destroy();
    return result;
  }

  async untilReceived(sessions: readonly number[], text: string): Promise<void> {
    for (const session of sessions) {
      await until(
        async () => (await this.worker.messages(sessionIdOf(session), 1))[0]?.['content'] === text,
        RECEIVE_TIMEOUT_MS,
        () => `${sessionIdOf(session)} did not receive everything`,
      );
    }
  }

  async close(): Promise<void> {
    await this.#worker?.stop();
  }
}
