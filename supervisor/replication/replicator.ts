// Keeps the object store behind the local stores: the journal every interval, the files of sessions from time to time.
import { messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import { Housekeeping, type HousekeepingOptions } from './housekeeping.js';
import { Journal } from './journal.js';
import { SupersededError, type Ownership } from './ownership.js';
import { Trouble, type TroubleFacts } from './trouble.js';

export interface ReplicatorOptions extends HousekeepingOptions {
  ownership: Ownership;
  /** Forget the change log of a slot's store up to `to`. */
  trimSlot: (slot: number, to: number) => void;
  /** Another data folder owns this worker's objects. */
  onSuperseded: (error: SupersededError) => void;
  log: Logger;
  intervalMs: number;
}

export interface ReplicationStatus {
  state: 'ok' | 'degraded';
  /** How old the oldest change is that the object store does not have; 0 when it has all. */
  lagMs: number;
  changesWaiting: number;
  /** Sessions whose files are behind the journal. */
  sessionsDirty: number;
  trouble: TroubleFacts | undefined;
}

const CONFIRM_MS = 10_000;
export class Replicator {
  readonly #options: ReplicatorOptions;
  readonly #journal: Journal;
  readonly #housekeeping: Housekeeping;
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<void> = Promise.resolve();
  #round: Promise<void> | undefined;
  /** What is wrong with shipping, and with all that follows it. */
  readonly #troubles = { journal: new Trouble(), files: new Trouble() };
  /** Both by the clock that nobody sets. */
  #caughtUpAt = performance.now();
  #confirmedAt = -Infinity;
  #stopped = false;

  constructor(options: ReplicatorOptions) {
    this.#options = options;
    const { workerId, store, objects, progress, sources } = options;
    this.#journal = new Journal({
      workerId,
      store,
      objects,
      progress,
      sources: () => sources.all(),
      onShipped: ({ slot }, to) => {
        if (slot !== undefined) options.trimSlot(slot, to);
        else this.#inBackground(store.trimChanges(to));
      },
      onChanged: (changed, number) => [
        ...[...changed.sessions].flatMap((sessionId) => this.#housekeeping.soil(sessionId, number)),
        ...[...changed.newPreKeys].flatMap((sessionId) => progress.madePreKeys(sessionId, number)),
      ],
    });
    this.#housekeeping = new Housekeeping(options);
  }

  /** Begins; the object store need not be there. */
  async start(): Promise<void> {
    await this.#housekeeping.soilUntracked();
    this.#schedule(0);
  }

  /** The description of this session changed. */
  changed(sessionId: string): void {
    this.#housekeeping.changed(sessionId);
  }

  /** Ships what is committed now, and with `files` writes what the sessions' files lack. @throws ObjectStoreError */
  async flush(files: boolean): Promise<void> {
    await this.#alone(async () => {
      await this.#confirmOwner();
      await this.#shipAll();
    });
    if (files) await this.#housekeeping.run(true);
  }

  /** Ships what is committed, for as long as `deadlineMs`; what is not shipped then is shipped after the next start. */
  async stop(deadlineMs: number): Promise<void> {
    clearTimeout(this.#timer);
    this.#stopped = true;
    this.#housekeeping.stop();
    const last = this.flush(false).catch((error: unknown) => {
      this.#options.log.warn({ cause: messageOf(error) }, 'stopping with changes the object store does not have yet');
    });
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([Promise.all([last, this.#round]), new Promise((resolve) => (timer = setTimeout(resolve, deadlineMs)))]);
    clearTimeout(timer);
  }

  status(): ReplicationStatus {
    const changesWaiting = this.#journal.waiting();
    const trouble = this.#troubles.journal.now ?? this.#troubles.files.now;
    return {
      state: trouble ? 'degraded' : 'ok',
      lagMs: changesWaiting > 0 ? Math.round(performance.now() - this.#caughtUpAt) : 0,
      changesWaiting,
      sessionsDirty: this.#options.progress.dirtyCount,
      trouble,
    };
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      void this.#tick();
    }, delayMs);
  }

  async #tick(): Promise<void> {
    const begun = performance.now();
    try {
      await this.#alone(async () => {
        await this.#confirmOwner();
        await this.#shipAll();
      });
      this.#passed('journal');
      if (this.#troubles.files.isDue) this.#round ??= this.#keepHouse().finally(() => (this.#round = undefined));
      this.#schedule(Math.max(0, this.#options.intervalMs - (performance.now() - begun)));
    } catch (error) {
      this.#failed('journal', error);
      this.#schedule(Math.max(this.#options.intervalMs, this.#troubles.journal.pauseMs));
    }
  }

  async #keepHouse(): Promise<void> {
    try {
      await this.#housekeeping.run(false);
      this.#passed('files');
    } catch (error) {
      this.#failed('files', error);
    }
  }

  /** One shipment at a time. */
  async #alone(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #shipAll(): Promise<void> {
    let startedAt = performance.now();
    while (await this.#journal.ship()) startedAt = performance.now();
    this.#caughtUpAt = startedAt;
  }

  /** This folder must be the one that speaks for the worker; one whose sessions were never in the object store becomes it. */
  async #confirmOwner(): Promise<void> {
    const { objects, ownership, progress, store, workerId, log } = this.#options;
    if (performance.now() - this.#confirmedAt < CONFIRM_MS) return;
    if (this.#confirmedAt === -Infinity) await objects.open();
    if (progress.owner) {
      if (!(await ownership.confirm(progress.owner))) {
        log.warn('the object store knows nothing of this worker any more; everything is shipped anew');
        await ownership.repeat(progress.owner, progress.number);
        await this.#housekeeping.soilAll();
      }
    } else {
      if (await ownership.standing()) throw new SupersededError(workerId);
      await store.commit(progress.own(await ownership.take(undefined, 0, 0)));
    }
    this.#confirmedAt = performance.now();
  }

  #failed(where: 'journal' | 'files', error: unknown): void {
    const { log, onSuperseded } = this.#options;
    if (error instanceof SupersededError) {
      this.#stopped = true;
      onSuperseded(error);
      return;
    }
    if (this.#troubles[where].met(error)) log.error({ cause: messageOf(error) }, this.#troubles[where].now?.sentence);
  }

  #passed(where: 'journal' | 'files'): void {
    const { now } = this.#troubles[where];
    if (now) this.#options.log.info({ kind: now.kind, forMs: Date.now() - now.since }, 'the object store works again');
    this.#troubles[where].passed();
  }

  #inBackground(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      this.#options.log.warn({ cause: messageOf(error) }, 'the change log could not be trimmed yet');
    });
  }
}
