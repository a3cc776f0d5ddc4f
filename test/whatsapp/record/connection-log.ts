import type { Clock } from '../server/clock.js';

/** One connection, from TCP accept to its end. Times are milliseconds since the epoch; null means not (yet). */
export interface ConnectionRecord {
  readonly connId: number;
  deviceJid: string | null;
  readonly openedAt: number;
  readonly openedOrder: number;
  loggedInAt: number | null;
  loggedInOrder: number | null;
  closedAt: number | null;
  closedOrder: number | null;
  closeReason: string | null;
}

/** Proof that one identity had two logged-in sockets alive at once. */
export interface Overlap {
  readonly deviceJid: string;
  readonly olderConnId: number;
  readonly newerConnId: number;
  /** When the newer one logged in while the older was still open. */
  readonly at: number;
  readonly order: number;
}

/** Remembers every connection, in order of opening, and what overlapped. */
export class ConnectionLog {
  readonly records: ConnectionRecord[] = [];
  readonly overlaps: Overlap[] = [];
  readonly #clock: Clock;
  readonly #loggedIn = new Map<string, Set<ConnectionRecord>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  open(): ConnectionRecord {
    const { at, order } = this.#clock.now();
    const record: ConnectionRecord = {
      connId: this.records.length + 1,
      deviceJid: null,
      openedAt: at,
      openedOrder: order,
      loggedInAt: null,
      loggedInOrder: null,
      closedAt: null,
      closedOrder: null,
      closeReason: null,
    };
    this.records.push(record);
    return record;
  }

  loggedIn(record: ConnectionRecord, deviceJid: string): void {
    const { at, order } = this.#clock.now();
    Object.assign(record, { deviceJid, loggedInAt: at, loggedInOrder: order });
    const alive = this.#loggedIn.get(deviceJid) ?? new Set();
    for (const older of alive) this.overlaps.push({ deviceJid, olderConnId: older.connId, newerConnId: record.connId, at, order });
    this.#loggedIn.set(deviceJid, alive.add(record));
  }

  /** The first reason given stays: what follows is only its consequence. */
  closed(record: ConnectionRecord, reason: string): void {
    record.closeReason ??= reason;
    if (record.closedAt !== null) return;
    const { at, order } = this.#clock.now();
    Object.assign(record, { closedAt: at, closedOrder: order });
    if (record.deviceJid) this.#loggedIn.get(record.deviceJid)?.delete(record);
  }
}
