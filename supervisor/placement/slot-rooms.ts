import { AppError } from '../../shared/errors.js';
import type { SessionRow } from '../supervisor-store.js';
import { chooseSlot } from './placement.js';
import type { Registry } from './registry.js';

/** Slots of a worker: as many as its sessions need, and a spare one to move a runner's sessions into. */
export const slotCount = (maxSessions: number, perSlot: number): number => Math.ceil(maxSessions / perSlot) + 1;

/** Slots behind those of a worker, each for one session that is suspected of crashing its runners. */
const ISOLATION_SLOTS = 4;

/** @param slots see `slotCount` */
export const isIsolationSlot = (slot: number, slots: number): boolean => slot >= slots && slot < slots + ISOLATION_SLOTS;

export interface SlotRoomsOptions {
  registry: Pick<Registry, 'rows' | 'find'>;
  perSlot: number;
  /** Sessions move only to slots below this one. */
  slots: number;
}

/** How many sessions each slot has room for, those on their way counted where they come from and where they go. */
export class SlotRooms {
  readonly #options: SlotRoomsOptions;
  /** By session, the slot it is on its way to. */
  readonly #coming = new Map<string, number>();
  /** Slots that are being emptied, or kept empty for those that are. */
  readonly #shut = new Set<number>();

  constructor(options: SlotRoomsOptions) {
    this.#options = options;
  }

  isIsolation(slot: number): boolean {
    return isIsolationSlot(slot, this.#options.slots);
  }

  /** Whether a session lives where it must not be opened: it is to be alone, and its home is shared with others. */
  isAway({ slot, suspect }: Readonly<SessionRow>): boolean {
    return suspect?.isolated === true && slot !== undefined && !this.isIsolation(slot);
  }

  /** A place for one session that is to be alone. */
  forIsolation(usable: (slot: number) => boolean): number | undefined {
    const occupied = this.#occupied();
    return this.#isolationSlots().find((slot) => !occupied.has(slot) && usable(slot));
  }

  /** The slot for a session that has none: `best`, if there is one and it has room. */
  forNew({ suspect }: Readonly<Pick<SessionRow, 'suspect'>> = {}, best?: number): number {
    const alone = suspect?.isolated ? this.forIsolation(() => true) : undefined;
    if (alone !== undefined) return alone;
    const occupied = this.#occupied();
    for (const slot of this.#isolationSlots()) occupied.set(slot, this.#options.perSlot);
    for (const slot of this.#shut) occupied.set(slot, this.#options.perSlot);
    if (best !== undefined && (occupied.get(best) ?? 0) < this.#options.perSlot) return best;
    return chooseSlot(occupied, this.#options.perSlot);
  }

  /** The slot a session of slot `from` moves to best: one in use with the fewest sessions, else the lowest empty one. */
  forMove(from: number, usable: (slot: number) => boolean): number | undefined {
    const occupied = this.#occupied();
    const [used] = Array.from({ length: this.#options.slots }, (_, slot) => ({ slot, size: occupied.get(slot) ?? 0 }))
      .filter(({ slot, size }) => slot !== from && size > 0 && this.hasRoom(slot) && !this.#shut.has(slot) && usable(slot))
      .toSorted((one, other) => one.size - other.size || one.slot - other.slot);
    return used?.slot ?? this.emptySlot(from, usable);
  }

  /** A slot that nobody lives in. */
  emptySlot(except: number, usable: (slot: number) => boolean): number | undefined {
    const occupied = this.#occupied();
    return Array.from({ length: this.#options.slots }, (_, slot) => slot).find(
      (slot) => slot !== except && !occupied.has(slot) && !this.#shut.has(slot) && usable(slot),
    );
  }

  /** Of a slot that sessions share. */
  hasRoom(slot: number): boolean {
    return (this.#occupied().get(slot) ?? 0) < this.#options.perSlot;
  }

  /** @throws INVALID_REQUEST, AT_CAPACITY */
  assertRoom(slot: number): void {
    const { slots } = this.#options;
    if (!Number.isInteger(slot) || slot < 0 || slot >= slots) {
      throw new AppError('INVALID_REQUEST', `There is no slot ${slot}; this worker has slots 0 to ${slots - 1}.`);
    }
    if (!this.hasRoom(slot)) {
      throw new AppError('AT_CAPACITY', `Slot ${slot} has no room for another session.`, { retryAfterSeconds: 60 });
    }
  }

  /** Keeps a place for a session that moves; @returns what gives it back */
  reserve(sessionId: string, slot: number): () => void {
    this.#coming.set(sessionId, slot);
    return () => {
      if (this.#coming.get(sessionId) === slot) this.#coming.delete(sessionId);
    };
  }

  /** No new sessions come to these slots until the returned function is called; moves to a slot that was named do. */
  shut(slots: readonly number[]): () => void {
    for (const slot of slots) this.#shut.add(slot);
    return () => {
      for (const slot of slots) this.#shut.delete(slot);
    };
  }

  /** Sessions whose home a slot is. */
  sessionsOf(slot: number): string[] {
    return this.#options.registry.rows().flatMap((row) => (row.slot === slot ? [row.sessionId] : []));
  }

  #isolationSlots(): number[] {
    return Array.from({ length: ISOLATION_SLOTS }, (_, n) => this.#options.slots + n);
  }

  #occupied(): Map<number, number> {
    const occupied = new Map<number, number>();
    const count = (slot: number): void => void occupied.set(slot, (occupied.get(slot) ?? 0) + 1);
    for (const { slot } of this.#options.registry.rows()) if (slot !== undefined) count(slot);
    for (const [sessionId, slot] of this.#coming) if (this.#options.registry.find(sessionId)?.slot !== slot) count(slot);
    return occupied;
  }
}
