import type { Logger } from '../logging.js';

/** Says in the log when a store's disk begins to refuse writes, and when it takes them again. */
export const logTrouble =
  (log: Logger) =>
  (sentence: string | undefined): void => {
    if (sentence === undefined) log.info('the disk takes writes again');
    else log.error(sentence);
  };
