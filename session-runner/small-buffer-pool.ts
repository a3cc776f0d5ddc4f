/** What versions of Node.js before 24 take; since then it is 64 kB. */
const POOL_BYTES = 8_192;

/**
 * Keeps a small buffer from holding much memory. Node.js cuts small buffers out of a large one, and whichever of them is kept keeps all of that:
 * with the noise keys of sessions that connected at different times, 64 kB each. See docs/decisions/0017-what-sockets-cost.md.
 */
export const useSmallBufferPool = (): void => {
  Buffer.poolSize = POOL_BYTES;
};
