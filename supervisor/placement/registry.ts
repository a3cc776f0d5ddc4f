import { phoneNumberOf } from '../../shared/domain/ids.js';
import { next, outwardStatus, type Reason, type SessionEvent } from '../../shared/domain/session.js';
import { AppError } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { Store, Write } from '../../shared/store/store.js';
import type { Commits } from '../events/event-log.js';
import { newSession, TABLES, type SessionRow } from '../supervisor-store.js';
import type { Qr, SessionView } from '../worker.js';

type Patch = Partial<Omit<SessionRow, 'sessionId' | 'seq' | 'since' | 'state'>>;
type Listener = (row: Readonly<SessionRow>) => void;

/** Keeps rows of its own beside the catalog, in step with it. Called in the turn in which the registry changes. */
export interface RegistryFollower {
  /** A state changed: what to commit together with it. `ended` is called when that commit has ended. */
  changed(row: Readonly<SessionRow>): { writes: readonly Write[]; ended: (committed: boolean) => void };
  /** A session has a new QR code. */
  qrShown(sessionId: string): void;
  /** A session is being deleted or is gone: nothing may be written about it any more. */
  leaving(sessionId: string): void;
  /** Sessions were put into the store by somebody else. */
  loaded(): void;
}

/** The catalog of sessions and their states: in memory for reading, committed on every change. QR codes live in memory only. */
export class Registry {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #commits: Commits;
  readonly #rows = new Map<string, SessionRow>();
  readonly #qrs = new Map<string, Qr>();
  readonly #listeners = new Set<Listener>();
  readonly #waits = new Set<() => void>();
  #follower: RegistryFollower | undefined;

  /** Knows what the store holds now. @param commits through which the catalog is changed */
  constructor(store: Store, log: Logger, commits: Commits = store) {
    this.#store = store;
    this.#log = log;
    this.#commits = commits;
    this.load();
  }

