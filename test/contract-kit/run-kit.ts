import { runBackendChecks } from './backend/run-backend-checks.js';
import type { KitHooks } from './kit-hooks.js';
import type { Dialect, KitOptions } from './options.js';
import type { RunOutcome } from './run-checks.js';
import { runWorkerChecks } from './worker/run-worker-checks.js';

export interface KitReport extends RunOutcome {
  target: KitOptions['target'];
  url: string;
  dialect: Dialect;
}

/** Tries a worker or a backend. @throws TargetUnreachable */
export const runKit = async (options: KitOptions, hooks: KitHooks = {}): Promise<KitReport> => {
  const { target, url, dialect } = options;
  const outcome = await (options.target === 'worker' ? runWorkerChecks(options, hooks) : runBackendChecks(options, hooks));
  return { target, url, dialect, ...outcome };
};
