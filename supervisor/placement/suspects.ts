// Keeps a session that crashes its runners from taking others with it; decision 0011 has the reasons.
import { AppError, messageOf } from '../../shared/errors.js';
import type { InFlight } from '../../shared/in-flight-file.js';
import type { Logger } from '../../shared/logging.js';
import type { Verdict } from '../fleet/exit-verdict.js';
import type { Fleet } from '../fleet/fleet.js';
import type { SessionRow } from '../supervisor-store.js';
import { wanted } from './desired-state.js';
import type { HandOver } from './hand-over.js';
import type { Registry } from './registry.js';
import type { SlotRooms } from './slot-rooms.js';
import { afterDeath, deathsOf, review, type Suspect } from './suspect-policy.js';

const CHECK_MS = 10_000;

export interface SuspectsOptions {
  registry: Registry;
  fleet: Pick<Fleet, 'keep'>;
  rooms: SlotRooms;
  handOver: Pick<HandOver, 'move' | 'isolate' | 'usable'>;
  log: Logger;
  /** What the runner of a slot that has ended left; asked once for each end. */
  takeMarks: (slot: number) => InFlight[];
  /** Unix milliseconds. */
  now?: () => number;
}

export class Suspects {
  readonly #options: SuspectsOptions;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #checking = false;

  constructor(options: SuspectsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Looks from now on whether sessions can be cleared. */
  start(): void {
    this.#timer ??= setInterval(() => void this.check(), CHECK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A runner has ended: holds it against the sessions it was at work for, in this turn. */
  onExit(slot: number, verdict: Verdict): void {
    const { registry, rooms, log } = this.#options;
    const alone = rooms.isIsolation(slot);
    for (const { sessionId, death } of deathsOf(this.#marksOf(slot), { at: this.#now(), slot, verdict }, alone)) {
      const row = registry.find(sessionId);
      if (!row || row.deleting || row.slot !== slot) continue;
      const { suspect, consequence } = afterDeath(row.suspect, death, alone);
      log.warn({ sessionId, ...death, deaths: suspect.deaths.length, consequence }, 'a session is suspected of crashing its runner');
      if (consequence === 'give_up') this.#giveUp(row, suspect, 'its own runner crashed, too');
      else this.#save(sessionId, registry.update(sessionId, { suspect }));
    }
  }

  /** Moves a session to a runner of its own and opens it there; without a place for it, it is given up to protect the others. */
  async isolate(sessionId: string): Promise<void> {
    const { registry, rooms, handOver, log } = this.#options;
    const row = registry.find(sessionId);
    if (!row?.suspect) return;
    const place = rooms.forIsolation(handOver.usable);
    if (place === undefined) {
      this.#giveUp(row, row.suspect, 'all runners for single sessions are taken');
      return;
    }
    log.warn({ sessionId, from: row.slot, to: place }, 'a session is isolated: it gets a runner of its own');
    await handOver.isolate(sessionId, place);
  }

  /** @throws AT_CAPACITY when the session may live only alone and there is no place for it */
  assertPlace(row: Readonly<SessionRow>): void {
    const { rooms, handOver } = this.#options;
    if (!rooms.isAway(row) || rooms.forIsolation(handOver.usable) !== undefined) return;
    throw new AppError(
      'AT_CAPACITY',
      'This session gets a runner of its own only, and all places for such are taken or rest; try again later.',
      {
        retryAfterSeconds: 60,
      },
    );
  }

  /** Clears whom nothing is held against any more, and takes sessions out of places that others may need. */
  async check(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    const { registry } = this.#options;
    try {
      for (const { sessionId } of registry.rows()) await this.#review(sessionId);
    } finally {
      this.#checking = false;
    }
  }

  async #review(sessionId: string): Promise<void> {
    const { registry, rooms, handOver, log } = this.#options;
    const verdict = (): ReturnType<typeof review> => {
      const row = registry.find(sessionId);
      if (!row || row.deleting) return undefined;
      return review({ ...row, wanted: wanted(row), alone: row.slot !== undefined && rooms.isIsolation(row.slot) }, this.#now());
    };
    try {
      if (verdict() === 'clear') {
        log.info({ sessionId }, 'a session is cleared: nothing is held against it any more');
        await registry.update(sessionId, { suspect: undefined });
      }
      if (verdict() === 'leave') await handOver.move(sessionId);
    } catch (error) {
      log.warn({ sessionId, cause: messageOf(error) }, 'a session could not be brought back from its isolation yet');
    }
  }

  #giveUp(row: Readonly<SessionRow>, { deaths }: Suspect, why: string): void {
    const { registry, fleet, rooms, log } = this.#options;
    const { sessionId, slot, state } = row;
    const suspect = { deaths, isolated: true };
    if (slot !== undefined && rooms.isIsolation(slot)) fleet.keep(slot, false);
    if (!wanted(row)) {
      this.#save(sessionId, registry.update(sessionId, { suspect }));
      return;
    }
    log.error(
      { sessionId, slot, why, deaths: deaths.length },
      'a session is given up: its work crashes runners; connect tries it again, alone',
    );
    // One that is shown as failing is connecting all the same.
    if (state === 'error') this.#save(sessionId, registry.apply(sessionId, 'connect', 'runner_lost'));
    this.#save(sessionId, registry.apply(sessionId, 'fail', 'crash_loop', { desired: 'disconnected', suspect }));
  }

  #marksOf(slot: number): InFlight[] {
    try {
      return this.#options.takeMarks(slot);
    } catch (error) {
      this.#options.log.warn({ slot, cause: messageOf(error) }, 'what a runner was doing when it ended cannot be read');
      return [];
    }
  }

  #save(sessionId: string, commit: Promise<void>): void {
    commit.catch((error: unknown) => {
      this.#options.log.warn({ sessionId, cause: messageOf(error) }, 'what is held against a session could not be stored');
    });
  }
}
