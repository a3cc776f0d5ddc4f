import { next, REASONS, type Reason } from '../../shared/domain/session.js';
import { AppError, messageOf } from '../../shared/errors.js';
import type { SessionSettings } from '../../shared/domain/session-settings.js';
import type { InFlight } from '../../shared/in-flight-file.js';
import type { SessionFact } from '../../shared/ipc/protocol.js';
import type { Logger } from '../../shared/logging.js';
import type { Store, Write } from '../../shared/store/store.js';
import type { Verdict } from '../fleet/exit-verdict.js';
import type { Fleet } from '../fleet/fleet.js';
import type { SlotState } from '../fleet/runner-view.js';
import { removeSessionRows, type SessionRow } from '../supervisor-store.js';
import type { Sessions, SessionView } from '../worker.js';
import { applyFact, UNPAIRED } from './apply-fact.js';
import type { ConnectThrottle } from './connect-throttle.js';
import type { DeafLadder } from './deaf-ladder.js';
import { connectable, isOutdated, lost, wanted } from './desired-state.js';
import { HandOver, type HandOverOptions } from './hand-over.js';
import { Openings } from './openings.js';
import type { Registry } from './registry.js';
import { SessionTurns } from './session-turns.js';
import { slotCount, SlotRooms } from './slot-rooms.js';
import { Suspects } from './suspects.js';

/** How long a connect waits for something to show. */
const CONNECT_WAIT_MS = 20_000;
/** A pairing code can be asked for before the QR is there. */
const PAIRING_WAIT_MS = 20_000;
/** A slot that is to be started again, now or when somebody asks. */
const RESTING: ReadonlySet<SlotState> = new Set<SlotState>(['backoff', 'quarantined', 'idle']);

export interface PlacedSessionsOptions {
  registry: Registry;
  store: Store;
  fleet: Fleet;
  throttle: ConnectThrottle;
  log: Logger;
  maxSessions: number;
  /** Sentence saying what is short for one more session. */
  shortage?: () => string | undefined;
  /** The same, for one that is to be paired. */
  memoryShortage?: () => string | undefined;
  /** Told of the sessions that a start connects again, before the first of them begins. */
  onResume?: (sessionIds: readonly string[]) => void;
  maxSessionsPerRunner: number;
  /** What was set for a session; nothing unless given. */
  settingsOf?: (sessionId: string) => SessionSettings;
  /** What to commit together with a new session. @throws INVALID_REQUEST for settings that cannot be */
  onCreated?: (sessionId: string, settings: unknown) => Write[];
  /** What to commit together with the end of a session. */
  onRemoved?: (sessionId: string, slot: number | undefined) => Write[];
  /** Where a new session does best to live; no matter unless given. */
  formerSlot?: (sessionId: string) => number | undefined;
  /** Awaited before a session is given to its runner. */
  beforeOpen?: (sessionId: string) => Promise<void>;
  retryMs?: number;
  /** What a runner that ended in a slot left in flight; nothing unless given. */
  takeMarks?: (slot: number) => InFlight[];
  /** Before a suspect is opened; see `OpenOrder`. */
  pauseMs?: number;
  /** By which suspects are judged; Unix milliseconds. */
  now?: () => number;
  /** Hears of a session that was deaf, and knows what was learned of it. */
  deafLadder?: () => Pick<DeafLadder, 'onDeaf' | 'rhythmOf'>;
  /** Sessions with rows in the store of a slot; none unless given. */
  contents: HandOverOptions['contents'];
  onStep?: HandOverOptions['onStep'];
}

/** Sessions as the API sees them, each held by the runner of its home slot. */
export class PlacedSessions implements Sessions {
  readonly #options: PlacedSessionsOptions;
  readonly #registry: Registry;
  readonly #turns = new SessionTurns();
  readonly rooms: SlotRooms;
  readonly handOver: HandOver;
  readonly suspects: Suspects;
  readonly #openings: Openings;
  #idleBefore: ReadonlySet<number> = new Set();
  #stopping = false;

