import { backoffDelay } from '../../shared/backoff.js';
import { AppError, ERRORS, messageOf } from '../../shared/errors.js';
import type { SpoolRecord } from '../../shared/ipc/protocol.js';
import type { Logger } from '../../shared/logging.js';
import type { Key, Store, Write } from '../../shared/store/store.js';
import { SLOT_TABLES } from '../../shared/store/slot-store.js';
import type { InboxEntry } from './decode-message.js';
import { decodeInboxEntry } from './decode-message.js';
import { pollWrites, withVote } from './polls.js';

type WithoutSeq<T> = T extends unknown ? Omit<T, 'seq'> : never;
/** What can be put on the spool. An `inbox` row is decoded only when it is shipped. */
export type SpoolEntry = WithoutSeq<SpoolRecord> | { kind: 'inbox'; sessionId: string; entry: InboxEntry };

interface Item {
  seq: number;
  sessionId: string;
  bytes: number;
}

/** `at` is Unix milliseconds. */
interface Acknowledged extends Item {
  at: number;
}

/**
 * Acknowledged rows stay until their session has been connected for this long, with everything delivered that WhatsApp had for it: until
 * then it may deliver again what it saw no receipt for, and then we must know the plaintext.
 */
const RETAIN_MS = 30_000;
/** More than this is not kept so; the oldest go first. */
const RETAIN_BYTES = 16 * 1024 * 1024;
const SWEEP_MS = 5_000;
const MAX_BATCH_RECORDS = 200;
const MAX_BATCH_BYTES = 48 * 1024;
const RETRY_PAUSE = { baseMs: 100, maxMs: 5_000 };
/** A record refused this often, for a reason that does not pass, is set aside. */
const MAX_REFUSALS = 5;
/** Unacknowledged bytes at which decryption begins to wait. */
const SPOOL_BOUND_BYTES = 64 * 1024 * 1024;

export interface SpoolOptions {
  store: Store;
  /** Resolves when the supervisor has committed these. */
  ship: (records: SpoolRecord[]) => Promise<void>;
  log: Logger;
  boundBytes?: number;
  retainMs?: number;
  sweepMs?: number;
}

