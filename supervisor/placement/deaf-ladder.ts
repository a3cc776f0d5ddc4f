// What follows when a session was deaf: its runner makes a new socket by itself; one that is deaf again soon gets another runner, then its runner
// is recycled. Times are milliseconds of any one clock.
import PQueue from 'p-queue';
import type { Rhythm } from '../../shared/domain/rhythm.js';
import { messageOf } from '../../shared/errors.js';
import type { SessionFact } from '../../shared/ipc/protocol.js';
import type { Logger } from '../../shared/logging.js';
import type { DeafView } from '../worker.js';
import type { HandOver } from './hand-over.js';
import type { Recycling } from './recycling.js';
import type { Registry } from './registry.js';

export const DEAF_LADDER = {
  /** Deaf again before it has heard for so long: the next rung. */
  climbWithinMs: 30 * 60_000,
  /** Having heard for so long it begins at the ground. */
  groundAfterMs: 60 * 60_000,
  /** Between two recycles of one slot's runner. */
  recyclePauseMs: 60 * 60_000,
} as const;

/** `socket`: the runner has seen to it. */
type DeafStep = 'socket' | 'move' | 'recycle';
type DeafRung = DeafView['rung'];

const STEP_TO: Readonly<Record<DeafRung, DeafStep>> = { 1: 'socket', 2: 'move', 3: 'recycle' };
const ABOVE: Readonly<Record<DeafRung, DeafRung | undefined>> = { 1: 2, 2: 3, 3: undefined };

/**
 * @param before where it stood when it was last found deaf, and when that was
 * @param beganAt when it began to hear nothing this time
 */
export const climb = (before: { rung: DeafRung; at: number } | undefined, beganAt: number): { rung: DeafRung; step: DeafStep } => {
  const heardForMs = before ? beganAt - before.at : Infinity;
  if (!before || heardForMs >= DEAF_LADDER.groundAfterMs) return { rung: 1, step: STEP_TO[1] };
  const rung = heardForMs < DEAF_LADDER.climbWithinMs ? ABOVE[before.rung] : undefined;
  return rung === undefined ? { rung: before.rung, step: 'socket' } : { rung, step: STEP_TO[rung] };
};

type DeafFact = Extract<SessionFact, { type: 'deaf' }>;

export interface DeafLadderOptions {
  registry: Pick<Registry, 'find' | 'update' | 'onChange'>;
  handOver: Pick<HandOver, 'move'>;
  recycling: Pick<Recycling, 'begin'>;
  log: Logger;
  /** Milliseconds of a monotonic clock. */
  clock?: () => number;
}

export class DeafLadder {
  readonly #options: DeafLadderOptions;
  readonly #clock: () => number;
  readonly #standing = new Map<string, { rung: DeafRung; at: number; rhythm: Rhythm }>();
  readonly #recycledAt = new Map<number, number>();
  /** One at a time: what makes many sessions deaf at once is not cured by moving them all. */
  readonly #moves = new PQueue({ concurrency: 1 });

  constructor(options: DeafLadderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? (() => performance.now());
    const { registry } = options;
    registry.onChange(({ sessionId }) => {
      if (!registry.find(sessionId)) this.#standing.delete(sessionId);
    });
  }

  /** A session was deaf; its runner replaces the socket or has done so. */
  onDeaf(sessionId: string, { proof, silentMs, rhythm }: DeafFact): void {
    const { registry, log } = this.#options;
    const row = registry.find(sessionId);
    if (!row) return;
    const at = this.#clock();
    const { rung, step } = climb(this.#standing.get(sessionId), at - silentMs);
    this.#standing.set(sessionId, { rung, at, rhythm });
    const times = (row.deaf?.times ?? 0) + 1;
    log.warn({ sessionId, slot: row.slot, times, rung, step, proof, silentMs }, 'a session was deaf');
    registry.update(sessionId, { deaf: { times, rung, lastAt: Date.now() } }).catch((error: unknown) => {
      log.warn({ sessionId, cause: messageOf(error) }, 'that a session was deaf could not be written down');
    });
    if (row.slot === undefined) return;
    if (step === 'move') this.#move(sessionId, row.slot);
    if (step === 'recycle') this.#recycle(sessionId, row.slot);
  }

  /** What is known of a session that was deaf lately, for the runner that opens it. */
  rhythmOf(sessionId: string): Rhythm | undefined {
    return this.#standing.get(sessionId)?.rhythm;
  }

  /** Moves no more. */
  stop(): void {
    this.#moves.clear();
  }

  /** Resolves when no session is on its way. */
  async idle(): Promise<void> {
    await this.#moves.onIdle();
  }

  #move(sessionId: string, slot: number): void {
    const { registry, handOver, log } = this.#options;
    const moving = this.#moves.add(async () => {
      // It may have moved meanwhile for another reason, and not been deaf since.
      if (registry.find(sessionId)?.slot === slot) await handOver.move(sessionId);
    });
    moving.catch((error: unknown) => {
      log.warn({ sessionId, slot, cause: messageOf(error) }, 'a deaf session could not be given to another runner');
    });
  }

  #recycle(sessionId: string, slot: number): void {
    const { recycling, log } = this.#options;
    const now = this.#clock();
    const before = this.#recycledAt.get(slot);
    if (before !== undefined && now - before < DEAF_LADDER.recyclePauseMs) {
      log.warn({ sessionId, slot }, 'the runner of a deaf session was recycled less than an hour ago and stays');
      return;
    }
    try {
      const { target, sessions } = recycling.begin(slot);
      this.#recycledAt.set(slot, now);
      log.warn({ sessionId, slot, target, sessions }, 'the runner of a deaf session is recycled');
    } catch (error) {
      log.warn({ sessionId, slot, cause: messageOf(error) }, 'the runner of a deaf session cannot be recycled now');
    }
  }
}
