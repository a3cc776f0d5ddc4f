import { Script } from 'node:vm';

/** From this version on V8 takes a C++ heap in which nothing is allocated for a busy one. */
const NEEDED_SINCE = 24;
/** What was allocated is forgotten after some 100 seconds. */
const EVERY_MS = 30_000;

/**
 * Lets V8 see that this process rests. Its memory reducer collects, and gives the pages that this empties back to the machine, once little is
 * allocated; but a speed of exactly zero counts as the greatest, and on the C++ heap that is what Node.js has, unless a script is compiled:
 * scripts live there. So one of no length is, twice a minute. See docs/decisions/0020-memory-at-rest.md.
 */
export const letMemoryReducerRun = (): void => {
  if (Number.parseInt(process.versions.node, 10) < NEEDED_SINCE) return;
  const allocate = (): unknown => new Script('');
  allocate();
  setInterval(allocate, EVERY_MS).unref();
};
