import type { Given } from '../check.js';
import { CheckScope } from '../check-scope.js';
import { HttpClient } from '../http-client.js';
import type { KitHooks } from '../kit-hooks.js';
import type { BackendOptions } from '../options.js';
import { reachTarget } from '../reach-target.js';
import { runChecks, type RunOutcome } from '../run-checks.js';
import { BackendUnderTest } from './backend-under-test.js';
import { BackendVisit } from './backend-visit.js';
import { backendChecks } from './backend-checks.js';

const CHECK_TIMEOUT_MS = 120_000;
const RUN_TIMEOUT_MS = 15 * 60_000;

/** Tries a backend. @throws TargetUnreachable when it does not answer */
export const runBackendChecks = async (options: BackendOptions, hooks: KitHooks): Promise<RunOutcome> => {
  const { url, token, dialect, admin } = options;
  await reachTarget(url, '/', 0, hooks.signal);
  const visit = new BackendVisit(options);
  const contextOf = (scope: CheckScope): BackendUnderTest => new BackendUnderTest(new HttpClient(url, token, scope), scope, visit);
  const checks = backendChecks[dialect];
  const given = new Set<Given>(admin ? ['token', 'admin'] : ['token']);
  try {
    const outcome = await runChecks({ checks, given, contextOf, checkTimeoutMs: CHECK_TIMEOUT_MS, runTimeoutMs: RUN_TIMEOUT_MS, ...hooks });
    const scope = new CheckScope();
    if (outcome.results.some(({ id, outcome: what }) => id === 'register' && what === 'holds')) {
      scope.defer(async () => contextOf(scope).removeWorker(await visit.worker()));
    }
    return { ...outcome, leftBehind: [...outcome.leftBehind, ...(await scope.cleanUp())] };
  } finally {
    await visit.end();
  }
};
