import { proto, type SignalDataSet, type SignalDataTypeMap, type SignalKeyStore } from '@whiskeysockets/baileys';

/** Signal keys by type and id, as they are kept in a file. */
export type KeyRows = Record<string, Record<string, unknown>>;

/** A key store as users of Baileys write it: everything in the heap, as live objects. */
export class MemoryKeys implements SignalKeyStore {
  readonly #rows: Map<string, Map<string, unknown>>;

  constructor(rows: KeyRows = {}) {
    this.#rows = new Map(Object.entries(rows).map(([type, ofType]) => [type, new Map(Object.entries(ofType))]));
  }

  get<T extends keyof SignalDataTypeMap>(type: T, ids: string[]): Record<string, SignalDataTypeMap[T]> {
    const found: Record<string, SignalDataTypeMap[T]> = {};
    for (const id of ids) {
      const value = this.#rows.get(type)?.get(id);
      if (value !== undefined) found[id] = revive(type, value) as SignalDataTypeMap[T];
    }
    return found;
  }

  set(data: SignalDataSet): void {
    for (const [type, rows] of Object.entries(data)) {
      const ofType = this.#rows.get(type) ?? new Map<string, unknown>();
      this.#rows.set(type, ofType);
      for (const [id, value] of Object.entries(rows as Record<string, unknown>)) {
        if (value === null || value === undefined) ofType.delete(id);
        else ofType.set(id, value);
      }
    }
  }

  rows(): KeyRows {
    return Object.fromEntries([...this.#rows].map(([type, ofType]) => [type, Object.fromEntries(ofType)]));
  }
}

/** Baileys needs this one type as a protobuf object. */
const revive = (type: string, value: unknown): unknown =>
  type === 'app-state-sync-key' ? proto.Message.AppStateSyncKeyData.fromObject(value as Record<string, unknown>) : value;
