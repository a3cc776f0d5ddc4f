import { Writable } from 'node:stream';
import { createLogger, type Logger } from '../../../shared/logging.js';

/** The product's logger, and what it would have printed. */
export const captureLog = (
  base: Record<string, unknown> = {},
): { log: Logger; output: () => string; lines: () => Record<string, unknown>[] } => {
  let written = '';
  const destination = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      written += String(chunk);
      done();
    },
  });
  const log = createLogger({ level: 'trace', base }, destination);
  return {
    log,
    output: () => written,
    lines: () =>
      written
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
};

/** A logger for those who do not look at it. */
export const silent: Logger = createLogger({ level: 'silent', base: {} });
