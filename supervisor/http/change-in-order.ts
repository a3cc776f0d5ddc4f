import { AppError } from '../../shared/errors.js';

/** A change, and what does it. */
export type Change = readonly [name: string, make: () => Promise<unknown>];

/**
 * Makes changes one after the other, until one fails. @returns the names of those made
 * @throws the error of the one that failed, with the names of those made before in `details.changed`
 */
export const changeInOrder = async (changes: readonly Change[]): Promise<string[]> => {
  const changed: string[] = [];
  for (const [name, make] of changes) {
    try {
      await make();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      throw new AppError(error.code, error.message, {
        details: { ...error.details, changed, failed: name },
        cause: error,
        ...(error.retryAfterSeconds !== undefined && { retryAfterSeconds: error.retryAfterSeconds }),
      });
    }
    changed.push(name);
  }
  return changed;
};
