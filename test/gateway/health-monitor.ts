import type { WorkerRecord } from './gateway-state.js';
import type { GatewayStore } from './gateway-store.js';
import { HEALTH_TIMEOUT_MS, type WorkerClient } from './worker-client.js';
import type { WorkerRegistry } from './worker-registry.js';

/** How a health check went; `responseTime` in milliseconds. */
export type Checked =
  | { readonly status: 'online'; readonly responseTime: number; readonly health: Record<string, unknown> }
  | { readonly status: 'offline'; readonly error: string };

export interface CheckedWorker {
  readonly workerId: string;
  readonly endpoint: string;
  readonly status: 'online' | 'offline';
  readonly responseTime?: number;
  readonly error?: string;
  /** ISO 8601 */
  readonly checkedAt: string;
}

/** Asks workers for their health: one, all at once, or all again and again. */
export class HealthMonitor {
  readonly intervalMs: number;
  readonly #store: GatewayStore;
  readonly #registry: WorkerRegistry;
  readonly #client: WorkerClient;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #startedAt: number | undefined;
  #lastResults: readonly CheckedWorker[] = [];

  constructor(store: GatewayStore, registry: WorkerRegistry, client: WorkerClient, intervalMs: number, now: () => number) {
    this.#store = store;
    this.#registry = registry;
    this.#client = client;
    this.intervalMs = intervalMs;
    this.#now = now;
  }

  async check(endpoint: string): Promise<Checked> {
    const answer = await this.#client.health(endpoint);
    const isHealthy = answer.kind === 'answered' && answer.status === 200 && answer.body['success'] !== false;
    if (isHealthy) return { status: 'online', responseTime: answer.tookMs, health: answer.body };
    const error = answer.kind === 'answered' ? `GET /health answered ${answer.status}` : answer.sentence;
    return { status: 'offline', error };
  }

  /** All workers at the same time; done when the slowest has answered or timed out. */
  async checkAll(): Promise<readonly CheckedWorker[]> {
    this.#lastResults = await Promise.all([...this.#store.workers.values()].map(async (worker) => this.#checkWorker(worker)));
    return this.#lastResults;
  }

  start(): void {
    if (this.#timer) return;
    this.#startedAt = this.#now();
    let isChecking = false;
    this.#timer = setInterval(() => {
      // A round of silent workers may take longer than the interval.
      if (isChecking) return;
      isChecking = true;
      void this.checkAll().finally(() => {
        isChecking = false;
      });
    }, this.intervalMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#startedAt = undefined;
  }

  status(): Record<string, unknown> {
    return {
      isRunning: this.#timer !== undefined,
      status: this.#timer ? 'active' : 'inactive',
      interval: this.intervalMs,
      timeout: HEALTH_TIMEOUT_MS,
      startedAt: this.#startedAt === undefined ? null : new Date(this.#startedAt).toISOString(),
      results: this.#lastResults,
    };
  }

  async #checkWorker(worker: WorkerRecord): Promise<CheckedWorker> {
    const { workerId, endpoint } = worker;
    const checked = await this.check(endpoint);
    const checkedAt = new Date(this.#now()).toISOString();
    if (checked.status === 'offline') return { workerId, endpoint, status: 'offline', error: checked.error, checkedAt };
    // One that was added by hand and sends no heartbeats is alive as long as it answers.
    if (worker.lastHeartbeat === undefined) this.#registry.revive(worker);
    return { workerId, endpoint, status: 'online', responseTime: checked.responseTime, checkedAt };
  }
}
