import type { Check } from '../check.js';
import type { Dialect } from '../options.js';
import { adminChecks } from './admin-checks.js';
import type { BackendUnderTest } from './backend-under-test.js';
import { guideWorkerSideChecks } from './guide-worker-side-checks.js';
import { userChecks } from './user-checks.js';
import { whatsamWorkerSideChecks } from './whatsam-worker-side-checks.js';

/** Everything a backend has to do, by its dialect. What it offers admins and users is the same. */
export const backendChecks: Readonly<Record<Dialect, readonly Check<BackendUnderTest>[]>> = {
  guide: [...guideWorkerSideChecks, ...adminChecks, ...userChecks],
  // Measured was only what workers meet: the admins' side is that of the guide.
  whatsam: [...whatsamWorkerSideChecks, ...adminChecks, ...userChecks],
};
