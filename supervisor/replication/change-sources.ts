// The stores whose changes are shipped: the supervisor's own, and that of every slot, read while its runner writes it.
import type { ChangeBatch } from '../../shared/store/change-log.js';
import { trackedSince } from '../../shared/store/open-store.js';
import type { RowCipher } from '../../shared/store/row-cipher.js';
import { SLOT_SCHEMA } from '../../shared/store/slot-store.js';
import { StoreReader } from '../../shared/store/store-reader.js';
import type { Store } from '../../shared/store/store.js';
import { slotFolder, slotsIn } from '../data-folders.js';

export interface ChangeSource {
  /** `supervisor`, or `runners/3`. */
  name: string;
  slot: number | undefined;
  /** See `trackedSince`. */
  since: string;
  readChanges(from: number, maxBytes: number): ChangeBatch | undefined;
  lastChange(): number;
}

/** The name of a slot's store. */
export const slotSource = (slot: number): string => `runners/${slot}`;

export interface ChangeSourcesOptions {
  store: Store;
  dataDir: string;
  cipher: RowCipher | undefined;
}

export class ChangeSources {
  readonly #options: ChangeSourcesOptions;
  readonly #readers = new Map<number, StoreReader>();

  constructor(options: ChangeSourcesOptions) {
    this.#options = options;
  }

  /** Slots first: what they shipped to the supervisor before is then never missing from its history. */
  all(): ChangeSource[] {
    const { store } = this.#options;
    const own = trackedSince(store);
    const slots = slotsIn(this.#options.dataDir).flatMap((slot): ChangeSource[] => {
      const reader = this.reader(slot);
      reader?.refresh();
      const since = reader && trackedSince(reader);
      if (!reader || since === undefined) return [];
      return [
        {
          name: slotSource(slot),
          slot,
          since,
          readChanges: (from, maxBytes) => reader.readChanges(from, maxBytes),
          lastChange: () => reader.lastChange(),
        },
      ];
    });
    if (own === undefined) return slots;
    return [
      ...slots,
      {
        name: 'supervisor',
        slot: undefined,
        since: own,
        readChanges: (from, maxBytes) => store.readChanges(from, maxBytes),
        lastChange: () => store.lastChange,
      },
    ];
  }

  /** Undefined while the slot has no store. */
  reader(slot: number): StoreReader | undefined {
    const known = this.#readers.get(slot);
    if (known) return known;
    const { dataDir, cipher } = this.#options;
    const reader = StoreReader.open(slotFolder(dataDir, slot), { ...SLOT_SCHEMA, cipher });
    if (reader) this.#readers.set(slot, reader);
    return reader;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#readers.values()].map(async (reader) => reader.close()));
    this.#readers.clear();
  }
}