  constructor(options: PlacedSessionsOptions) {
    this.#options = options;
    this.#registry = options.registry;
    const { registry, fleet, throttle, log, maxSessions, maxSessionsPerRunner: perSlot } = options;
    const rooms = new SlotRooms({ registry, perSlot, slots: slotCount(maxSessions, perSlot) });
    this.rooms = rooms;
    this.#openings = new Openings({
      ...{ registry, fleet, throttle, log, rooms, turns: this.#turns },
      ...{ beforeOpen: options.beforeOpen, retryMs: options.retryMs, pauseMs: options.pauseMs },
      rhythmOf: (sessionId) => options.deafLadder?.().rhythmOf(sessionId),
      settingsOf: (sessionId) => options.settingsOf?.(sessionId) ?? {},
      formerSlot: (sessionId) => options.formerSlot?.(sessionId),
      isolate: async (sessionId) => this.suspects.isolate(sessionId),
      resumeDelete: async (sessionId) => this.delete(sessionId),
    });
    this.handOver = new HandOver({
      ...{ registry, fleet, throttle, log, rooms, turns: this.#turns },
      openAtHome: async (sessionId) => this.#openings.atHome(sessionId),
      openLater: (sessionId) => {
        this.#openings.later(sessionId);
      },
      contents: options.contents,
      ...(options.onStep && { onStep: options.onStep }),
    });
    this.suspects = new Suspects({
      ...{ registry, fleet, rooms, log, handOver: this.handOver },
      takeMarks: options.takeMarks ?? (() => []),
      ...(options.now && { now: options.now }),
    });
  }

