import type { KitReport } from '../../contract-kit/run-kit.js';

/** The ids of the checks that failed, sorted. */
export const failed = ({ results }: KitReport): string[] =>
  results
    .filter(({ outcome }) => outcome === 'fails')
    .map(({ id }) => id)
    .sort();

/** The checks that were skipped, with why. */
export const skipped = ({ results }: KitReport): Record<string, string | undefined> =>
  Object.fromEntries(results.filter(({ outcome }) => outcome === 'skipped').map(({ id, reason }) => [id, reason]));

/** For a failed expectation: what each failed check says. */
export const complaints = ({ results }: KitReport): string =>
  results.flatMap(({ id, outcome, reason }) => (outcome === 'fails' ? [`${id}: ${reason ?? ''}`] : [])).join('\n');
