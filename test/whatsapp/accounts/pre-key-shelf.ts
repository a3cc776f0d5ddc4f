/** A public one-time key as clients upload it. */
export interface PreKey {
  readonly id: number;
  readonly value: Buffer;
}

const ID_BYTES = 3;
const ENTRY_BYTES = ID_BYTES + 32;

/** The one-time keys of a device, packed (35 bytes each: a thousand devices upload 812) and handed out once, oldest first. */
export class PreKeyShelf {
  #packed: Buffer;

  constructor(packed: Buffer = Buffer.alloc(0)) {
    this.#packed = packed;
  }

  get count(): number {
    return this.#packed.length / ENTRY_BYTES;
  }

  add(keys: readonly PreKey[]): void {
    const entries = keys.map(({ id, value }) => {
      const entry = Buffer.alloc(ENTRY_BYTES);
      entry.writeUIntBE(id, 0, ID_BYTES);
      value.copy(entry, ID_BYTES, 0, ENTRY_BYTES - ID_BYTES);
      return entry;
    });
    this.#packed = Buffer.concat([this.#packed, ...entries]);
  }

  /** Takes the next key off the shelf; undefined when it is empty. */
  take(): PreKey | undefined {
    if (this.#packed.length === 0) return undefined;
    const entry = this.#packed.subarray(0, ENTRY_BYTES);
    this.#packed = this.#packed.subarray(ENTRY_BYTES);
    return { id: entry.readUIntBE(0, ID_BYTES), value: entry.subarray(ID_BYTES) };
  }

  /** Throws keys away, oldest first, until so many are left. */
  drain(leave: number): void {
    this.#packed = this.#packed.subarray(Math.max(0, this.count - leave) * ENTRY_BYTES);
  }

  /** The ids still on the shelf. */
  ids(): number[] {
    return Array.from({ length: this.count }, (_, index) => this.#packed.readUIntBE(index * ENTRY_BYTES, ID_BYTES));
  }

  /** All keys in their packed form, as the constructor takes them. */
  packed(): Buffer {
    return this.#packed;
  }
}
