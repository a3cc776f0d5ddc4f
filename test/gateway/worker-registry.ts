import type { Dialect, HeartbeatEffects, Pulse, Registration } from './dialects/dialect.js';
import { GatewayError } from './gateway-error.js';
import type { Breakdown, SessionRecord, WorkerRecord } from './gateway-state.js';
import type { GatewayStore } from './gateway-store.js';
import { loadScore, type LoadScore } from './load-score.js';

const NO_SESSIONS = { total: 0, connected: 0, disconnected: 0, qr_required: 0, reconnecting: 0, error: 0 };

/** The workers the gateway knows, which of them are alive, and whose sessions they have. */
export class WorkerRegistry {
  readonly #store: GatewayStore;
  readonly #dialect: Dialect;
  readonly #staleMs: number;
  readonly #now: () => number;
  readonly #startedAt: number;

  constructor(store: GatewayStore, dialect: Dialect, staleMs: number, now: () => number) {
    this.#store = store;
    this.#dialect = dialect;
    this.#staleMs = staleMs;
    this.#now = now;
    this.#startedAt = now();
  }

  /** @throws WORKER_NOT_FOUND */
  get(workerId: string): WorkerRecord {
    const worker = this.#store.workers.get(workerId);
    if (!worker) throw new GatewayError('WORKER_NOT_FOUND', `There is no worker ${workerId}.`);
    return worker;
  }

  /** Takes a registration; one of a known worker keeps its sessions. */
  register(registration: Registration, breakdown?: Breakdown): { worker: WorkerRecord; isNew: boolean } {
    const now = this.#now();
    const { workerId, maxSessions } = registration;
    const known = this.#store.workers.get(workerId);
    const worker: WorkerRecord = {
      registeredAt: now,
      breakdown: breakdown ?? { ...NO_SESSIONS, maxSessions },
      cpuUsage: 0,
      memoryUsage: 0,
      uptime: 0,
      messageCount: 0,
      ...known,
      ...registration,
      status: 'ONLINE',
      updatedAt: now,
      heardAt: now,
    };
    this.#store.workers.set(workerId, worker);
    this.#store.changed();
    return { worker, isNew: !known };
  }

  heartbeat(worker: WorkerRecord, pulse: Pulse): HeartbeatEffects {
    const now = this.#now();
    const { status, breakdown, cpuUsage, memoryUsage, uptime, messageCount, sessions } = pulse;
    Object.assign(worker, { status, breakdown, maxSessions: breakdown.maxSessions, cpuUsage, memoryUsage, uptime, messageCount });
    Object.assign(worker, { lastHeartbeat: now, heardAt: now, updatedAt: now });
    const sessionsSynced = sessions.filter((told) => this.#sync(worker, told)).length;
    this.#store.changed();
    return { sessionsSynced, staleWorkersDetected: this.sweep() };
  }

  /** A sign of life that is no heartbeat and does not bring the worker back. */
  heard(worker: WorkerRecord): void {
    worker.heardAt = this.#now();
    this.#store.changed();
  }

  /** A sign of life of a worker that sends no heartbeats. */
  revive(worker: WorkerRecord): void {
    worker.status = 'ONLINE';
    this.heard(worker);
  }

  /** Makes silent workers OFFLINE and frees their sessions. @returns how many workers went offline by this */
  sweep(): number {
    let gone = 0;
    for (const worker of this.#store.workers.values()) {
      if (this.#silenceOf(worker) < this.#staleMs) continue;
      this.#unassign(worker.workerId);
      if (worker.status === 'OFFLINE') continue;
      Object.assign(worker, { status: 'OFFLINE', updatedAt: this.#now() });
      this.#store.changed();
      gone++;
    }
    return gone;
  }

  /** Forgets a worker. @returns how many sessions were freed. @throws WORKER_NOT_FOUND */
  remove(workerId: string): number {
    this.get(workerId);
    this.#store.workers.delete(workerId);
    this.#store.changed();
    return this.#unassign(workerId);
  }

  /** Where the worker stands for a new session; undefined when it takes none. */
  scoreOf(worker: WorkerRecord): LoadScore | undefined {
    const { status, maxSessions, breakdown, cpuUsage, memoryUsage, workerId } = worker;
    // Sessions assigned since its last heartbeat are not in its breakdown yet.
    const sessions = Math.max(breakdown.total, this.#store.sessionsOf(workerId).length);
    const silentMs = this.#silenceOf(worker);
    return loadScore({ status, sessions, maxSessions, breakdown, cpuUsage, memoryUsage, silentMs, staleMs: this.#staleMs });
  }

  /** Workers that take a session, the best first. */
  candidates(): WorkerRecord[] {
    return [...this.#store.workers.values()]
      .flatMap((worker) => {
        const score = this.scoreOf(worker);
        return score ? [{ worker, total: score.total }] : [];
      })
      .sort((one, other) => one.total - other.total || one.worker.workerId.localeCompare(other.worker.workerId))
      .map(({ worker }) => worker);
  }

  /** Sessions a worker that starts should bring back. */
  recoverable(workerId: string): SessionRecord[] {
    return this.#store.sessionsOf(workerId).filter(({ status }) => status !== 'disconnected' && status !== 'error');
  }

  /** How the dialect writes ids of workers. @throws INVALID_REQUEST */
  nameOf(given: string): string {
    return this.#dialect.workerName(given);
  }

  /** Takes over what the worker says of a session of its own. @returns whether that was news */
  #sync({ workerId }: WorkerRecord, { sessionId, status, phoneNumber }: Pulse['sessions'][number]): boolean {
    const session = this.#store.sessions.get(sessionId);
    if (session?.workerId !== workerId) return false;
    if (session.status === status && (phoneNumber === undefined || phoneNumber === session.phoneNumber)) return false;
    Object.assign(session, { status, updatedAt: this.#now(), ...(phoneNumber !== undefined && { phoneNumber }) });
    if (status !== 'qr_required') delete session.qr;
    return true;
  }

  /** A gateway that was away heard nobody, which says nothing about the workers. */
  #silenceOf({ heardAt }: WorkerRecord): number {
    return this.#now() - Math.max(heardAt, this.#startedAt);
  }

  #unassign(workerId: string): number {
    const sessions = this.#store.sessionsOf(workerId);
    for (const session of sessions) {
      Object.assign(session, { workerId: null, status: 'disconnected', updatedAt: this.#now() });
      delete session.qr;
    }
    if (sessions.length > 0) this.#store.changed();
    return sessions.length;
  }
}
