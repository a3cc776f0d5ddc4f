/** A part of a file, first and last byte included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const RANGE = /^bytes=(\d*)-(\d*)$/;

/** Reads a Range header for a file of that length: the whole file without one, null when no byte of it is asked for. */
export function readByteRange(header: string | undefined, length: number): ByteRange | null {
  const whole = { start: 0, end: length - 1 };
  if (header === undefined) return whole;
  const match = RANGE.exec(header);
  // What cannot be read is ignored, as RFC 9110 has it.
  if (!match || (match[1] === '' && match[2] === '')) return whole;
  const [, first = '', last = ''] = match;
  const start = first === '' ? Math.max(0, length - Number(last)) : Number(first);
  const end = first === '' || last === '' ? length - 1 : Math.min(Number(last), length - 1);
  return start > end ? null : { start, end };
}
