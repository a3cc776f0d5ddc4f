import { AppError, messageOf } from '../../shared/errors.js';
import type { Rhythm } from '../../shared/domain/rhythm.js';
import { runnerSettings, type SessionSettings } from '../../shared/domain/session-settings.js';
import type { Logger } from '../../shared/logging.js';
import type { Fleet } from '../fleet/fleet.js';
import type { ConnectPriority, ConnectThrottle } from './connect-throttle.js';
import { connectable, wanted } from './desired-state.js';
import { OpenOrder } from './open-order.js';
import type { Registry } from './registry.js';
import type { SessionTurns } from './session-turns.js';
import type { SlotRooms } from './slot-rooms.js';

const RETRY_MS = 5_000;

export interface OpeningsOptions {
  registry: Registry;
  fleet: Fleet;
  throttle: ConnectThrottle;
  turns: SessionTurns;
  rooms: SlotRooms;
  log: Logger;
  /** Awaited before a session is given to its runner. */
  beforeOpen?: ((sessionId: string) => Promise<void>) | undefined;
  /** What was learned of the session's silence. */
  rhythmOf: (sessionId: string) => Rhythm | undefined;
  settingsOf: (sessionId: string) => SessionSettings;
  /** Where a new session does best to live; undefined when it does not matter. */
  formerSlot: (sessionId: string) => number | undefined;
  /** Gives a session that is to be alone a runner of its own, and opens it there. */
  isolate: (sessionId: string) => Promise<void>;
  /** Called instead of an opening when a session that waited for one is being deleted. */
  resumeDelete: (sessionId: string) => Promise<void>;
  retryMs?: number | undefined;
  /** See `OpenOrder`. */
  pauseMs?: number | undefined;
}

/** Gives sessions to the runners of their home slots: each once at a time, and again when that failed. */
export class Openings {
  readonly #options: OpeningsOptions;
  readonly #running = new Map<string, { opening: Promise<void>; priority: ConnectPriority }>();
  readonly #retries = new Map<string, NodeJS.Timeout>();
  readonly order: OpenOrder;
  #stopping = false;

  constructor(options: OpeningsOptions) {
    this.#options = options;
    const { registry, pauseMs } = options;
    this.order = new OpenOrder({ registry, ...(pauseMs !== undefined && { pauseMs }) });
  }

  /**
   * Resolves when a runner has the session, and rejects when none could take it; then it is tried again a little later. Whoever asks while
   * that runs shares it, and may hurry it.
   */
  async open(sessionId: string, priority: ConnectPriority): Promise<void> {
    const running = this.#running.get(sessionId);
    if (!running) return this.#begin(sessionId, priority);
    if (priority === 'user') {
      running.priority = priority;
      this.#options.throttle.hurry(sessionId);
    }
    return running.opening;
  }

  /** A runner that comes up opens its sessions anyway; this is for one that stayed up and did not take the call, and for deletes. */
  later(sessionId: string): void {
    if (this.#stopping || this.#retries.has(sessionId)) return;
    const { registry, resumeDelete, log, retryMs } = this.#options;
    const retry = async (): Promise<void> => {
      const row = registry.find(sessionId);
      if (row?.deleting) await resumeDelete(sessionId);
      else if (row && connectable(row) && row.state !== 'connected') await this.open(sessionId, 'resume');
    };
    const timer = setTimeout(() => {
      this.#retries.delete(sessionId);
      retry().catch((error: unknown) => {
        if (!this.#stopping) log.warn({ sessionId, cause: messageOf(error) }, 'a session could not be brought to its desired state yet');
      });
    }, retryMs ?? RETRY_MS);
    this.#retries.set(sessionId, timer);
  }

  /** To be called in the session's turn. @param grantedAt when it was allowed to connect, if that holds only for a moment; Unix milliseconds */
  async atHome(sessionId: string, grantedAt?: number): Promise<void> {
    const { registry, fleet, rooms, rhythmOf, settingsOf, formerSlot, beforeOpen } = this.#options;
    const row = registry.get(sessionId);
    if (this.#stopping || !wanted(row)) return;
    if (rooms.isAway(row)) throw new AppError('RUNNER_UNAVAILABLE', 'This session is opened in a runner of its own only.');
    const slot = row.slot ?? rooms.forNew(row, formerSlot(sessionId));
    const isNew = row.slot === undefined;
    await registry.update(sessionId, { slot, epoch: row.epoch + 1 });
    fleet.keep(slot, true);
    await Promise.all([fleet.ensure(slot), beforeOpen?.(sessionId)]);
    // An earlier session of this name may have lived there, and moved away before it was deleted.
    if (isNew) await fleet.call(slot, 'session.forget', { sessionId });
    const rhythm = rhythmOf(sessionId);
    const { epoch } = registry.get(sessionId);
    const settings = runnerSettings(settingsOf(sessionId));
    await fleet.call(slot, 'session.open', {
      ...{ sessionId, epoch, pairing: !row.paired, settings },
      ...{ ...(rhythm && { rhythm }), ...(grantedAt !== undefined && { grantedAt }) },
    });
  }

  stop(): void {
    this.#stopping = true;
    for (const timer of this.#retries.values()) clearTimeout(timer);
    this.#retries.clear();
    this.order.stop();
  }

  async #begin(sessionId: string, priority: ConnectPriority): Promise<void> {
    const running = { opening: Promise.resolve(), priority };
    this.#running.set(sessionId, running);
    running.opening = this.#openNow(sessionId, () => running.priority)
      .catch((error: unknown) => {
        this.later(sessionId);
        throw error;
      })
      .finally(() => this.#running.delete(sessionId));
    return running.opening;
  }

  async #openNow(sessionId: string, priority: () => ConnectPriority): Promise<void> {
    const { registry, rooms, isolate } = this.#options;
    const row = registry.find(sessionId);
    if (row && rooms.isAway(row)) return wanted(row) ? isolate(sessionId) : undefined;
    await this.order.inTurn(sessionId, async () => {
      await this.#runnerOf(sessionId);
      await this.#connectInTurn(sessionId, priority);
    });
  }

  /** Turns that pass while a runner comes up would all be used at once when it is there. */
  async #runnerOf(sessionId: string): Promise<void> {
    const { registry, fleet } = this.#options;
    const row = registry.find(sessionId);
    if (row?.slot === undefined || !wanted(row)) return;
    fleet.keep(row.slot, true);
    await fleet.ensure(row.slot);
  }

  async #connectInTurn(sessionId: string, priority: () => ConnectPriority): Promise<void> {
    const { registry, throttle, turns } = this.#options;
    await throttle.turn({ sessionId, priority: priority() });
    // What a busy machine holds up must not come beside the rest of a ramp, above the rate; unless somebody asked for it meanwhile.
    const grantedAt = priority() === 'resume' ? Date.now() : undefined;
    try {
      await turns.alone(
        sessionId,
        () => registry.get(sessionId),
        async () => this.atHome(sessionId, grantedAt),
      );
    } catch (error) {
      throttle.settled(sessionId);
      throw error;
    }
    const row = registry.find(sessionId);
    if (!row || !wanted(row)) throttle.settled(sessionId);
  }
}
