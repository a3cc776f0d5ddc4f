import type { Given } from '../check.js';
import type { CheckScope } from '../check-scope.js';
import { HttpClient } from '../http-client.js';
import type { KitHooks } from '../kit-hooks.js';
import type { WorkerOptions } from '../options.js';
import { reachTarget } from '../reach-target.js';
import { runChecks, type RunOutcome } from '../run-checks.js';
import { guideWorkerChecks } from './guide-worker-checks.js';
import { GuideWorker } from './guide-worker.js';
import { RecordingBackend } from './recording-backend.js';
import { whatsamWorkerChecks } from './whatsam-checks.js';
import { WhatsamWorker } from './whatsam-worker.js';
import type { WorkerParts } from './worker-under-test.js';

const CHECK_TIMEOUT_MS = 120_000;
const RUN_TIMEOUT_MS = 15 * 60_000;
/** Listening, the worker may be started after the kit. */
const START_WAIT_MS = 120_000;

/** Tries a worker. @throws TargetUnreachable when it does not answer, an Error when the port to listen on is taken */
export const runWorkerChecks = async (options: WorkerOptions, hooks: KitHooks): Promise<RunOutcome> => {
  const { url, token, paired, listen, heartbeatMs, patienceMs, dialect, prefixes } = options;
  const backend = listen && (await RecordingBackend.listen({ at: listen, dialect, prefixes, workerUrl: url }));
  try {
    await reachTarget(url, '/health', backend ? START_WAIT_MS : 0, hooks.signal);
    const given = new Set<Given>();
    if (token !== undefined) given.add('token');
    if (paired) given.add('session');
    if (backend) given.add('listen');
    const run = { given, checkTimeoutMs: CHECK_TIMEOUT_MS, runTimeoutMs: RUN_TIMEOUT_MS + (backend ? 20 * heartbeatMs : 0), ...hooks };
    const parts = (scope: CheckScope): WorkerParts => ({
      http: new HttpClient(url, token, scope),
      ...{ scope, paired, backend, heartbeatMs, patienceMs },
    });
    return dialect === 'guide'
      ? await runChecks({ ...run, checks: guideWorkerChecks, contextOf: (scope) => new GuideWorker(parts(scope)) })
      : await runChecks({ ...run, checks: whatsamWorkerChecks, contextOf: (scope) => new WhatsamWorker(parts(scope)) });
  } finally {
    await backend?.close();
  }
};
