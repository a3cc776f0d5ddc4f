import type { Store, Write } from '../../../shared/store/store.js';
import { TABLES, type ReportedRow } from '../../supervisor-store.js';
import type { Report } from '../report.js';
import { replacedByLatest } from './collapse.js';
import { newLane, type Lane } from './lane.js';

/** Rows to commit together with something else; `ended` is to be called when that commit has ended. */
export interface OutboxChange {
  writes: Write[];
  ended: (committed: boolean) => void;
}

/** The reports that the backend has not accepted: rows on disk, and per session their numbers in memory. */
export class Outbox {
  readonly #store: Store;
  readonly #limit: number;
  readonly #lanes = new Map<string, Lane>();
  #waiting: number;

  /** @param limit unsent reports of one session */
  constructor(store: Store, limit: number) {
    this.#store = store;
    this.#limit = limit;
    this.#waiting = store.count(TABLES.reports, []);
  }

  /** Reports not accepted yet, of all sessions. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Unix milliseconds of the oldest of them. */
  get oldestAt(): number | undefined {
    let oldest: number | undefined;
    for (const { oldestAt } of this.#lanes.values()) if (oldestAt !== undefined && (oldest ?? Infinity) > oldestAt) oldest = oldestAt;
    return oldest;
  }

  /** Finds what an earlier run left unsent of a session. */
  discover(sessionId: string): Lane | undefined {
    if (this.#lanes.has(sessionId)) return undefined;
    const [first] = this.#store.range<Report>(TABLES.reports, { prefix: [sessionId], limit: 1 });
    if (!first) return undefined;
    const lane = { ...newLane(sessionId), seqs: undefined, oldestAt: first.value.at };
    this.#lanes.set(sessionId, lane);
    return lane;
  }

  lane(sessionId: string): Lane {
    const found = this.#lanes.get(sessionId) ?? newLane(sessionId);
    this.#lanes.set(sessionId, found);
    return found;
  }

  find(sessionId: string): Lane | undefined {
    return this.#lanes.get(sessionId);
  }

  /** Ascending. */
  seqs(lane: Lane): readonly number[] {
    lane.seqs ??= [...this.#store.range(TABLES.reports, { prefix: [lane.sessionId] })].map(({ key }) => Number(key[1]));
    return lane.seqs;
  }

  /** Number of the newest report of the session that waits or was settled; 0 when there was none. */
  lastSeq(sessionId: string): number {
    const lane = this.#lanes.get(sessionId);
    const [last] = this.#store.range(TABLES.reports, { prefix: [sessionId], reverse: true, limit: 1 });
    const unsent = lane?.seqs ? lane.seqs.at(-1) : Number(last?.key[1] ?? 0);
    return Math.max(unsent ?? 0, this.#reported(sessionId)?.settledSeq ?? 0);
  }

  /** Number of the newest report that the backend accepted; 0 when there was none. */
  acceptedSeq(sessionId: string): number {
    return this.#reported(sessionId)?.seq ?? 0;
  }

  isOverfull(lane: Lane): boolean {
    return this.seqs(lane).length > this.#limit;
  }

  hasUnsent(lane: Lane): boolean {
    return lane.seqs === undefined || lane.seqs.length > 0;
  }

  /** Whether the next report of the session is on disk. */
  isCommitted(lane: Lane): boolean {
    const [next] = lane.seqs ?? [];
    return lane.seqs === undefined || (next !== undefined && !lane.uncommitted.has(next));
  }

  /** The next report of the session. */
  next(lane: Lane): Report | undefined {
    const [seq] = this.seqs(lane);
    return seq === undefined ? undefined : this.#read(lane, seq);
  }

  /** Adds reports of one session, those known already aside; too many become the latest. */
  add(lane: Lane, reports: readonly Report[]): OutboxChange {
    const before = this.seqs(lane);
    const added = new Map(reports.filter(({ seq }) => !before.includes(seq)).map((report) => [report.seq, report]));
    const all = [...before, ...added.keys()].sort((a, b) => a - b);
    const replaced = replacedByLatest(all, lane.flight?.seq, this.#limit);
    const latest = all.findLast((seq) => seq !== lane.flight?.seq);
    const writes: Write[] = [];
    if (replaced.length > 0 && latest !== undefined) {
      const read = (seq: number): Report | undefined => added.get(seq) ?? this.#read(lane, seq);
      const skipped = replaced.reduce((sum, seq) => sum + 1 + (read(seq)?.skipped ?? 0), 0);
      const last = read(latest);
      if (last) added.set(latest, { ...last, skipped: last.skipped + skipped });
      for (const seq of replaced) {
        if (!added.delete(seq)) writes.push({ table: TABLES.reports, key: [lane.sessionId, seq], value: undefined });
      }
    }
    for (const [seq, report] of added) writes.push({ table: TABLES.reports, key: [lane.sessionId, seq], value: report });
    const gone = new Set(replaced);
    const kept = all.filter((seq) => !gone.has(seq));
    this.#set(lane, kept, added);
    for (const seq of added.keys()) lane.uncommitted.add(seq);
    const { life } = lane;
    return {
      writes,
      ended: (committed) => {
        if (lane.life === life) this.#added(lane, [...added.keys()], replaced, before, committed);
      },
    };
  }

  /** The backend accepted a report. One that overtook older ones, because those were dead meanwhile, is told again after them. */
  accepted(lane: Lane, seq: number, at: number): Write[] {
    const [first = seq] = this.seqs(lane);
    const before = this.#reported(lane.sessionId);
    const value: ReportedRow = { seq: Math.max(before?.seq ?? 0, seq), at, settledSeq: Math.max(before?.settledSeq ?? 0, seq) };
    return [...(first < seq ? [] : this.#take(lane, seq)), { table: TABLES.reported, key: [lane.sessionId], value }];
  }

  /** The backend refused a report for good. */
  refused(lane: Lane, seq: number): Write[] {
    const before = this.#reported(lane.sessionId);
    const value: ReportedRow = { seq: before?.seq ?? 0, at: before?.at ?? 0, settledSeq: Math.max(before?.settledSeq ?? 0, seq) };
    return [...this.#take(lane, seq), { table: TABLES.reported, key: [lane.sessionId], value }];
  }

  /** A report turned out not to be there. */
  skip(lane: Lane): void {
    this.#set(lane, this.seqs(lane).slice(1));
  }

  /** Forgets a session whose rows are removed by others. What is in flight of it comes to nothing. */
  leave(sessionId: string): Lane | undefined {
    const lane = this.#lanes.get(sessionId);
    if (!lane) return undefined;
    this.seqs(lane);
    this.#set(lane, []);
    lane.uncommitted.clear();
    lane.life++;
    if (lane.flight) lane.flight.dropped = true;
    lane.toldQr = undefined;
    this.forgetIdle(lane);
    return lane;
  }

  /** Nothing is kept of a session of which nothing is to be told. */
  forgetIdle(lane: Lane): void {
    if (this.hasUnsent(lane) || lane.flight || lane.holds > 0 || lane.toldQr !== undefined || lane.endWait) return;
    if (this.#lanes.get(lane.sessionId) === lane) this.#lanes.delete(lane.sessionId);
  }

  #added(lane: Lane, added: readonly number[], replaced: readonly number[], before: readonly number[], committed: boolean): void {
    for (const seq of added) lane.uncommitted.delete(seq);
    if (committed) return;
    const fresh = new Set(added.filter((seq) => !before.includes(seq)));
    const back = replaced.filter((seq) => before.includes(seq));
    const seqs = new Set([...this.seqs(lane).filter((seq) => !fresh.has(seq)), ...back]);
    const sorted = [...seqs].sort((a, b) => a - b);
    this.#set(lane, sorted);
  }

  #take(lane: Lane, seq: number): Write[] {
    const others = this.seqs(lane).filter((other) => other !== seq);
    this.#set(lane, others);
    return [{ table: TABLES.reports, key: [lane.sessionId, seq], value: undefined }];
  }

  #reported(sessionId: string): ReportedRow | undefined {
    return this.#store.get<ReportedRow>(TABLES.reported, [sessionId]);
  }

  /** @param added reports that cannot be read from the store yet */
  #set(lane: Lane, seqs: number[], added?: ReadonlyMap<number, Report>): void {
    const before = this.seqs(lane);
    this.#waiting += seqs.length - before.length;
    lane.seqs = seqs;
    const [first] = seqs;
    if (first === undefined) lane.oldestAt = undefined;
    else if (first !== before[0]) lane.oldestAt = (added?.get(first) ?? this.#read(lane, first))?.at;
  }

  #read(lane: Lane, seq: number): Report | undefined {
    return this.#store.get<Report>(TABLES.reports, [lane.sessionId, seq]);
  }
}