/**
 * What this runner received and the supervisor has not committed yet: rows of the slot's store, shipped in order, kept until acknowledged.
 * After a restart every row left is shipped again; the supervisor drops what it has.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #bound: number;
  #nextSeq = 1;
  /** Committed, not acknowledged, in order. */
  readonly #waiting: Item[] = [];
  #waitingBytes = 0;
  #acknowledged: Acknowledged[] = [];
  /** Sessions that are connected and have been delivered everything, and since when. */
  readonly #caughtUp = new Map<string, number>();
  /** Sessions that live in another slot now. */
  readonly #left = new Set<string>();
  #shipping: Promise<void> | undefined;
  #roomWaiters: (() => void)[] = [];
  #sweeper: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#bound = options.boundBytes ?? SPOOL_BOUND_BYTES;
  }

  /** Takes up the rows an earlier incarnation left, and begins to ship. */
  start(): void {
    for (const { key, value } of this.#options.store.range<SpoolEntry>(SLOT_TABLES.spool)) {
      const seq = Number(key[0]);
      this.#push({ seq, sessionId: value.sessionId, bytes: sizeOf(value) });
      this.#nextSeq = seq + 1;
    }
    this.#sweeper = setInterval(() => void this.#sweep(), this.#options.sweepMs ?? SWEEP_MS);
    this.#pump();
  }

  get records(): number {
    return this.#waiting.length;
  }

  get bytes(): number {
    return this.#waitingBytes;
  }

  /** Resolves at once below the bound, else when enough was acknowledged. */
  async room(): Promise<void> {
    while (this.#waitingBytes >= this.#bound && !this.#stopped) await new Promise<void>((resolve) => this.#roomWaiters.push(resolve));
  }

  /**
   * A row to commit together with whatever belongs to it. Call `committed` after the commit; a row whose commit failed is simply forgotten.
   */
  prepare(entry: SpoolEntry): { write: Write; committed: () => void } {
    const seq = this.#nextSeq++;
    return {
      write: { table: SLOT_TABLES.spool, key: [seq], value: entry },
      committed: () => {
        this.#push({ seq, sessionId: entry.sessionId, bytes: sizeOf(entry) });
        this.#pump();
      },
    };
  }

  /** Takes over rows of a session that another slot spooled. */
  async adopt(entries: readonly SpoolEntry[]): Promise<void> {
    const prepared = entries.map((entry) => this.prepare(entry));
    await this.#options.store.commit(prepared.map(({ write }) => write));
    for (const { committed } of prepared) committed();
  }

  /** The session lives in another slot, whose runner has its rows, too: here they go once they are acknowledged. */
  leave(sessionId: string): void {
    this.away(sessionId);
    this.#left.add(sessionId);
  }

  /** The session lives here (again). */
  stay(sessionId: string): void {
    this.#left.delete(sessionId);
  }

  /** The session is connected, and WhatsApp has delivered everything it had for it. */
  caughtUp(sessionId: string): void {
    this.#caughtUp.set(sessionId, Date.now());
  }

  /** The session has no connection. */
  away(sessionId: string): void {
    this.#caughtUp.delete(sessionId);
  }

  /** Resolves when everything committed so far was acknowledged; rejects after `timeoutMs`. */
  async drained(timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (this.#waiting.length > 0) {
      if (Date.now() >= deadline) throw new Error(`${this.#waiting.length} records are not acknowledged`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#sweeper);
    for (const resolve of this.#roomWaiters.splice(0)) resolve();
    await this.#shipping;
  }

  #push(item: Item): void {
    this.#waiting.push(item);
    this.#waitingBytes += item.bytes;
  }

  #pump(): void {
    if (this.#shipping || this.#stopped || this.#waiting.length === 0) return;
    this.#shipping = this.#shipAll().finally(() => {
      this.#shipping = undefined;
      this.#pump();
    });
  }

  async #shipAll(): Promise<void> {
    for (let failures = 0; this.#waiting.length > 0 && !this.#stopped;) {
      // After a failure one by one, so that a record nobody can take does not hold up the others.
      const { items, records, remembered } = this.#nextBatch(failures === 0 ? MAX_BATCH_RECORDS : 1);
      try {
        await remembered;
        if (records.length > 0) await this.#options.ship(records);
        failures = 0;
        this.#acknowledge(items);
      } catch (error) {
        failures++;
        this.#options.log.warn({ cause: messageOf(error), records: records.length }, 'spooled records were not taken; trying again');
        if (failures > MAX_REFUSALS && !isPassing(error)) {
          failures = 0;
          await this.#setAside(items);
        } else {
          await new Promise((resolve) => setTimeout(resolve, backoffDelay(failures - 1, RETRY_PAUSE, Math.random())));
        }
      }
    }
  }

  /** Once its rows are acknowledged nothing in them is seen again: `remembered` resolves when what is needed later is on disk. */
  #nextBatch(limit: number): { items: Item[]; records: SpoolRecord[]; remembered: Promise<unknown> } {
    const { store, log } = this.#options;
    const items: Item[] = [];
    const records: SpoolRecord[] = [];
    const commits: Promise<void>[] = [];
    let bytes = 0;
    for (const item of this.#waiting) {
      if (items.length > 0 && (bytes + item.bytes > MAX_BATCH_BYTES || items.length >= limit)) break;
      items.push(item);
      bytes += item.bytes;
      const entry = store.get<SpoolEntry>(SLOT_TABLES.spool, [item.seq]);
      const record = entry && toRecord(item.seq, entry, store, log);
      if (!record) continue;
      records.push(record);
      const writes = entry.kind === 'inbox' ? toRemember(record, entry.entry, store) : [];
      // Seen at once, so that a vote in this batch finds its poll.
      if (writes.length > 0) commits.push(store.commit(writes));
    }
    return { items, records, remembered: Promise.all(commits) };
  }

  /** Keeps what the supervisor refuses for good where a person can find it, and goes on. */
  async #setAside(items: Item[]): Promise<void> {
    const { store, log } = this.#options;
    log.error({ seqs: items.map(({ seq }) => seq) }, 'spooled records that nobody takes were set aside in the table of that name');
    try {
      await store.commit(
        items.map(({ seq }) => ({ table: SLOT_TABLES.setAside, key: [Date.now(), seq], value: store.get(SLOT_TABLES.spool, [seq]) })),
      );
      this.#acknowledge(items);
    } catch (error) {
      log.error({ cause: messageOf(error) }, 'and could not be written there');
    }
  }

  #acknowledge(items: Item[]): void {
    const at = Date.now();
    this.#waiting.splice(0, items.length);
    for (const item of items) {
      this.#waitingBytes -= item.bytes;
      this.#acknowledged.push({ ...item, at });
    }
    if (this.#waitingBytes < this.#bound) for (const resolve of this.#roomWaiters.splice(0)) resolve();
  }

  async #sweep(): Promise<void> {
    const due = this.#takeDue();
    const writes = due.flatMap(({ seq }) => this.#removals(seq));
    try {
      await this.#options.store.commit(writes);
    } catch (error) {
      this.#options.log.error(
        { cause: messageOf(error) },
        'acknowledged spool rows could not be removed; they are shipped again after a restart',
      );
    }
  }

  /** Takes what need not be kept any longer off the list. */
  #takeDue(): Item[] {
    const before = Date.now() - (this.#options.retainMs ?? RETAIN_MS);
    const due: Item[] = [];
    const kept: Acknowledged[] = [];
    for (const item of this.#acknowledged) {
      const caughtUp = this.#caughtUp.get(item.sessionId);
      const settled = item.at <= before && caughtUp !== undefined && caughtUp <= before;
      (settled || this.#left.has(item.sessionId) ? due : kept).push(item);
    }
    let bytes = kept.reduce((sum, item) => sum + item.bytes, 0);
    let surplus = 0;
    for (; bytes > RETAIN_BYTES; surplus++) bytes -= kept[surplus]?.bytes ?? bytes;
    this.#acknowledged = kept.slice(surplus);
    return [...due, ...kept.slice(0, surplus)];
  }

  #removals(seq: number): Write[] {
    const { store } = this.#options;
    const spooled = store.get<SpoolEntry>(SLOT_TABLES.spool, [seq]);
    const removal = (table: string, key: Key): Write => ({ table, key, value: undefined });
    if (spooled?.kind !== 'inbox') return [removal(SLOT_TABLES.spool, [seq])];
    return [removal(SLOT_TABLES.spool, [seq]), removal(SLOT_TABLES.inbox, [spooled.sessionId, ...spooled.entry.key])];
  }
}

const sizeOf = (entry: SpoolEntry): number =>
  entry.kind === 'inbox' ? entry.entry.plaintext.length * 2 + 512 : Buffer.byteLength(JSON.stringify(entry));

/** Nothing for what history does not keep. What cannot be turned into a record is one of type `unreadable`, as it came. */
const toRecord = (seq: number, entry: SpoolEntry, store: Store, log: Logger): SpoolRecord | undefined => {
  if (entry.kind !== 'inbox') return { ...entry, seq };
  const { sessionId } = entry;
  const message = decodeInboxEntry(entry.entry, log);
  return message && { kind: 'message', seq, sessionId, message: withVote(store, sessionId, message, entry.entry) };
};

const toRemember = (record: SpoolRecord, own: InboxEntry, store: Store): Write[] =>
  record.kind === 'message' ? pollWrites(store, record.sessionId, record.message, own, Date.now()) : [];

/** Failures that say nothing about the record: the supervisor was busy, gone, or could not write. */
const isPassing = (error: unknown): boolean => error instanceof AppError && ERRORS[error.code].retryable && error.code !== 'INTERNAL';
