import { accessSync, closeSync, constants, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { dataFile } from './store-file.js';

const BYTE = Buffer.alloc(1);

/**
 * Finds out before every transaction whether the disk takes writes: LMDB's writer does not survive one that turns read-only under it. The
 * commits of one turn share a transaction, so the disk is asked once for all of them.
 */
export class WriteProbe {
  readonly #folder: string;
  #file: number | undefined;
  #tookOneInThisTurn = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Throws what the disk says. */
  assert(): void {
    if (this.#tookOneInThisTurn) return;
    accessSync(dataFile(this.#folder), constants.W_OK);
    this.#file ??= openSync(join(this.#folder, 'probe'), 'w', 0o600);
    writeSync(this.#file, BYTE, 0, 1, 0);
    this.#tookOneInThisTurn = true;
    setImmediate(() => (this.#tookOneInThisTurn = false));
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
