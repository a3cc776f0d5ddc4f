// The stores whose changes are shipped: the supervisor's own, and that of every slot, read while its runner writes it.
import type { ChangeBatch } from '../../shared/store/change-log.js';
import { trackedSince } from '../../shared/store/open-store.js';
import type { Store } from '../../shared/store/store.js';
import { slotsIn } from '../data-folders.js';
import type { SlotReaders } from '../slot-readers.js';

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
  readers: Pick<SlotReaders, 'reader'>;
}

export class ChangeSources {
  readonly #options: ChangeSourcesOptions;

  constructor(options: ChangeSourcesOptions) {
    this.#options = options;
  }

  /** Slots first: what they shipped to the supervisor before is then never missing from its history. */
  all(): ChangeSource[] {
    const { store, dataDir, readers } = this.#options;
    const own = trackedSince(store);
    const slots = slotsIn(dataDir).flatMap((slot): ChangeSource[] => {
      const reader = readers.reader(slot);
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
}
