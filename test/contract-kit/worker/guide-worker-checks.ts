import type { Check } from '../check.js';
import { guideMessageChecks } from './guide-message-checks.js';
import { guideRefusalChecks } from './guide-refusal-checks.js';
import { guideReportChecks } from './guide-report-checks.js';
import { guideSessionChecks } from './guide-session-checks.js';
import type { GuideWorker } from './guide-worker.js';

/** Everything a worker of the guide's dialect has to do. */
export const guideWorkerChecks: readonly Check<GuideWorker>[] = [
  ...guideSessionChecks,
  ...guideRefusalChecks,
  ...guideMessageChecks,
  ...guideReportChecks,
];
