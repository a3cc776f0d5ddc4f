import { maskNumbers } from '../../shared/logging.js';

/** Long enough for a key in hexadecimal or base64, with or without a path around it. */
const LONG_RUN = /[A-Za-z0-9+/_-]{32,}={0,2}/g;
const HEXADECIMAL_KEY = /[0-9a-f]{32}/i;
/** Bytes as Node.js prints them: `<Buffer 0a 1b …>`, or numbers in rows. */
const BYTES = /<Buffer(?: [0-9a-f]{2})+|(?:\b\d{1,3}, *){7,}\d{0,3}/g;
/** Share of neighbours of another kind; 0.62 in base64 of random bytes, below 0.2 in names and paths. */
const RANDOM_CHANGES = 0.3;

/** A line of a library's output without what looks like keys, bytes and whole phone numbers; paths stay readable. */
export const redactLine = (line: string): string =>
  maskNumbers(line.replace(BYTES, '[redacted]').replace(LONG_RUN, (run) => (looksRandom(run) ? '[redacted]' : run)));

const looksRandom = (run: string): boolean => {
  const kinds = [...run.replace(/[^A-Za-z0-9]/g, '')].map(kindOf);
  const changes = kinds.filter((kind, at) => at > 0 && kind !== kinds[at - 1]).length;
  return HEXADECIMAL_KEY.test(run) || changes > RANDOM_CHANGES * kinds.length;
};

const kindOf = (character: string): 'digit' | 'upper' | 'lower' => (character <= '9' ? 'digit' : character <= 'Z' ? 'upper' : 'lower');
