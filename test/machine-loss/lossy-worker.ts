// A worker whose machine can be lost: every process of it in one moment, and its disk.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuSecondsOf } from '../bench/process-memory.js';
import { environmentOf } from '../support/object-scene.js';
import type { OwnObjectServer } from '../support/object-servers/object-server.js';
import { isRunning } from '../support/scene.js';
import { until, WorkerProcess } from '../support/worker-process.js';

export interface LossyWorkerOptions {
  id: string;
  server: OwnObjectServer;
  /** What makes it use the simulated WhatsApp. */
  env: Readonly<Record<string, string>>;
  sessions: number;
  intervalMs: number;
  /** Called with every line of its log. */
  onLog?: ((line: string) => void) | undefined;
}

export class LossyWorker {
  readonly id: string;
  readonly #options: LossyWorkerOptions;
  #worker: WorkerProcess | undefined;
  #dataDir = '';
  #pids: number[] = [];
  /** Since the last start. */
  qrs = 0;
  runnersEnded = 0;

  constructor(options: LossyWorkerOptions) {
    this.id = options.id;
    this.#options = options;
  }

  /** The one that runs now. */
  get worker(): WorkerProcess {
    if (!this.#worker) throw new Error(`${this.id} does not run`);
    return this.#worker;
  }

  /** With an empty data folder; resolves when it listens, which is before its sessions are back. */
  async start(): Promise<void> {
    const { id, server, env, sessions, intervalMs, onLog } = this.#options;
    this.#dataDir = await mkdtemp(join(tmpdir(), `${id}-`));
    this.qrs = 0;
    this.runnersEnded = 0;
    this.#worker = await WorkerProcess.start({
      dataDir: this.#dataDir,
      env: {
        ...env,
        ...environmentOf(server),
        WORKER_ID: id,
        WORKER_MAX_SESSIONS: String(sessions),
        REPLICATION_INTERVAL_MS: String(intervalMs),
      },
      onLog: (line) => {
        if (line.includes('"to":"qr_required"')) this.qrs++;
        if (line.includes('"msg":"A runner ended"')) this.runnersEnded++;
        onLog?.(line);
      },
    });
  }

  async untilRestored(timeoutMs: number): Promise<void> {
    await until(
      async () => (await this.worker.call('GET', '/storage'))['state'] !== 'restoring',
      timeoutMs,
      () => `${this.id} did not get its sessions back`,
    );
  }

  /** How many sessions have which status. */
  async statuses(): Promise<Record<string, number>> {
    const { sessions } = await this.worker.call('GET', '/sessions');
    const counts: Record<string, number> = {};
    for (const { status } of sessions as { status: string }[]) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  }

  /** What the processes that run now have used. */
  async cpuSeconds(): Promise<number> {
    const pids = [this.worker.child.pid ?? 0, ...(await this.worker.runners()).flatMap(({ pid }) => pid ?? [])];
    return pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
  }

  /** To be called shortly before `die`, which has no time to ask. */
  async prepareToDie(): Promise<void> {
    this.#pids = (await this.worker.runners()).flatMap(({ pid }) => pid ?? []);
  }

  /** No process of it does anything after this call. */
  die(): void {
    this.worker.child.kill('SIGKILL');
    for (const pid of this.#pids) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
  }

  /** Its processes are gone, and its disk too. */
  async bury(): Promise<void> {
    const { worker } = this;
    await until(
      () => !worker.isRunning && !this.#pids.some(isRunning),
      60_000,
      () => `${this.id} outlives its SIGKILL`,
    );
    await rm(this.#dataDir, { recursive: true, force: true });
    this.#worker = undefined;
  }

  async close(): Promise<void> {
    await this.#worker?.stop();
    await rm(this.#dataDir, { recursive: true, force: true });
  }
}
