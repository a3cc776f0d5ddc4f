// Moves every session of a runner to another one: to give a runner that has grown back to the machine, or to get sessions away from one that fails.
import PQueue from 'p-queue';
import { AppError, messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { Fleet } from '../fleet/fleet.js';
import { wanted } from './desired-state.js';
import type { RecycleView } from '../worker.js';
import type { HandOver } from './hand-over.js';
import type { Registry } from './registry.js';
import type { SlotRooms } from './slot-rooms.js';

/** Sessions that are away at the same time because of a recycle, at most. */
const MOVES_AT_ONCE = 4;
/** A session is rescued once in this time: one that takes its runners with it must not go round all of them. */
const RESCUE_PAUSE_MS = 60 * 60_000;

export interface RecyclingOptions {
  registry: Registry;
  fleet: Fleet;
  rooms: SlotRooms;
  handOver: Pick<HandOver, 'move' | 'usable'>;
  log: Logger;
  /** Milliseconds of a monotonic clock. */
  clock?: () => number;
}

export class Recycling {
  readonly #options: RecyclingOptions;
  readonly #clock: () => number;
  readonly #rescuedAt = new Map<string, number>();
  #running: Promise<void> | undefined;

  constructor(options: RecyclingOptions) {
    this.#options = options;
    this.#clock = options.clock ?? (() => performance.now());
  }

  /** Resolves when none is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Whether the runner of a slot may be recycled at all. */
  takes(slot: number): boolean {
    return !this.#options.rooms.isIsolation(slot);
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Begins; the sessions move in the background. @throws BUSY, INVALID_REQUEST, NOT_FOUND, AT_CAPACITY */
  begin(slot: number): RecycleView {
    const { fleet, rooms, handOver } = this.#options;
    if (this.#running) throw new AppError('BUSY', 'Another runner is being recycled; try again later.', { retryAfterSeconds: 5 });
    if (rooms.isIsolation(slot)) throw new AppError('INVALID_REQUEST', `Slot ${slot} is for a single session that crashed its runners.`);
    if (!fleet.views().some((view) => view.slot === slot && view.pid !== undefined)) {
      throw new AppError('NOT_FOUND', `No runner runs in slot ${slot}.`);
    }
    const target = rooms.emptySlot(slot, handOver.usable);
    if (target === undefined) {
      throw new AppError('AT_CAPACITY', 'No slot is empty; a runner can be recycled only into an empty one.', { retryAfterSeconds: 60 });
    }
    const sessions = rooms.sessionsOf(slot).length;
    const open = rooms.shut([slot, target]);
    this.#running = this.#recycle(slot, target).finally(() => {
      open();
      this.#running = undefined;
    });
    return { slot, sessions, target };
  }

  /** Lets the sessions of a runner that failed too often live elsewhere, where there is room. Its process is gone. */
  async rescue(slot: number): Promise<void> {
    const { registry, rooms, handOver, log } = this.#options;
    // Whoever is to be alone goes there by another way, or is there.
    if (rooms.isIsolation(slot)) return;
    const now = this.#clock();
    // An empty slot if there is one: whoever made this runner fail must not take others with it.
    const refuge = rooms.emptySlot(slot, handOver.usable);
    const queue = new PQueue({ concurrency: MOVES_AT_ONCE });
    for (const row of registry.rows().filter((candidate) => candidate.slot === slot && wanted(candidate) && !candidate.suspect?.isolated)) {
      const { sessionId } = row;
      const before = this.#rescuedAt.get(sessionId);
      if (before !== undefined && now - before < RESCUE_PAUSE_MS) continue;
      this.#rescuedAt.set(sessionId, now);
      void queue.add(async () => {
        const target = refuge !== undefined && rooms.hasRoom(refuge) ? refuge : rooms.forMove(slot, handOver.usable);
        if (target === undefined) log.warn({ sessionId, slot }, 'no other runner has room for a session of a runner that rests');
        else await this.#move(sessionId, target);
      });
    }
    await queue.onIdle();
    for (const [sessionId, at] of this.#rescuedAt) if (now - at >= RESCUE_PAUSE_MS) this.#rescuedAt.delete(sessionId);
  }

  async #recycle(slot: number, target: number): Promise<void> {
    const { rooms, fleet, log } = this.#options;
    const startedAt = performance.now();
    const queue = new PQueue({ concurrency: MOVES_AT_ONCE });
    const sessions = rooms.sessionsOf(slot);
    log.info({ slot, target, sessions: sessions.length }, 'a runner is being recycled');
    await queue.addAll(sessions.map((sessionId) => async () => this.#move(sessionId, target)));
    const left = rooms.sessionsOf(slot);
    if (left.length > 0) {
      log.warn({ slot, target, left: left.length }, 'not every session could be moved; the runner stays for those that are left');
      return;
    }
    try {
      await fleet.release(slot);
      log.info({ slot, target, ms: Math.round(performance.now() - startedAt) }, 'a runner was recycled');
    } catch (error) {
      log.warn({ slot, cause: messageOf(error) }, 'a runner without sessions could not be ended');
    }
  }

  async #move(sessionId: string, target: number): Promise<void> {
    try {
      await this.#options.handOver.move(sessionId, target);
    } catch (error) {
      this.#options.log.warn({ sessionId, target, cause: messageOf(error) }, 'a session could not be moved');
    }
  }
}
