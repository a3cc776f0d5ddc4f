// Moves a session from the runner of one slot to that of another: one socket at any time, and at every line the catalog's home slot says which copy
// of its rows counts.
import { AppError, messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { Fleet } from '../fleet/fleet.js';
import type { SlotReaders } from '../slot-readers.js';
import type { ConnectThrottle } from './connect-throttle.js';
import { lost, wanted } from './desired-state.js';
import type { Registry } from './registry.js';
import type { SessionTurns } from './session-turns.js';
import type { SlotRooms } from './slot-rooms.js';

/** How long the end of a runner that did not answer is waited for. */
const EXIT_WAIT_MS = 10_000;

/** See `SlotReaders`. */
type SlotContents = Pick<SlotReaders, 'withCopy' | 'withLog'>;

export interface HandOverOptions {
  registry: Registry;
  fleet: Fleet;
  turns: SessionTurns;
  rooms: SlotRooms;
  throttle: ConnectThrottle;
  log: Logger;
  /** Gives the session to the runner of its home slot; called in its turn. */
  openAtHome: (sessionId: string) => Promise<void>;
  /** Opens it later, as what could not be opened now. */
  openLater: (sessionId: string) => void;
  /** What lies in the stores of slots. */
  contents: SlotContents;
  /** Called before each step, which a test may make fail. */
  onStep?: (step: HandOverStep, sessionId: string) => void;
}

/** In their order. What fails before `catalog` was done leaves the session at its old home, what fails after it at its new one. */
export type HandOverStep = 'ensure' | 'close' | 'adopt' | 'catalog' | 'open' | 'settle' | 'forget';

export class HandOver {
  readonly #options: HandOverOptions;
  /** By slot, sessions that may have rows there and live elsewhere. What an earlier supervisor left is removed before this one begins. */
  readonly #strays = new Map<number, Set<string>>();

  constructor(options: HandOverOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the session was given to its new runner, connected or not; at once when it has no home yet or lives there.
   * @param slot undefined: the best one
   * @throws SESSION_NOT_FOUND, SESSION_ISOLATED, INVALID_REQUEST, AT_CAPACITY, RUNNER_UNAVAILABLE; then it goes on where it was
   */
  async move(sessionId: string, slot?: number): Promise<void> {
    const { registry, rooms } = this.#options;
    const row = registry.get(sessionId);
    if (row.suspect?.isolated && wanted(row)) {
      throw new AppError('SESSION_ISOLATED', 'This session is isolated because runners crashed with it; it cannot be moved to others now.');
    }
    if (slot !== undefined && slot !== row.slot) rooms.assertRoom(slot);
    if (row.slot === undefined || row.slot === slot) return;
    const target = slot ?? rooms.forMove(row.slot, this.usable);
    if (target === undefined) throw new AppError('AT_CAPACITY', 'No other runner has room for this session.', { retryAfterSeconds: 60 });
    await this.#carry(sessionId, target);
  }

  /** The same for a session that is to be alone in its new slot, which is empty. */
  async isolate(sessionId: string, slot: number): Promise<void> {
    await this.#carry(sessionId, slot);
  }

  async #carry(sessionId: string, target: number): Promise<void> {
    const { registry, fleet, rooms, throttle, turns } = this.#options;
    const giveBack = rooms.reserve(sessionId, target);
    try {
      // Whatever has to be waited for is waited for while the session is still connected.
      if (wanted(registry.get(sessionId))) await throttle.turn({ sessionId, priority: 'user' });
      this.#step('ensure', sessionId);
      fleet.keep(target, true);
      await fleet.ensure(target);
      await turns.alone(
        sessionId,
        () => registry.get(sessionId),
        async () => this.#moveNow(sessionId, target),
      );
    } catch (error) {
      throttle.settled(sessionId);
      throw error;
    } finally {
      giveBack();
    }
  }

  /** Whether a slot's runner can be expected to take a session. */
  readonly usable = (slot: number): boolean => {
    const view = this.#options.fleet.views().find((candidate) => candidate.slot === slot);
    return !view || (!view.quarantined && (view.state === 'idle' || view.state === 'ready' || view.state === 'starting'));
  };

  /** Removes what moves that were interrupted left in a slot whose runner is ready. */
  async clearStrays(slot: number): Promise<void> {
    const { turns, log } = this.#options;
    for (const sessionId of this.#strays.get(slot) ?? []) {
      try {
        await turns.alone(
          sessionId,
          () => undefined,
          async () => this.#leave(sessionId, slot),
        );
      } catch (error) {
        log.warn({ sessionId, slot, cause: messageOf(error) }, 'rows of a session that lives elsewhere could not be removed yet');
      }
    }
  }

  async #moveNow(sessionId: string, target: number): Promise<void> {
    const { registry, fleet, contents, openAtHome, openLater, log } = this.#options;
    const { slot: source } = registry.get(sessionId);
    if (source === undefined || source === target) return;
    this.#assertAnswers(source);
    const startedAt = performance.now();
    let rehoming = false;
    try {
      await this.#showAsMoving(sessionId);
      await this.#close(sessionId, source);
      // What the runner told while it closed may have shown the session as connected once more.
      await this.#showAsMoving(sessionId);
      this.#step('adopt', sessionId);
      this.#straysIn(target).add(sessionId);
      await contents.withCopy(source, sessionId, async (copy) => fleet.call(target, 'session.adopt', { sessionId, copy }));
      this.#step('catalog', sessionId);
      rehoming = true;
      this.#straysIn(source).add(sessionId);
      await registry.rehome(sessionId, target);
    } catch (error) {
      log.warn({ sessionId, from: source, to: target, cause: messageOf(error) }, 'a session could not be moved and goes on where it was');
      await this.#open(sessionId, openAtHome, openLater);
      if (rehoming) await this.#tellAgain(sessionId, source);
      throw error;
    }
    await this.#open(sessionId, openAtHome, openLater);
    log.info(
      { sessionId, from: source, to: target, ms: Math.round(performance.now() - startedAt) },
      'a session was moved to another runner',
    );
    try {
      await this.#leave(sessionId, source);
    } catch (error) {
      log.warn({ sessionId, slot: source, cause: messageOf(error) }, 'what a session left in its old slot is removed later');
    }
  }

  async #showAsMoving(sessionId: string): Promise<void> {
    const row = this.#options.registry.get(sessionId);
    if (wanted(row) && row.state !== 'reconnecting' && row.state !== 'connecting') {
      await this.#options.registry.apply(sessionId, lost(row), 'moved');
    }
  }

  /** Resolves when no process holds a socket of the session: its runner said so, or is gone. */
  async #close(sessionId: string, slot: number): Promise<void> {
    this.#step('close', sessionId);
    const { fleet } = this.#options;
    const view = fleet.views().find((candidate) => candidate.slot === slot);
    // Whoever comes up in this slot gets no session before this turn ends.
    if (!view || view.pid === undefined || view.state === 'starting') return;
    try {
      await fleet.call(slot, 'session.close', { sessionId });
    } catch (error) {
      if (!(await this.#ended(slot, view.incarnation, error))) throw error;
    }
  }

  async #open(sessionId: string, openAtHome: (id: string) => Promise<void>, openLater: (id: string) => void): Promise<void> {
    try {
      this.#step('open', sessionId);
      await openAtHome(sessionId);
    } catch (error) {
      this.#options.log.warn({ sessionId, cause: messageOf(error) }, 'a session that moved is opened a little later');
      openLater(sessionId);
    }
  }

  /** While the catalog was about to change, what the old home told may have been passed over. */
  async #tellAgain(sessionId: string, slot: number): Promise<void> {
    const { fleet, log } = this.#options;
    try {
      if (this.#isReady(slot)) await fleet.call(slot, 'session.settle', { sessionId });
    } catch (error) {
      log.warn({ sessionId, slot, cause: messageOf(error) }, 'the object store learns of a session with its next checkpoint only');
    }
  }

  /** Only after the object store was told of the new copy may the old one go. */
  async #leave(sessionId: string, slot: number): Promise<void> {
    const { registry, fleet, contents } = this.#options;
    const home = registry.find(sessionId)?.slot;
    if (home === slot) {
      this.#straysIn(slot).delete(sessionId);
      return;
    }
    if (home !== undefined) {
      this.#step('settle', sessionId);
      await contents.withLog(slot, sessionId, async (log) => fleet.call(home, 'session.settle', { sessionId, log }));
    }
    // Without a runner in it the rows stay until it has one, or until the next start.
    if (!this.#isReady(slot)) return;
    this.#step('forget', sessionId);
    await fleet.call(slot, 'session.forget', { sessionId });
    this.#straysIn(slot).delete(sessionId);
  }

  /** A runner that is silent or on its way out can neither close nor be read. @throws RUNNER_UNAVAILABLE */
  #assertAnswers(slot: number): void {
    const view = this.#options.fleet.views().find((candidate) => candidate.slot === slot);
    if (view?.state !== 'unresponsive' && view?.state !== 'draining') return;
    throw new AppError('RUNNER_UNAVAILABLE', 'The runner of this session does not answer at the moment; try again.', {
      retryAfterSeconds: 5,
    });
  }

  #isReady(slot: number): boolean {
    return this.#options.fleet.views().some((view) => view.slot === slot && view.state === 'ready');
  }

  /** Whether the process of that incarnation is gone, now or soon. */
  async #ended(slot: number, incarnation: number, error: unknown): Promise<boolean> {
    const { fleet } = this.#options;
    const gone = (): boolean => {
      const view = fleet.views().find((candidate) => candidate.slot === slot);
      return !view || view.pid === undefined || view.incarnation !== incarnation;
    };
    // One that answered something else, or is only late, lives on.
    const leaving = error instanceof AppError && (error.code === 'RUNNER_UNAVAILABLE' || error.code === 'DRAINING');
    if (gone() || !leaving) return gone();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        off();
        resolve(gone());
      };
      const timer = setTimeout(done, EXIT_WAIT_MS);
      const off = fleet.on({
        exited: (exited) => {
          if (exited === slot) done();
        },
      });
    });
  }

  #straysIn(slot: number): Set<string> {
    const strays = this.#strays.get(slot) ?? new Set();
    this.#strays.set(slot, strays);
    return strays;
  }

  #step(step: HandOverStep, sessionId: string): void {
    this.#options.onStep?.(step, sessionId);
  }
}