  /** Takes up what was put into the store by somebody else. */
  load(): void {
    for (const { value } of this.#store.range<SessionRow>(TABLES.sessions)) this.#rows.set(value.sessionId, value);
    this.#follower?.loaded();
  }

  /** From now on every change goes through `follower`, of which there is one at most. */
  follow(follower: RegistryFollower): void {
    this.#follower = follower;
  }

  get size(): number {
    return this.#rows.size;
  }

  rows(): readonly Readonly<SessionRow>[] {
    return [...this.#rows.values()];
  }

  find(sessionId: string): Readonly<SessionRow> | undefined {
    return this.#rows.get(sessionId);
  }

  /** @throws SESSION_NOT_FOUND, also while it is being deleted */
  get(sessionId: string): Readonly<SessionRow> {
    const row = this.#rows.get(sessionId);
    if (!row || row.deleting) throw new AppError('SESSION_NOT_FOUND', 'There is no session with this id.');
    return row;
  }

  view(sessionId: string): SessionView {
    const row = this.get(sessionId);
    const qr = this.qr(sessionId);
    return {
      status: outwardStatus(row.state, row.everConnected),
      phoneNumber: row.jid === undefined ? undefined : phoneNumberOf(row.jid),
      qr: qr && qr.expiresAt > Date.now() ? qr : undefined,
      // Last: what is added to a copy of so many fields makes it a dictionary, which takes ten times as long.
      ...row,
    };
  }

  /** @param others committed together with it */
  async add(input: Pick<SessionRow, 'sessionId' | 'userId' | 'sessionName'>, others: readonly Write[] = []): Promise<void> {
    if (this.#rows.has(input.sessionId)) throw new AppError('SESSION_ALREADY_EXISTS', 'A session with this id exists already.');
    const row: SessionRow = { ...newSession(input.sessionId, Date.now()), ...input };
    this.#rows.set(row.sessionId, row);
    try {
      await this.#save(row, others);
    } catch (error) {
      this.#rows.delete(row.sessionId);
      throw error;
    }
  }

  /** Changes what is known of a session without changing its state. */
  async update(sessionId: string, patch: Patch): Promise<void> {
    const row = this.#rows.get(sessionId);
    if (!row) return;
    Object.assign(row, patch);
    if (row.deleting) this.#follower?.leaving(sessionId);
    await this.#save(row);
  }

  /** Gives a session another home. When that cannot be committed the old one stays, and a commit has to say so before anybody opens it there. */
  async rehome(sessionId: string, slot: number): Promise<void> {
    const row = this.#rows.get(sessionId);
    if (!row) return;
    const before = row.slot;
    try {
      await this.update(sessionId, { slot, epoch: row.epoch + 1 });
    } catch (error) {
      row.slot = before;
      throw error;
    }
  }

  /** Applies what happened; an event without an arrow changes only what `patch` says. Resolves when it is committed. */
  async apply(sessionId: string, event: SessionEvent, reason: Reason, patch: Patch = {}): Promise<void> {
    const row = this.#rows.get(sessionId);
    if (!row) return;
    const state = next(row.state, event);
    Object.assign(row, patch);
    if (state) {
      this.#log.info({ sessionId, from: row.state, to: state, reason, seq: row.seq + 1 }, 'session changed');
      const now = Date.now();
      Object.assign(row, { state, reason, seq: row.seq + 1, since: now, lastActivity: now });
      if (state !== 'qr_required') this.#qrs.delete(sessionId);
    }
    const along = state && this.#follower?.changed({ ...row });
    const saved = this.#save(row, along?.writes);
    if (state) this.#notify(row);
    try {
      await saved;
    } catch (error) {
      along?.ended(false);
      throw error;
    }
    along?.ended(true);
  }

  /** The newest QR of a session; the state is changed apart. */
  showQr(sessionId: string, qr: Qr): void {
    this.#qrs.set(sessionId, qr);
    this.#follower?.qrShown(sessionId);
  }

  /** The newest QR of a session that waits for a scan, expired or not. */
  qr(sessionId: string): Qr | undefined {
    return this.#rows.get(sessionId)?.state === 'qr_required' ? this.#qrs.get(sessionId) : undefined;
  }

  /** In memory; written with the next change. */
  touch(sessionId: string, at = Date.now()): void {
    const row = this.#rows.get(sessionId);
    if (row && at > row.lastActivity) row.lastActivity = at;
  }

  /** @param others committed together with the removal */
  async remove(sessionId: string, others: readonly Write[] = []): Promise<void> {
    await this.#commits.commit([{ table: TABLES.sessions, key: [sessionId], value: undefined }, ...others]);
    const row = this.#rows.get(sessionId);
    this.#rows.delete(sessionId);
    this.#qrs.delete(sessionId);
    this.#follower?.leaving(sessionId);
    if (row) this.#notify(row);
  }

  /** Calls `listener` after every change of a state, until the returned function is called. */
  onChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when `until` holds for the session, when it is gone, or after `timeoutMs`. */
  async wait(sessionId: string, timeoutMs: number, until: (row: Readonly<SessionRow>) => boolean): Promise<void> {
    const row = this.#rows.get(sessionId);
    if (!row || until(row)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        stop();
        this.#waits.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      const stop = this.onChange((changed) => {
        if (changed.sessionId === sessionId && (until(changed) || !this.#rows.has(sessionId))) done();
      });
      this.#waits.add(done);
    });
  }

  /** Ends every wait now. */
  endWaits(): void {
    for (const done of [...this.#waits]) done();
  }

  #notify(row: SessionRow): void {
    for (const listener of [...this.#listeners]) listener(row);
  }

  async #save(row: SessionRow, others: readonly Write[] = []): Promise<void> {
    await this.#commits.commit([{ table: TABLES.sessions, key: [row.sessionId], value: { ...row } }, ...others]);
  }
}
