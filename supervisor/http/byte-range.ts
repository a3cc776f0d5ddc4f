export interface Range {
  /** Both included. */
  start: number;
  end: number;
}

/**
 * What a Range header asks of `bytes` bytes: undefined when it asks for nothing that is known, so that the whole is the answer. Several
 * ranges are refused as one that is not there would be.
 */
export const byteRange = (header: string | undefined, bytes: number): Range | 'unsatisfiable' | undefined => {
  const [, list] = /^bytes=([\d\s,-]+)$/i.exec(header?.trim() ?? '') ?? [];
  if (list === undefined) return undefined;
  if (list.includes(',')) return 'unsatisfiable';
  const [, first = '', last = ''] = /^\s*(\d{0,15})-(\d{0,15})\s*$/.exec(list) ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') return suffix(Number(last), bytes);
  const start = Number(first);
  const end = last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1);
  // The wrong way round it is no range, and as if it were not there.
  if (last !== '' && Number(last) < start) return undefined;
  return start < bytes ? { start, end } : 'unsatisfiable';
};

const suffix = (length: number, bytes: number): Range | 'unsatisfiable' =>
  length === 0 || bytes === 0 ? 'unsatisfiable' : { start: Math.max(0, bytes - length), end: bytes - 1 };
