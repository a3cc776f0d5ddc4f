import { GatewayError } from './gateway-error.js';
import type { SessionRecord, WorkerRecord } from './gateway-state.js';
import type { GatewayStore } from './gateway-store.js';
import { failureOf, isSuccess } from './relayed-answer.js';
import type { WorkerAnswer, WorkerCall, WorkerClient } from './worker-client.js';
import type { WorkerRegistry } from './worker-registry.js';

type Answered = Extract<WorkerAnswer, { kind: 'answered' }>;

/** Refusals that another worker may not share. */
const OTHERS_MAY_TAKE_IT = new Set([401, 403, 404, 408, 409, 429]);

/** Finds sessions a worker: the best by score that takes it. */
export class SessionPlacement {
  readonly #store: GatewayStore;
  readonly #registry: WorkerRegistry;
  readonly #client: WorkerClient;
  readonly #assigning = new Map<string, Promise<WorkerRecord>>();

  constructor(store: GatewayStore, registry: WorkerRegistry, client: WorkerClient) {
    this.#store = store;
    this.#registry = registry;
    this.#client = client;
  }

  /**
   * The session's worker, where it is created first if it has none; requests at the same time share one search.
   * @param kind a `new` session must be new to its worker too; a worker that holds an `existing` one already simply keeps it
   * @throws NO_WORKER_AVAILABLE, WORKER_FAILED
   */
  async assign(session: SessionRecord, create: WorkerCall, kind: 'new' | 'existing'): Promise<WorkerRecord> {
    const assigning = this.#assigning.get(session.sessionId) ?? this.#assign(session, create, kind);
    this.#assigning.set(session.sessionId, assigning);
    try {
      return await assigning;
    } finally {
      this.#assigning.delete(session.sessionId);
    }
  }

  /**
   * Makes the same call at one worker after the other until one takes the session.
   * @throws NO_WORKER_AVAILABLE when none does; WORKER_FAILED when a worker refuses the call for what it is
   */
  async place(
    session: SessionRecord,
    call: WorkerCall,
    takes: (answer: WorkerAnswer) => boolean,
  ): Promise<{ worker: WorkerRecord; answer: Answered }> {
    const tried: { workerId: string; error: string }[] = [];
    for (const worker of this.#registry.candidates()) {
      // Taken before it is asked, so that requests at the same time see the place as used.
      this.#moveTo(session, worker.workerId);
      const answer = await this.#client.call(worker.endpoint, call);
      if (answer.kind === 'answered' && takes(answer)) return { worker, answer };
      this.#moveTo(session, null);
      const failure = failureOf(answer);
      if (answer.kind === 'answered' && answer.status < 500 && !OTHERS_MAY_TAKE_IT.has(answer.status)) throw failure;
      tried.push({ workerId: worker.workerId, error: failure.message });
    }
    throw new GatewayError('NO_WORKER_AVAILABLE', 'No worker takes the session now; try again later.', {
      details: { tried },
      headers: { 'Retry-After': '5' },
    });
  }

  async #assign(session: SessionRecord, create: WorkerCall, kind: 'new' | 'existing'): Promise<WorkerRecord> {
    const assigned = session.workerId === null ? undefined : this.#store.workers.get(session.workerId);
    if (assigned) return assigned;
    const takes = (answer: WorkerAnswer): boolean =>
      isSuccess(answer) || (kind === 'existing' && answer.kind === 'answered' && answer.status === 409);
    return (await this.place(session, create, takes)).worker;
  }

  #moveTo(session: SessionRecord, workerId: string | null): void {
    session.workerId = workerId;
    this.#store.changed();
  }
}
