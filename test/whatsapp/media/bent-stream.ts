import { setTimeout as pause } from 'node:timers/promises';

/** What happens to the bytes of one transfer. */
export interface Bend {
  /** Bytes per second. */
  readonly rate?: number | undefined;
  /** The transfer breaks off after so many bytes. */
  readonly cutAfter?: number | undefined;
  /** The first byte is another one. */
  readonly corrupt?: boolean | undefined;
}

/** Pieces of a slow transfer are this small, so that it is slow from its start. */
const SLOW_PIECES_PER_SECOND = 20;

/** A transfer that broke off on command. */
export class TransferCut extends Error {
  constructor() {
    super('cut on command');
    this.name = 'TransferCut';
  }
}

/** The same bytes, slower, other ones, or not all of them. Throws TransferCut where it breaks off; `signal` ends the waits. */
export async function* bentStream(source: AsyncIterable<Buffer>, bend: Bend, signal: AbortSignal): AsyncGenerator<Buffer> {
  let passed = 0;
  for await (const whole of source) {
    for (const piece of inPieces(bend.corrupt && passed === 0 ? withOtherStart(whole) : whole, bend.rate)) {
      const left = (bend.cutAfter ?? Infinity) - passed;
      if (piece.length > left) {
        yield piece.subarray(0, left);
        throw new TransferCut();
      }
      passed += piece.length;
      yield piece;
      if (bend.rate !== undefined) await pause((piece.length / bend.rate) * 1000, undefined, { signal });
    }
  }
}

function* inPieces(whole: Buffer, rate: number | undefined): Generator<Buffer> {
  const size = rate === undefined ? whole.length : Math.max(1, Math.ceil(rate / SLOW_PIECES_PER_SECOND));
  for (let start = 0; start < whole.length; start += size) yield whole.subarray(start, start + size);
}

function withOtherStart(piece: Buffer): Buffer {
  const copy = Buffer.from(piece);
  if (copy.length > 0) copy.writeUInt8(copy.readUInt8(0) ^ 0xff, 0);
  return copy;
}
