import { setTimeout as sleep } from 'node:timers/promises';
import { backoffDelay } from '../../shared/backoff.js';
import { outwardStatus, REASONS } from '../../shared/domain/session.js';
import { messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import { connectable } from '../placement/desired-state.js';
import type { PlacedSessions } from '../placement/placed-sessions.js';
import type { Registry } from '../placement/registry.js';
import type { SessionRow } from '../supervisor-store.js';
import type { BackendAnswer, BackendClient, BackendRequest } from './backend-request.js';
import type { Dialect, Prefixes, Recovery as Outcome } from './dialects/dialect.js';

export interface RecoveryOptions {
  recovery: NonNullable<Dialect['recovery']>;
  client: Pick<BackendClient, 'call'>;
  prefixes: Prefixes;
  registry: Pick<Registry, 'find' | 'wait'>;
  sessions: Pick<PlacedSessions, 'connect'>;
  log: Logger;
  /** For all sessions together to be connected; 60 s unless given. */
  waitMs?: number;
  /** Between two tries of a call, the first time; 2 s unless given. */
  retryMs?: number;
}

type Row = Readonly<SessionRow>;

const WAIT_MS = 60_000;
const RETRY_MS = 2_000;
const RETRY_MAX_MS = 30_000;
const TRIES = 4;

/** Brings back the sessions that a backend holds for this worker, and says what became of each. */
export class Recovery {
  readonly #options: RecoveryOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /**
   * To be called when a registration asked for it and the sessions of this worker are known; one run at a time. Never rejects: what
   * cannot be done is logged, and the sessions' own reports follow anyway.
   */
  async run(workerId: string): Promise<void> {
    this.#running ??= this.#run(workerId)
      .catch((error: unknown) => {
        if (!this.#stop.signal.aborted)
          this.#options.log.warn({ cause: messageOf(error) }, 'sessions could not be brought back for the backend');
      })
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }

  /** Ends the waits of a run; nothing is told any more. */
  stop(): void {
    this.#stop.abort();
  }

  async #run(workerId: string): Promise<void> {
    const { recovery, prefixes, log } = this.#options;
    const assigned = recovery.assignedIn(await this.#ask(recovery.assigned(workerId, prefixes)));
    if (assigned.length === 0) return;
    const done = new AbortController();
    const late = sleep(this.#options.waitMs ?? WAIT_MS, undefined, {
      signal: AbortSignal.any([this.#stop.signal, done.signal]),
      ref: false,
    });
    const over = late.catch(() => undefined);
    const outcomes = await Promise.all(assigned.map(async (sessionId) => this.#bringBack(sessionId, over)));
    done.abort();
    this.#stop.signal.throwIfAborted();
    const count = (wanted: Outcome['outcome']): number => outcomes.filter(({ outcome }) => outcome === wanted).length;
    log.info(
      { recovered: count('recovered'), failed: count('failed'), skipped: count('skipped') },
      'brought sessions back for the backend',
    );
    await this.#ask(recovery.outcome(workerId, outcomes, prefixes));
  }

  /** @param over settles when the time is up */
  async #bringBack(sessionId: string, over: Promise<unknown>): Promise<Outcome> {
    const row = this.#options.registry.find(sessionId);
    if (!row || row.deleting) return outcome(sessionId, 'failed', 'This worker does not have the session: its credentials are not here.');
    const why = reasonToSkip(row);
    if (why !== undefined) return outcome(sessionId, 'skipped', why);
    try {
      await Promise.race([this.#connected(row), over]);
    } catch (error) {
      return outcome(sessionId, 'failed', messageOf(error));
    }
    const after = this.#options.registry.find(sessionId);
    if (after?.state === 'connected') return outcome(sessionId, 'recovered');
    return outcome(sessionId, 'failed', after ? failureOf(after) : 'The session was deleted meanwhile.');
  }

  /** Resolves when the session is connected or cannot be. */
  async #connected({ sessionId, desired }: Row): Promise<void> {
    const { registry, sessions } = this.#options;
    // What is wanted already comes by itself, paced behind the connects that people wait for.
    if (desired !== 'connected') await sessions.connect(sessionId);
    await registry.wait(sessionId, this.#options.waitMs ?? WAIT_MS, (row) => row.state === 'connected' || !connectable(row));
  }

  /** @throws Error with a sentence when the backend refuses, or has not taken the call after some tries */
  async #ask(request: BackendRequest): Promise<Record<string, unknown>> {
    for (let attempt = 0; ; attempt++) {
      const answer: BackendAnswer = await this.#options.client.call(request);
      this.#stop.signal.throwIfAborted();
      if (answer.kind === 'accepted') return answer.body;
      if (answer.kind === 'refused' || attempt + 1 >= TRIES) throw new Error(`${request.method} ${request.path}: ${answer.sentence}`);
      const pause = backoffDelay(attempt, { baseMs: this.#options.retryMs ?? RETRY_MS, maxMs: RETRY_MAX_MS }, Math.random());
      await sleep(Math.max(pause, Math.min(answer.retryAfterMs ?? 0, RETRY_MAX_MS)), undefined, { signal: this.#stop.signal, ref: false });
    }
  }
}

const outcome = (sessionId: string, what: Outcome['outcome'], sentence?: string): Outcome => ({
  sessionId,
  outcome: what,
  ...(sentence !== undefined && { sentence }),
  at: Date.now(),
});

const reasonToSkip = ({ paired, reason, state }: Row): string | undefined => {
  if (!paired) return 'The session is not paired with a phone: it has to be connected and scanned.';
  // Two workers would take the connection from each other for ever.
  if (reason === 'replaced' && state === 'disconnected') return REASONS.replaced;
  return undefined;
};

const failureOf = ({ state, reason, everConnected }: Row): string => {
  const sentence = REASONS[reason];
  if (state === 'error' || state === 'logged_out' || state === 'disconnected') return sentence;
  return `It is not connected yet (${outwardStatus(state, everConnected)}) and goes on trying. ${sentence}`;
};
