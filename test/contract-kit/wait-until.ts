import { setTimeout as sleep } from 'node:timers/promises';

/** Polls `probe` until it gives something. @returns that, or undefined when `timeoutMs` passed. @throws when `signal` fires */
export const waitUntil = async <T>(
  probe: () => T | undefined | Promise<T | undefined>,
  { timeoutMs, everyMs = 50, signal }: { timeoutMs: number; everyMs?: number; signal: AbortSignal },
): Promise<T | undefined> => {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() > deadline) return undefined;
    await sleep(everyMs, undefined, { signal });
  }
};