  /** Connects whatever was connected before; to be called once, after the left-overs of an earlier supervisor are gone. */
  async resume(): Promise<void> {
    const rows = this.#registry.rows();
    this.suspects.start();
    await Promise.all(rows.map(async (row) => this.#prepareResume(row)));
    for (const { sessionId } of rows.filter(({ deleting }) => deleting)) this.#inBackground(sessionId, this.delete(sessionId));
    const resumed = this.#registry.rows().filter(wanted);
    this.#options.onResume?.(resumed.map(({ sessionId }) => sessionId));
    for (const { sessionId } of resumed) this.#inBackground(sessionId, this.#openings.open(sessionId, 'resume'));
  }

  /** No more connects; what is open stays open until the fleet stops. */
  stop(): void {
    this.#stopping = true;
    this.suspects.stop();
    this.#openings.stop();
    this.#registry.endWaits();
  }

  /** Sessions that should be connected and are not yet. */
  get away(): number {
    return this.#registry.rows().filter((row) => wanted(row) && row.state !== 'connected').length;
  }

  async create({ sessionId, userId, sessionName, settings }: Parameters<Sessions['create']>[0]): Promise<SessionView> {
    const full =
      this.#registry.size >= this.#options.maxSessions ? 'This worker holds as many sessions as it may.' : this.#options.shortage?.();
    if (full !== undefined && !this.#registry.find(sessionId)) throw new AppError('AT_CAPACITY', full, { retryAfterSeconds: 60 });
    await this.#registry.add({ sessionId, userId, sessionName }, this.#options.onCreated?.(sessionId, settings));
    return this.#registry.view(sessionId);
  }

  list(): SessionView[] {
    return this.#registry
      .rows()
      .filter(({ deleting }) => !deleting)
      .map(({ sessionId }) => this.#registry.view(sessionId));
  }

  get(sessionId: string): SessionView {
    return this.#registry.view(sessionId);
  }

  async connect(sessionId: string): Promise<SessionView> {
    this.#assertMemory(sessionId);
    return this.#connect(sessionId);
  }

  async #connect(sessionId: string): Promise<SessionView> {
    const { opening } = await this.#want(sessionId);
    const shown = this.#registry.wait(sessionId, CONNECT_WAIT_MS, ({ state }) => state !== 'connecting' && state !== 'reconnecting');
    // Opened is not yet connected, but what cannot be opened will show nothing.
    await Promise.race([shown, opening.then(async () => shown)]);
    return this.#registry.view(sessionId);
  }

  async pairingCode(sessionId: string, phoneNumber: string): Promise<{ code: string; expiresAt: number }> {
    if (this.#registry.get(sessionId).paired) {
      throw new AppError('SESSION_ALREADY_PAIRED', 'This session is paired with a phone already; log it out first.');
    }
    this.#assertMemory(sessionId);
    await this.#want(sessionId);
    await this.#registry.wait(sessionId, PAIRING_WAIT_MS, ({ state }) => state !== 'connecting');
    const { state, slot } = this.#registry.get(sessionId);
    if (state !== 'qr_required' || slot === undefined) {
      throw new AppError('QR_NOT_AVAILABLE', 'WhatsApp did not offer pairing in time; try again.', { retryAfterSeconds: 5 });
    }
    return this.#options.fleet.call(slot, 'session.pairingCode', { sessionId, phoneNumber });
  }

  async disconnect(sessionId: string): Promise<SessionView> {
    await this.#alone(sessionId, async () => {
      await this.#close(sessionId, 'disconnect_requested');
    });
    return this.#registry.view(sessionId);
  }

  async restart(sessionId: string): Promise<SessionView> {
    this.#assertMemory(sessionId);
    await this.#alone(sessionId, async () => {
      await this.#close(sessionId, 'disconnect_requested');
    });
    return this.#connect(sessionId);
  }

  async move(sessionId: string, slot?: number): Promise<SessionView> {
    await this.handOver.move(sessionId, slot);
    await this.#registry.wait(sessionId, CONNECT_WAIT_MS, ({ state }) => state !== 'connecting' && state !== 'reconnecting');
    return this.#registry.view(sessionId);
  }

  async logout(sessionId: string): Promise<SessionView> {
    await this.#alone(sessionId, async () => {
      const { slot } = this.#registry.get(sessionId);
      await this.#registry.update(sessionId, { desired: 'disconnected' });
      if (slot !== undefined) {
        await this.#options.fleet.ensure(slot);
        await this.#options.fleet.call(slot, 'session.logout', { sessionId });
      }
      await this.#registry.apply(sessionId, 'logout', 'logout_requested', UNPAIRED);
    });
    return this.#registry.view(sessionId);
  }

  async delete(sessionId: string): Promise<void> {
    await this.#alone(
      sessionId,
      async () => {
        const { store, fleet } = this.#options;
        const { slot } = this.#registry.find(sessionId) ?? {};
        await this.#registry.update(sessionId, { deleting: true, desired: 'disconnected' });
        if (slot !== undefined) {
          await fleet.ensure(slot);
          await fleet.call(slot, 'session.erase', { sessionId });
        }
        await removeSessionRows(store, sessionId);
        await this.#registry.remove(sessionId, this.#options.onRemoved?.(sessionId, slot));
      },
      // A delete that a crash interrupted goes on although the session is no longer shown.
      () => this.#registry.find(sessionId) ?? this.#registry.get(sessionId),
    ).catch((error: unknown) => {
      if (this.#registry.find(sessionId)?.deleting) this.#openings.later(sessionId);
      throw error;
    });
  }

  /** What a runner tells; facts of an earlier owner are ignored. */
  onFact(sessionId: string, epoch: number, fact: SessionFact): void {
    const row = this.#registry.find(sessionId);
    if (!row || row.epoch !== epoch || row.deleting) return;
    this.#openings.order.onFact(sessionId, fact);
    if (fact.type === 'deaf') this.#options.deafLadder?.().onDeaf(sessionId, fact);
    else this.#inBackground(sessionId, applyFact(this.#registry, row, fact));
  }

  /** The runner of a slot takes calls: whatever should be connected there is. */
  onRunnerReady(slot: number): void {
    for (const row of this.#registry.rows().filter((candidate) => candidate.slot === slot && connectable(candidate))) {
      // One that has not been connected since the start of the worker belongs to the ramp, also when its runner came up at the second try.
      this.#inBackground(row.sessionId, this.#openings.open(row.sessionId, row.reason === 'resumed' ? 'resume' : 'reconnect'));
    }
    this.handOver.clearStrays(slot).catch((error: unknown) => {
      this.#options.log.warn({ slot, cause: messageOf(error) }, 'what moved sessions left in a slot could not be looked up');
    });
  }

  /** The runner of a slot has ended, so none of its sockets lives. */
  onRunnerExited(slot: number, verdict: Verdict): void {
    // At a stop nothing is lost: the next start resumes from what is stored.
    if (this.#stopping) return;
    this.suspects.onExit(slot, verdict);
    this.#openings.order.runnerExited(slot);
    for (const row of this.#registry.rows().filter((candidate) => candidate.slot === slot && !candidate.deleting)) {
      if (wanted(row)) this.#inBackground(row.sessionId, this.#registry.apply(row.sessionId, lost(row), 'runner_lost'));
      else this.#inBackground(row.sessionId, this.#settleUnwanted(row));
      // Not with the others of this slot, when it has a runner again, but somewhere else and now.
      if (connectable(row) && this.rooms.isAway(row)) this.#inBackground(row.sessionId, this.#openings.open(row.sessionId, 'reconnect'));
    }
  }

  /** Ends runners that hold no session that should be connected, or tries no more to start them, when that was so at the last call too. */
  async releaseIdle(): Promise<void> {
    const { fleet } = this.#options;
    const before = this.#idleBefore;
    this.#idleBefore = new Set();
    if (this.#stopping || this.#turns.anyBusy) return;
    const needed = new Set(this.#registry.rows().flatMap((row) => (connectable(row) && row.slot !== undefined ? [row.slot] : [])));
    const idle = fleet
      .views()
      .filter(({ slot, state, wanted: kept }) => !needed.has(slot) && (state === 'ready' || (kept && RESTING.has(state))))
      .map(({ slot }) => slot);
    const due = idle.filter((slot) => before.has(slot));
    this.#idleBefore = new Set(idle);
    await Promise.all(due.map(async (slot) => fleet.release(slot)));
  }

  /** A session takes the most memory when it is paired. One that waits for a scan already goes on. @throws AT_CAPACITY */
  #assertMemory(sessionId: string): void {
    const { paired, state } = this.#registry.get(sessionId);
    const short = paired || state === 'qr_required' || state === 'connecting' ? undefined : this.#options.memoryShortage?.();
    if (short !== undefined) throw new AppError('AT_CAPACITY', short, { retryAfterSeconds: 60 });
  }

  /** @returns what resolves when a runner has the session, and rejects when none can take it */
  async #want(sessionId: string): Promise<{ opening: Promise<void> }> {
    await this.#alone(sessionId, async () => {
      if (this.#registry.get(sessionId).reason === 'storage_corrupt') throw new AppError('STORAGE_CORRUPT', REASONS.storage_corrupt);
      this.suspects.assertPlace(this.#registry.get(sessionId));
      await this.#registry.apply(sessionId, 'connect', 'connect_requested', { desired: 'connected' });
    });
    const { state } = this.#registry.get(sessionId);
    if (state !== 'connecting' && state !== 'reconnecting') return { opening: Promise.resolve() };
    const opening = this.#openings.open(sessionId, 'user');
    this.#inBackground(sessionId, opening);
    return { opening };
  }

  async #close(sessionId: string, reason: Reason): Promise<void> {
    const { slot } = this.#registry.get(sessionId);
    await this.#registry.update(sessionId, { desired: 'disconnected' });
    if (slot !== undefined && this.#isRunning(slot)) await this.#options.fleet.call(slot, 'session.close', { sessionId });
    await this.#registry.apply(sessionId, 'stop', reason);
  }

  #isRunning(slot: number): boolean {
    return this.#options.fleet.views().some((view) => view.slot === slot && (view.state === 'ready' || view.state === 'unresponsive'));
  }

  /** A disconnect or a logout did not get to its end, but nothing is connected any more. */
  async #settleUnwanted({ sessionId, state }: Readonly<SessionRow>): Promise<void> {
    if (state !== 'error' && next(state, 'stop')) await this.#registry.apply(sessionId, 'stop', 'disconnect_requested');
  }

  async #prepareResume(row: Readonly<SessionRow>): Promise<void> {
    if (row.deleting) return;
    if (!wanted(row)) return this.#settleUnwanted(row);
    if (row.paired) return this.#registry.apply(row.sessionId, isOutdated(row) ? 'connect' : lost(row), 'resumed');
    // Nobody is looking at a QR any more.
    return this.#registry.apply(row.sessionId, 'stop', 'qr_expired', { desired: 'disconnected' });
  }

  async #alone<T>(sessionId: string, work: () => Promise<T>, check: () => unknown = () => this.#registry.get(sessionId)): Promise<T> {
    return this.#turns.alone(sessionId, check, work);
  }

  #inBackground(sessionId: string, work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (this.#stopping) return;
      this.#options.log.warn({ sessionId, cause: messageOf(error) }, 'a session could not be brought to its desired state yet');
    });
  }
}
