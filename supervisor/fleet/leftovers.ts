import { isAlive, killAndWait, type ProcessIdentity } from '../../shared/process-identity.js';

/**
 * SIGKILLs the runners of an earlier supervisor that still live; to be awaited before any session connects.
 * @returns the pids that were ended
 * @throws when one lives on: going on could put two sockets on one identity
 */
export const killLeftovers = async (records: readonly ProcessIdentity[], timeoutMs = 10_000): Promise<number[]> => {
  const living = records.filter(isAlive);
  const gone = await Promise.all(living.map(async (identity) => killAndWait(identity, timeoutMs)));
  const survivors = living.filter((_, index) => !gone[index]).map(({ pid }) => pid);
  if (survivors.length > 0) throw new Error(`left-over runners could not be ended: pid ${survivors.join(', ')}`);
  return living.map(({ pid }) => pid);
};
