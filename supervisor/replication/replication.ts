// The object store behind the local ones, as the rest of the supervisor sees it.
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import { ObjectStoreError, type ObjectStore } from '../../shared/object-store/object-store.js';
import { SealedRowError, type RowCipher } from '../../shared/store/row-cipher.js';
import type { Store, Write } from '../../shared/store/store.js';
import type { SlotReaders } from '../slot-readers.js';
import { TABLES, type Deletion } from '../supervisor-store.js';
import { ChangeSources } from './change-sources.js';
import { Checkpoints } from './checkpoints.js';
import { Ownership, SupersededError } from './ownership.js';
import { Progress } from './progress.js';
import { RecentDays } from './recent-days.js';
import { Replicator, type ReplicationStatus } from './replicator.js';
import { restoreWorker } from './restore.js';
import { Trouble } from './trouble.js';

export interface ReplicationOptions {
  workerId: string;
  store: Store;
  dataDir: string;
  readers: SlotReaders;
  objects: ObjectStore;
  cipher: RowCipher | undefined;
  roomPerSlot: number;
  intervalMs: number;
  checkpointMs: number;
  /** Forget the change log of a slot's store up to `to`. */
  trimSlot: (slot: number, to: number) => void;
  /** The worker must end: another data folder owns its sessions, or a key to decrypt them with is missing. */
  onRefused: (why: string) => void;
  log: Logger;
}

export interface StorageStatus extends Omit<ReplicationStatus, 'state'> {
  state: ReplicationStatus['state'] | 'restoring';
}

/** A store that answers at all answers in this time. */
const CONFIRM_MS = 3_000;
const PREPARE_MS = 5_000;

export class Replication {
  readonly #options: ReplicationOptions;
  readonly #progress: Progress;
  readonly #ownership: Ownership;
  readonly #sources: ChangeSources;
  readonly #replicator: Replicator;
  readonly #recentDays: RecentDays;
  readonly #stopping = new AbortController();
  #restoring: StorageStatus | undefined;

  constructor(options: ReplicationOptions) {
    this.#options = options;
    const { workerId, store, dataDir, readers, objects, cipher, log } = options;
    this.#progress = new Progress(store);
    this.#recentDays = new RecentDays(store, objects, log);
    this.#ownership = new Ownership(objects, workerId);
    this.#sources = new ChangeSources({ store, dataDir, readers });
    const checkpoints = new Checkpoints({
      workerId,
      store,
      objects,
      progress: this.#progress,
      reader: (slot) => readers.reader(slot),
      cipher,
    });
    this.#replicator = new Replicator({
      ...{ workerId, store, objects, log, checkpoints, intervalMs: options.intervalMs, checkpointMs: options.checkpointMs },
      ...{ sources: this.#sources, progress: this.#progress, ownership: this.#ownership, trimSlot: options.trimSlot },
      onSuperseded: (error) => {
        options.onRefused(error.message);
      },
    });
  }

  /** True for a data folder that has nothing yet: what the bucket holds of this worker has to come back first. */
  get isFresh(): boolean {
    const { isRestoring, owner } = this.#progress;
    return isRestoring || (owner === undefined && [...this.#options.store.range(TABLES.sessions, { limit: 1 })].length === 0);
  }

  /** Brings the worker's sessions back; tries for as long as the object store is away. Rejects only when `stop` is called or nothing can help. */
  async restore(): Promise<void> {
    const { objects, log } = this.#options;
    const since = Date.now();
    const trouble = new Trouble();
    const say = (): void => {
      this.#restoring = { state: 'restoring', lagMs: 0, changesWaiting: 0, sessionsDirty: 0, trouble: trouble.now };
    };
    say();
    for (;;) {
      try {
        await objects.open();
        const { sessions, damaged } = await restoreWorker({ ...this.#options, ownership: this.#ownership, progress: this.#progress });
        this.#restoring = undefined;
        log.info({ sessions, damaged, forMs: Date.now() - since }, 'the sessions of this worker were restored from the object store');
        return;
      } catch (error) {
        if (error instanceof SupersededError || error instanceof SealedRowError) {
          this.#options.onRefused(error.message);
          throw error;
        }
        if (!(error instanceof ObjectStoreError)) throw error;
        if (trouble.met(error)) log.error({ cause: messageOf(error) }, error.sentence);
      }
      say();
      await pause(trouble.pauseMs, undefined, { signal: this.#stopping.signal });
    }
  }

  /**
   * Makes sure, if the object store answers in time, that no other data folder has taken this worker over: an older one that connects would
   * throw the sessions of the newer one out.
   */
  async confirm(): Promise<void> {
    const { owner } = this.#progress;
    if (!owner) return;
    const { log, onRefused } = this.#options;
    const late = pause(CONFIRM_MS, 'late' as const, { ref: false });
    const confirmed = this.#ownership.confirm(owner).catch((error: unknown) => {
      if (error instanceof SupersededError) onRefused(error.message);
      log.warn({ cause: messageOf(error) }, 'connecting without knowing whether another data folder has these sessions by now');
    });
    await Promise.race([confirmed, late]);
  }

  /** Begins to replicate. */
  async start(): Promise<void> {
    await this.#replicator.start();
    this.#recentDays.fetchAll().catch((error: unknown) => {
      this.#options.log.error({ cause: messageOf(error) }, 'recent days could not be fetched');
    });
  }

  /** To be awaited before a session connects: after a restore its last days have to be here, if the object store answers in time. */
  async prepare(sessionId: string): Promise<void> {
    const fetched = this.#recentDays.fetch(sessionId).catch((error: unknown) => {
      this.#options.log.warn({ sessionId, cause: messageOf(error) }, 'connecting without the last days, which could not be fetched');
    });
    await Promise.race([fetched, pause(PREPARE_MS, undefined, { ref: false })]);
  }

  /** What a client can see of the session has changed. */
  changed(sessionId: string): void {
    this.#replicator.changed(sessionId);
  }

  /** What to commit with the removal of a session, so that its objects go too. */
  deletion(sessionId: string, slot: number | undefined): Write[] {
    return [{ table: TABLES.deletions, key: [sessionId], value: { at: Date.now(), slot } satisfies Deletion }];
  }

  /**
   * Where a session of this name lived whose deletion is not finished. One that is made anew does best to live there, too: in another slot what it
   * tells could reach the object store before the removals of the old one, which then would be passed over.
   */
  formerSlot(sessionId: string): number | undefined {
    return this.#options.store.get<Deletion>(TABLES.deletions, [sessionId])?.slot;
  }

  /** Ships everything committed by now, and with `files` writes what the files of sessions lack. @throws ObjectStoreError, SupersededError */
  async flush(files: boolean): Promise<void> {
    await this.#replicator.flush(files);
  }

  status(): StorageStatus {
    return this.#restoring ?? this.#replicator.status();
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#stopping.abort();
    if (!this.#restoring) await this.#replicator.stop(deadlineMs);
    await this.#options.objects.close();
  }
}
