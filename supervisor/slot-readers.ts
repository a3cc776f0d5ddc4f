// The stores of the slots, as the supervisor reads them beside the runners that write them.
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, messageOf } from '../shared/errors.js';
import type { Logger } from '../shared/logging.js';
import type { RowCipher } from '../shared/store/row-cipher.js';
import { writeCopy, writeLog } from '../shared/store/session-copy.js';
import { openSlotStore, SLOT_SCHEMA } from '../shared/store/slot-store.js';
import { hasStore } from '../shared/store/store-file.js';
import { StoreReader } from '../shared/store/store-reader.js';
import { slotFolder } from './data-folders.js';

export interface SlotReadersOptions {
  dataDir: string;
  /** Of files that live as long as a call. */
  temporaryFolder: string;
  cipher: RowCipher | undefined;
  /** As the runners open their stores. */
  track: boolean;
  log: Logger;
}

/**
 * A process that opens a store while another commits to it may undo the commit (see `StoreReader`). So a slot's store is opened here before its
 * runner is forked, and stays open; nobody else opens it while there may be a runner.
 */
export class SlotReaders {
  readonly #options: SlotReadersOptions;
  readonly #readers = new Map<number, StoreReader>();
  /** Slots whose runner was started although their store could not be opened. */
  readonly #missed = new Set<number>();

  constructor(options: SlotReadersOptions) {
    this.#options = options;
  }

  /** To be awaited before each start of a slot's runner, when no other is alive. What cannot be opened here the runner will say more of. */
  async prepare(slot: number): Promise<void> {
    const { dataDir, cipher, track, log } = this.#options;
    this.#missed.delete(slot);
    if (this.#readers.has(slot)) return;
    const folder = slotFolder(dataDir, slot);
    try {
      if (!hasStore(folder)) await (await openSlotStore(folder, { cipher, track })).close();
      this.reader(slot);
    } catch (error) {
      this.#missed.add(slot);
      log.warn({ slot, cause: messageOf(error) }, 'the store of a slot cannot be read beside its runner');
    }
  }

  /** Undefined when the slot has no store, or none that can be opened now. @throws StoreRefusedError */
  reader(slot: number): StoreReader | undefined {
    const known = this.#readers.get(slot);
    if (known || this.#missed.has(slot)) return known;
    const { dataDir, cipher } = this.#options;
    const reader = StoreReader.open(slotFolder(dataDir, slot), { ...SLOT_SCHEMA, cipher });
    if (reader) this.#readers.set(slot, reader);
    return reader;
  }

  /** Calls `use` with a file that has what `writeCopy` writes; undefined when the slot has no store. @throws RUNNER_UNAVAILABLE */
  async withCopy<T>(slot: number, sessionId: string, use: (copy: string | undefined) => Promise<T>): Promise<T> {
    return this.#withFile(slot, use, (path, reader) => {
      writeCopy(path, reader, sessionId);
    });
  }

  /** The same with what `writeLog` writes. */
  async withLog<T>(slot: number, sessionId: string, use: (log: string | undefined) => Promise<T>): Promise<T> {
    return this.#withFile(slot, use, (path, reader) => {
      writeLog(path, reader, sessionId);
    });
  }

  async #withFile<T>(
    slot: number,
    use: (path: string | undefined) => Promise<T>,
    write: (path: string, reader: StoreReader) => void,
  ): Promise<T> {
    if (this.#missed.has(slot)) {
      throw new AppError('RUNNER_UNAVAILABLE', 'The store of this slot cannot be read until its runner starts again.', {
        retryAfterSeconds: 60,
      });
    }
    const reader = this.reader(slot);
    if (!reader) return use(undefined);
    const { temporaryFolder } = this.#options;
    mkdirSync(temporaryFolder, { recursive: true, mode: 0o700 });
    const path = join(temporaryFolder, `move-${randomUUID()}`);
    try {
      write(path, reader);
      return await use(path);
    } finally {
      rmSync(path, { force: true });
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#readers.values()].map(async (reader) => reader.close()));
    this.#readers.clear();
  }
}
