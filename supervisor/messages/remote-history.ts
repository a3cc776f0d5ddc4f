import type { Message } from '../../shared/domain/message.js';
import { AppError, messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import { KEYS } from '../../shared/object-store/keys.js';
import type { ObjectStore } from '../../shared/object-store/object-store.js';
import { DamagedError } from '../../shared/store/sealed-json.js';
import type { Store } from '../../shared/store/store.js';
import { TABLES, type MessageDay } from '../supervisor-store.js';
import type { Found } from './history-walk.js';
import { dayOf } from './message-day.js';
import { readPart } from './message-file.js';
import { compare, partsOfWindow, spanOf, type PartSpan, type Position } from './part-spans.js';
import { RecentParts, type ReadFile } from './recent-parts.js';

export interface RemoteHistoryOptions {
  store: Store;
  objects: Pick<ObjectStore, 'get'>;
  log: Logger;
  /** Bytes of files that stay parsed in memory. */
  cacheBytes?: number;
}

interface Part {
  sessionId: string;
  day: string;
  part: number;
}

/** Messages whose span is known before they are read. */
interface Source {
  span: PartSpan;
  read: () => Promise<Found[]>;
}

const newestFirst = (a: Found, b: Found): number => compare(b.position, a.position);

const CACHE_BYTES = 16 * 1024 * 1024;
const RETRY_AFTER_SECONDS = 10;

/** Reads days whose files are only in the object store, together with messages of such a day that came later and are still here. */
export class RemoteHistory {
  readonly #options: RemoteHistoryOptions;
  readonly #recent: RecentParts;

  constructor(options: RemoteHistoryOptions) {
    this.#options = options;
    this.#recent = new RecentParts(options.cacheBytes ?? CACHE_BYTES);
  }

  /**
   * Messages `offset` to `offset + limit` of a day, newest first; those of a damaged or missing file are without content, and the log names it.
   * @throws STORAGE_UNAVAILABLE
   */
  async messages(sessionId: string, day: string, remoteParts: number, range: { limit: number; offset: number }): Promise<Found[]> {
    const known = await this.#sources(sessionId, day, remoteParts);
    const window = partsOfWindow(
      known.map(({ span }) => span),
      range,
    );
    const found: Found[] = [];
    for (const index of window.needed) found.push(...((await known[index]?.read()) ?? []));
    const start = range.offset - window.skipped;
    return found.sort(newestFirst).slice(start, start + range.limit);
  }

  /** The same by place: the `limit` messages of the day that come before it. @throws STORAGE_UNAVAILABLE */
  async before(
    sessionId: string,
    day: string,
    remoteParts: number,
    { before, limit }: { before: Position | undefined; limit: number },
  ): Promise<Found[]> {
    const isBefore = (position: Position): boolean => before === undefined || compare(position, before) < 0;
    const known = (await this.#sources(sessionId, day, remoteParts)).filter(({ span }) => isBefore(span.oldest));
    const found: Found[] = [];
    for (const { span, read } of known.sort((a, b) => compare(b.span.newest, a.span.newest))) {
      // What is newer than all that this file and those after it hold has its place for certain.
      if (found.filter(({ position }) => compare(position, span.newest) > 0).length >= limit) break;
      found.push(...(await read()).filter(({ position }) => isBefore(position)));
    }
    return found.sort(newestFirst).slice(0, limit);
  }

  /** The message at this place; undefined when no file has it. @throws STORAGE_UNAVAILABLE */
  async message(sessionId: string, position: Position): Promise<Message | undefined> {
    const day = dayOf(position[0]);
    const { remoteParts = 0 } = this.#options.store.get<MessageDay>(TABLES.messageDays, [sessionId, day]) ?? {};
    for (let part = 0; part < remoteParts; part++) {
      const span = await this.#span({ sessionId, day, part });
      if (!span || compare(position, span.oldest) < 0 || compare(position, span.newest) > 0) continue;
      const found = (await this.#found({ sessionId, day, part }, span)).find((one) => compare(one.position, position) === 0);
      if (found) return found.message;
    }
    return undefined;
  }

  /** The files of a day, and what came after its eviction. */
  async #sources(sessionId: string, day: string, remoteParts: number): Promise<Source[]> {
    const late = this.#late(sessionId, day, remoteParts);
    const lateSpan = spanOf(late.map(({ position }) => position));
    const sources: Source[] = lateSpan ? [{ span: lateSpan, read: async () => Promise.resolve(late) }] : [];
    for (let part = 0; part < remoteParts; part++) {
      const span = await this.#span({ sessionId, day, part });
      if (span) sources.push({ span, read: async () => this.#found({ sessionId, day, part }, span) });
    }
    return sources;
  }

  /** What came after the eviction; also the remains of one that was interrupted lie here, but those are in the files. */
  #late(sessionId: string, day: string, remoteParts: number): Found[] {
    const { store } = this.#options;
    const rows = store.range<number>(TABLES.messageParts, { prefix: [sessionId, day], from: [sessionId, day, remoteParts] });
    return [...rows].map(({ key, value: second }) => {
      const n = Number(key[3]);
      // Looked up now: another eviction could take it away while a file is fetched.
      const message = store.get<Message>(TABLES.messages, [sessionId, second, n]);
      return { position: [second, n], message };
    });
  }

  /** Learned at the eviction, or from the file when another worker evicted it. */
  async #span({ sessionId, day, part }: Part): Promise<PartSpan | undefined> {
    const { store, log } = this.#options;
    const key = [sessionId, day, part];
    const known = store.get<PartSpan>(TABLES.partSpans, key);
    if (known) return known;
    const file = await this.#read({ sessionId, day, part });
    const span = file && spanOf(file.messages.map(({ second, n }) => [second, n]));
    if (!span) return undefined;
    await store.commit([{ table: TABLES.partSpans, key, value: span }]).catch((error: unknown) => {
      log.warn({ sessionId, cause: messageOf(error) }, 'what a message file holds could not be noted; it is read again');
    });
    return span;
  }

  async #found(part: Part, span: PartSpan): Promise<Found[]> {
    // With the count, for what a deleted session of the same id had is another file.
    const key = JSON.stringify([part, span.count]);
    const messages = await this.#recent.get(key, async () => this.#read(part));
    if (!messages) return Array.from({ length: span.count }, () => ({ position: span.newest, message: undefined }));
    return messages.map(({ second, n, message }) => ({ position: [second, n], message }));
  }

  /** Undefined when the file is damaged or missing. */
  async #read({ sessionId, day, part }: Part): Promise<ReadFile | undefined> {
    const { objects, log } = this.#options;
    const key = KEYS.messagePart(sessionId, day, part);
    const object = await objects.get(key).catch((cause: unknown) => {
      throw new AppError('STORAGE_UNAVAILABLE', 'Older days are in the object store, which cannot be read now; try again.', {
        cause,
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    });
    try {
      if (!object) throw new DamagedError('it is missing');
      const file = readPart(object.body);
      if (file.sessionId !== sessionId || file.day !== day || file.part !== part) throw new DamagedError('it is another file');
      return { messages: file.messages, bytes: object.body.byteLength };
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      log.error({ sessionId, key, cause: error.message }, 'a message file is damaged; its messages are not shown');
      return undefined;
    }
  }
}
