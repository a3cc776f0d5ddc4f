// What a runner writes: stdout is log lines and passes through whole, stderr is kept for the verdict and logged.
import { StringDecoder } from 'node:string_decoder';
import type { Readable, Writable } from 'node:stream';
import { redactLine } from './redact-line.js';

const NEWLINE = 0x0a;
const MAX_LINE_BYTES = 1024 * 1024;

/** Where all runners' lines go. A broken pipe ends the forwarding, not the supervisor. */
export class LineSink {
  readonly #out: Writable;
  #broken = false;

  constructor(out: Writable) {
    this.#out = out;
    out.on('error', () => {
      this.#broken = true;
    });
  }

  /** Passes on whole lines only, so that lines of several processes never mix. */
  forward(source: Readable): void {
    let carry: Buffer[] = [];
    let carried = 0;
    source.on('data', (chunk: Buffer) => {
      const end = chunk.lastIndexOf(NEWLINE) + 1;
      if (end > 0 || carried + chunk.length > MAX_LINE_BYTES) {
        const cut = end > 0 ? end : chunk.length;
        this.#write(Buffer.concat([...carry, chunk.subarray(0, cut)]));
        carry = [];
        carried = 0;
        chunk = chunk.subarray(cut);
      }
      if (chunk.length > 0) carry.push(chunk);
      carried += chunk.length;
    });
    source.on('end', () => {
      if (carried > 0) this.#write(Buffer.concat([...carry, Buffer.of(NEWLINE)]));
    });
    source.on('error', () => {
      carry = [];
    });
  }

  #write(lines: Buffer): void {
    if (!this.#broken) this.#out.write(lines);
  }
}

/** The last lines of a text stream, within bounds and without secrets. */
export class Tail {
  readonly #maxLines: number;
  readonly #maxLineLength: number;
  readonly #lines: string[] = [];
  readonly #decoder = new StringDecoder('utf8');
  #partial = '';

  constructor({ maxLines = 20, maxLineLength = 500 } = {}) {
    this.#maxLines = maxLines;
    this.#maxLineLength = maxLineLength;
  }

  /** @returns the lines that `chunk` completed */
  add(chunk: Buffer): string[] {
    const pieces = (this.#partial + this.#decoder.write(chunk)).split('\n');
    this.#partial = (pieces.pop() ?? '').slice(0, this.#maxLineLength);
    const complete = pieces.filter((line) => line.trim() !== '').map((line) => this.#bounded(line));
    this.#lines.push(...complete.slice(-this.#maxLines));
    this.#lines.splice(0, this.#lines.length - this.#maxLines);
    return complete;
  }

  /** With what stands on an unfinished last line. */
  get lines(): string[] {
    return this.#partial.trim() === '' ? [...this.#lines] : [...this.#lines, this.#bounded(this.#partial)].slice(-this.#maxLines);
  }

  #bounded(line: string): string {
    return redactLine(line).slice(0, this.#maxLineLength);
  }
}
