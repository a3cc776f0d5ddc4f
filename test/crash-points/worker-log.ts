import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

const BAD_MAC = /bad mac/i;

/** Keeps what the worker logs in a file, and counts what must not be in it. */
export class WorkerLog {
  readonly #file: WriteStream;
  badMacs = 0;

  constructor(path: string) {
    this.#file = createWriteStream(path);
  }

  readonly take = (line: string): void => {
    if (BAD_MAC.test(line)) this.badMacs++;
    this.#file.write(`${line}\n`);
  };

  async close(): Promise<void> {
    this.#file.end();
    await finished(this.#file);
  }
}

export const isBadMac = (line: string): boolean => BAD_MAC.test(line);
