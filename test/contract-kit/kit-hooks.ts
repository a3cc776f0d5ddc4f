import type { CheckResult } from './check.js';

export interface KitHooks {
  /** Ends the run early; what was not tried then fails. */
  signal?: AbortSignal;
  onResult?: (result: CheckResult) => void;
}
