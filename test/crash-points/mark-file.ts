// What a process is doing right now, in a small file that others can read while the process stands still.
import { openSync, readFileSync, writeSync } from 'node:fs';
import { PHASES } from './phases.js';

/** Little-endian 32-bit counts: first whether it has begun its work, then one per row of the phase table. */
const READY = 0;
const LENGTH = 4 * (1 + PHASES.length);

const slotOf = (phase: string): number => 1 + PHASES.findIndex(({ name }) => name === phase);

export class MarkWriter {
  readonly #record = Buffer.alloc(LENGTH);
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'w');
    this.#write();
  }

  ready(): void {
    this.#set(READY, 1);
  }

  add(phase: string, by: 1 | -1): void {
    const slot = slotOf(phase);
    this.#set(slot, this.#record.readInt32LE(4 * slot) + by);
  }

  set(phase: string, count: number): void {
    const slot = slotOf(phase);
    if (this.#record.readInt32LE(4 * slot) !== count) this.#set(slot, count);
  }

  #set(slot: number, count: number): void {
    this.#record.writeInt32LE(count, 4 * slot);
    this.#write();
  }

  /** Synchronous: the file says what is so before it becomes otherwise. */
  #write(): void {
    writeSync(this.#file, this.#record, 0, LENGTH, 0);
  }
}

export interface Marks {
  ready: boolean;
  /** Names of the phases with something under way. */
  phases: string[];
}

/** Undefined when there is no whole record. */
export const readMarks = (path: string): Marks | undefined => {
  const record = readIfThere(path);
  if (record?.length !== LENGTH) return undefined;
  return {
    ready: record.readInt32LE(4 * READY) > 0,
    phases: PHASES.filter(({ name }) => record.readInt32LE(4 * slotOf(name)) > 0).map(({ name }) => name),
  };
};

const readIfThere = (path: string): Buffer | undefined => {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  }
};
