// What follows the journal: files of sessions, the list of sessions, deletions, and the end of journal objects nobody needs.
import { createHash } from 'node:crypto';
import PQueue from 'p-queue';
import { entryNumberOf, KEYS } from '../../shared/object-store/keys.js';
import type { ObjectStore } from '../../shared/object-store/object-store.js';
import { sealJson } from '../../shared/store/sealed-json.js';
import type { Store, Write } from '../../shared/store/store.js';
import { TABLES, type Deletion, type SessionRow } from '../supervisor-store.js';
import { markAllParts } from '../messages/changed-parts.js';
import type { ChangeSources } from './change-sources.js';
import type { Checkpoints } from './checkpoints.js';
import { removeObjects } from './deletions.js';
import type { Dirty, Progress } from './progress.js';

export interface HousekeepingOptions {
  workerId: string;
  store: Store;
  objects: ObjectStore;
  sources: ChangeSources;
  progress: Progress;
  checkpoints: Checkpoints;
  /** How long changes of a session may be in the journal only. */
  checkpointMs: number;
}

const CONCURRENCY = 8;
const TRUNCATE_MS = 60_000;
/** Checkpoints of sessions that became dirty together are spread over this share of the interval. */
const SPREAD = 0.25;

export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #queue = new PQueue({ concurrency: CONCURRENCY });
  /** Sessions whose description is behind. */
  readonly #undescribed = new Set<string>();
  /** Sessions being checkpointed, and what changed in them since that began. */
  readonly #underway = new Map<string, Dirty | undefined>();
  #turn: Promise<unknown> = Promise.resolve();
  #catalog: string | undefined;
  #truncatedAt = -Infinity;
  #stopped = false;

  constructor(options: HousekeepingOptions) {
    this.#options = options;
  }

  /** The description of this session changed. */
  changed(sessionId: string): void {
    this.#undescribed.add(sessionId);
  }

  /** Begins nothing new. */
  stop(): void {
    this.#stopped = true;
  }

  /** @param all also what is not due yet @throws ObjectStoreError, STORAGE_UNAVAILABLE */
  async run(all: boolean): Promise<void> {
    // One round at a time: two checkpoints of one session would not see each other's changes.
    const turn = this.#turn.then(async () => this.#run(all));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #run(all: boolean): Promise<void> {
    await this.#writeCatalog();
    const { store, progress, checkpoints } = this.#options;
    const deletions = [...store.range<Deletion>(TABLES.deletions)].map(({ key }) => String(key[0]));
    const due = [...progress.dirtySessions()].filter(({ sessionId, dirty }) => all || this.#isDue(sessionId, dirty));
    await this.#each(deletions, async (sessionId) => this.#finishDeletion(sessionId));
    await this.#each(
      due.map(({ sessionId }) => sessionId),
      async (sessionId) => this.#describing(sessionId, async (describe) => this.#checkpoint(sessionId, describe)),
    );
    await this.#each([...this.#undescribed], async (sessionId) =>
      this.#describing(sessionId, async () => {
        if (this.#isWritable(sessionId)) await checkpoints.describe(sessionId);
      }),
    );
    if (performance.now() - this.#truncatedAt >= TRUNCATE_MS || all) await this.#truncate();
  }

  /** The first failure ends the round, after the work under way. */
  async #each(sessionIds: readonly string[], work: (sessionId: string) => Promise<void>): Promise<void> {
    let failure: { error: unknown } | undefined;
    await this.#queue.addAll(
      sessionIds.map((sessionId) => async () => {
        if (failure || this.#stopped) return;
        await work(sessionId).catch((error: unknown) => {
          failure ??= { error };
        });
      }),
    );
    if (failure) throw failure.error;
  }

  /** Tells whether the description is behind, and keeps that in mind when `work` fails. */
  async #describing(sessionId: string, work: (describe: boolean) => Promise<void>): Promise<void> {
    const describe = this.#undescribed.delete(sessionId);
    try {
      await work(describe);
    } catch (error) {
      if (describe) this.#undescribed.add(sessionId);
      throw error;
    }
  }

  #isDue(sessionId: string, { at }: Dirty): boolean {
    const { checkpointMs } = this.#options;
    const spread = (createHash('sha256').update(sessionId).digest().readUInt16BE() / 0xffff) * SPREAD;
    return Date.now() - at >= checkpointMs * (1 + (at === 0 ? 0 : spread));
  }

  async #checkpoint(sessionId: string, describe: boolean): Promise<void> {
    const { store, progress, checkpoints } = this.#options;
    if (this.#isCorrupt(sessionId)) return store.commit(progress.soil(sessionId, undefined));
    if (!this.#isWritable(sessionId)) return;
    this.#underway.set(sessionId, undefined);
    try {
      const written = await checkpoints.write(sessionId, describe);
      const since = this.#underway.get(sessionId);
      await store.commit([...written(), ...progress.soil(sessionId, since)]);
    } finally {
      this.#underway.delete(sessionId);
    }
  }

  /** Files of a session that came back damaged are left as they are, and those of a deleted one are not written any more. */
  #isWritable(sessionId: string): boolean {
    const { store } = this.#options;
    return !this.#isCorrupt(sessionId) && store.get<Deletion>(TABLES.deletions, [sessionId]) === undefined;
  }

  #isCorrupt(sessionId: string): boolean {
    return this.#options.store.get<SessionRow>(TABLES.sessions, [sessionId])?.reason === 'storage_corrupt';
  }

  async #finishDeletion(sessionId: string): Promise<void> {
    const { workerId, store, objects, progress } = this.#options;
    await removeObjects(objects, workerId, sessionId);
    const recreated = store.get<SessionRow>(TABLES.sessions, [sessionId]) !== undefined;
    await store.commit([
      { table: TABLES.deletions, key: [sessionId], value: undefined },
      ...progress.forgetFiles(sessionId),
      ...(recreated ? [] : progress.soil(sessionId, undefined)),
    ]);
    if (recreated) this.#undescribed.add(sessionId);
  }

  /** The session changed in the journal object with this number. Answers the writes to commit with it. */
  soil(sessionId: string, number: number): Write[] {
    const { progress } = this.#options;
    const dirty: Dirty = { number, at: Date.now() };
    if (this.#underway.has(sessionId)) {
      if (!this.#underway.get(sessionId)) this.#underway.set(sessionId, dirty);
      return [];
    }
    return progress.dirty(sessionId) ? [] : progress.soil(sessionId, dirty);
  }

  /** A store whose changes were not tracked without a gap: the files of all of its sessions are written anew. */
  async soilUntracked(): Promise<void> {
    const { store, sources, progress } = this.#options;
    const untracked = sources.all().filter(({ name, since }) => progress.cursor(name, since) === undefined);
    await store.commit([
      ...this.#soilAll((row) => untracked.some(({ slot }) => slot === undefined || slot === row.slot)),
      ...untracked.flatMap(({ name, since }) => progress.shipped(name, since, 0)),
    ]);
  }

  /** The object store has lost what it had. */
  async soilAll(): Promise<void> {
    const { store } = this.#options;
    this.#catalog = undefined;
    const parts = [...store.range<SessionRow>(TABLES.sessions)].flatMap(({ value }) => markAllParts(store, value.sessionId));
    await store.commit([...this.#soilAll(() => true), ...parts]);
  }

  #soilAll(which: (row: SessionRow) => boolean): Write[] {
    const { store, progress } = this.#options;
    const dirty: Dirty = { number: progress.number + 1, at: 0 };
    return [...store.range<SessionRow>(TABLES.sessions)]
      .filter(({ value }) => which(value))
      .flatMap(({ value: { sessionId } }) => [
        ...progress.soil(sessionId, dirty),
        ...progress.checkpoint(sessionId, undefined),
        ...progress.soilKeys(sessionId),
      ]);
  }

  async #writeCatalog(): Promise<void> {
    const { store, objects, workerId, progress } = this.#options;
    const sessions = [...store.rawRange(TABLES.sessions)].map(({ key }) => String(key[0]));
    const catalog = JSON.stringify(sessions);
    if (catalog === this.#catalog) return;
    await objects.put(KEYS.catalog(workerId), Buffer.from(sealJson({ workerId, generation: progress.number, sessions })));
    this.#catalog = catalog;
  }

  /** Removes journal objects that no session's files lack. */
  async #truncate(): Promise<void> {
    const { objects, workerId, progress } = this.#options;
    const { owner } = progress;
    if (!owner) return;
    const needed = [...progress.dirtySessions()].reduce((least, { dirty }) => Math.min(least, dirty.number), progress.number + 1);
    const old: string[] = [];
    for await (const { key } of objects.list(KEYS.entries(workerId))) {
      const entry = entryNumberOf(key);
      if (entry && entry.number < needed) old.push(key);
    }
    if (old.length > 0) await objects.delete(old);
    this.#truncatedAt = performance.now();
  }
}
