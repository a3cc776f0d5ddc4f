// Downloads the files of received messages: what is wanted is in the store, survives restarts, and holds up no message.
import { rm } from 'node:fs/promises';
import { isGroup } from '../../shared/domain/ids.js';
import type { MediaKind } from '../../shared/domain/media.js';
import type { Message } from '../../shared/domain/message.js';
import { messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { Key, Store, Write } from '../../shared/store/store.js';
import type { Commits } from '../events/event-log.js';
import type { Fleet } from '../fleet/fleet.js';
import type { Registry } from '../placement/registry.js';
import { TABLES, type MediaJob } from '../supervisor-store.js';
import { afterFailure, afterNoAnswer, type Verdict } from './download-policy.js';
import type { MediaLibrary } from './media-library.js';
import { fileKindOf, mimetypeOf, noteJob, noteMedia, promisedBytes, promisedRef } from './wanted-media.js';

export interface MediaDownloadsOptions {
  store: Store;
  commits: Commits;
  library: MediaLibrary;
  registry: Pick<Registry, 'find' | 'onChange'>;
  fleet: Pick<Fleet, 'call'>;
  /** The message in this row of history, wherever that is by now. @throws STORAGE_UNAVAILABLE */
  messageAt: (place: Key) => Promise<Message | undefined>;
  /** Larger files are not downloaded. */
  maxBytes: number;
  log: Logger;
}

/** Downloads at once: a runner has more to do, and so has the disk. */
const PER_RUNNER = 2;
const AT_ONCE = 16;
/** Jobs of one session that are looked at together. */
const LOOKED_AT = 50;
/** When all of those are due later, there may be others that are not. */
const LOOK_AGAIN_MS = 1_000;

export class MediaDownloads {
  readonly #options: MediaDownloadsOptions;
  /** When the next job of a session may be due, for those that have any. */
  readonly #due = new Map<string, number>();
  readonly #running = new Map<string, { slot: number; done: Promise<void> }>();
  readonly #waiters = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #stopping = true;
  #stopWatching = (): void => undefined;

  constructor(options: MediaDownloadsOptions) {
    this.#options = options;
  }

  /** Takes up what is wanted. */
  start(): void {
    const { store, registry } = this.#options;
    this.#stopping = false;
    for (const { key } of store.rawRange(TABLES.mediaJobs)) this.#due.set(String(key[0]), 0);
    this.#stopWatching = registry.onChange(({ sessionId, state }) => {
      if (state === 'connected' && this.#due.has(sessionId)) this.wake(sessionId);
    });
    this.#look();
  }

  /** Begins nothing more. */
  quiet(): void {
    this.#stopping = true;
    this.#stopWatching();
    clearTimeout(this.#timer);
    this.#tell();
  }

  /** Resolves when what was under way has ended, as it does with its runner. */
  async stop(): Promise<void> {
    this.quiet();
    await Promise.all([...this.#running.values()].map(async ({ done }) => done));
  }

  /** A job of the session was committed. */
  wake(sessionId: string): void {
    this.#due.set(sessionId, 0);
    if (this.#stopping) return;
    clearTimeout(this.#timer);
    // Later in the same turn of the loop: many messages may come together.
    this.#timer = setTimeout(() => {
      this.#look();
    }, 0);
  }

  /** Resolves when some download ended; with false at once when the worker stops. */
  async ended(signal: AbortSignal): Promise<boolean> {
    if (this.#stopping || signal.aborted) return false;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#waiters.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiters.add(done);
      signal.addEventListener('abort', done);
    });
    return true;
  }

  #tell(): void {
    for (const done of [...this.#waiters]) done();
  }

  #look(): void {
    if (this.#stopping) return;
    const now = Date.now();
    // One of each session, then again: a session with many holds up no other.
    for (let begun = true; begun;) {
      begun = false;
      for (const [sessionId, dueAt] of [...this.#due]) {
        if (dueAt <= now && this.#running.size < AT_ONCE) begun = this.#beginOne(sessionId, now) || begun;
      }
    }
    const next = Math.min(...[...this.#due].flatMap(([sessionId, dueAt]) => (this.#slotOf(sessionId) === undefined ? [] : [dueAt])));
    clearTimeout(this.#timer);
    // What waits for a place goes on when a download ends.
    if (next > now && next < Infinity) this.#timer = setTimeout(() => this.#look(), next - now).unref();
  }

  /** @returns whether a download has begun */
  #beginOne(sessionId: string, now: number): boolean {
    const slot = this.#slotOf(sessionId);
    const busy = [...this.#running.values()].filter((download) => download.slot === slot).length;
    if (slot === undefined || busy >= PER_RUNNER) return false;
    const jobs = [...this.#options.store.range<MediaJob>(TABLES.mediaJobs, { prefix: [sessionId], limit: LOOKED_AT })];
    const idle = jobs.filter(({ key }) => !this.#running.has(JSON.stringify(key)));
    const due = idle.find(({ value }) => value.dueAt <= now);
    // To the end of the line.
    this.#due.delete(sessionId);
    if (due) {
      this.#due.set(sessionId, 0);
      this.#run(due.key, due.value, slot);
    } else if (jobs.length === LOOKED_AT) this.#due.set(sessionId, now + LOOK_AGAIN_MS);
    else if (jobs.length > 0) this.#due.set(sessionId, Math.min(Infinity, ...idle.map(({ value }) => value.dueAt)));
    return due !== undefined;
  }

  /** Undefined while the session cannot download. */
  #slotOf(sessionId: string): number | undefined {
    const row = this.#options.registry.find(sessionId);
    return row?.state === 'connected' && !row.deleting ? row.slot : undefined;
  }

  #run(place: Key, job: MediaJob, slot: number): void {
    const name = JSON.stringify(place);
    const sessionId = String(place[0]);
    const done = this.#download(place, job, slot)
      .catch((error: unknown) => {
        this.#options.log.warn({ sessionId, cause: messageOf(error) }, 'what became of a download could not be noted; it is tried again');
      })
      .finally(() => {
        this.#running.delete(name);
        this.#tell();
        this.wake(sessionId);
      });
    this.#running.set(name, { slot, done });
  }

  async #download(place: Key, { attempts }: MediaJob, slot: number): Promise<void> {
    const { library, maxBytes, fleet } = this.#options;
    const sessionId = String(place[0]);
    const staged = library.newStaged();
    let wanted: Wanted | undefined;
    try {
      wanted = await this.#wanted(place);
      if (!wanted) return await this.#commit(place, [noteJob(place, undefined)]);
      const { message, raw, kind } = wanted;
      if (await this.#hasAlready(place, wanted)) return;
      await library.assertRoom(promisedBytes(message) ?? 0);
      // Before it begins: a file that ends its runner, or this process, would otherwise be tried for ever.
      await this.#commit(place, [noteJob(place, { attempts: attempts + 1, dueAt: Date.now() })]);
      const { id: messageId, chat, fromMe, from } = message;
      const answer = await fleet.call(slot, 'media.download', {
        ...{ sessionId, messageId, chat, fromMe, raw, path: staged, maxBytes },
        ...(isGroup(chat) && { participant: from }),
      });
      if (answer.outcome === 'failed') {
        return await this.#settle(place, wanted, afterFailure(attempts + 1, answer.reason, Date.now(), Math.random()));
      }
      const { sha256, bytes } = answer;
      const mimetype = mimetypeOf(message);
      await library.keep(sessionId, kind, { path: staged, sha256, bytes, mimetype }, this.#stored(place, wanted, { sha256, bytes }));
    } catch (error) {
      if (this.#stopping) return await this.#commit(place, [noteJob(place, { attempts, dueAt: 0 })]);
      await this.#settle(place, wanted, afterNoAnswer(attempts + 1, error, Date.now(), Math.random()));
    } finally {
      await rm(staged, { force: true });
    }
  }

  /** Undefined when there is nothing to download any more. @throws STORAGE_UNAVAILABLE */
  async #wanted(place: Key): Promise<Wanted | undefined> {
    const message = await this.#options.messageAt(place);
    const kind = message && fileKindOf(message);
    return kind === undefined || message?.raw === undefined ? undefined : { message, kind, raw: message.raw };
  }

  /** The same file came with another message. */
  async #hasAlready(place: Key, wanted: Wanted): Promise<boolean> {
    const { library } = this.#options;
    const ref = promisedRef(String(place[0]), wanted.message);
    const row = ref && library.find(ref);
    if (!row) return false;
    await this.#commit(place, [...library.again(ref, row), ...this.#stored(place, wanted, { sha256: ref.sha256, bytes: row.bytes })]);
    return true;
  }

  #stored(place: Key, { message, kind }: Wanted, file: { sha256: string; bytes: number }): Write[] {
    return [noteJob(place, undefined), noteMedia(String(place[0]), message, kind, Date.now(), { state: 'stored', ...file })];
  }

  async #settle(place: Key, wanted: Wanted | undefined, verdict: Verdict): Promise<void> {
    if ('job' in verdict) return this.#commit(place, [noteJob(place, verdict.job)]);
    const sessionId = String(place[0]);
    this.#options.log.warn({ sessionId, reason: verdict.reason }, 'a file of a message is given up');
    const failed = wanted && noteMedia(sessionId, wanted.message, wanted.kind, Date.now(), { state: 'failed', reason: verdict.reason });
    await this.#commit(place, [noteJob(place, undefined), ...(failed ? [failed] : [])]);
  }

  /** Nothing, when the job was removed with its session or its message meanwhile. */
  async #commit(place: Key, writes: readonly Write[]): Promise<void> {
    const { store, commits } = this.#options;
    if (store.get(TABLES.mediaJobs, place) !== undefined) await commits.commit(writes);
  }
}

/** A message with its file. */
interface Wanted {
  message: Message;
  kind: MediaKind;
  raw: string;
}
