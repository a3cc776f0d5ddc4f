/** The reason comes within the turn that refused the commit, if it comes. */
const REASON_WAIT_MS = 100;

/** LMDB's writer tells why a commit failed in a promise of its own, which must not stay without a listener, and may never end. */
export const commitReason = async (error: unknown): Promise<unknown> =>
  Promise.race([
    Promise.resolve((error as { commitError?: Promise<never> }).commitError).then(
      () => error,
      (reason: unknown) => reason,
    ),
    new Promise<unknown>((resolve) => setTimeout(resolve, REASON_WAIT_MS, error).unref()),
  ]);
