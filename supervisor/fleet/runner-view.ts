import type { RunnerView } from '../worker.js';

/** `starting → ready → draining`, `ready ⇄ unresponsive`; after an exit `backoff`, `quarantined` or, when nobody wants it, `idle`. */
export type SlotState = RunnerView['state'] | 'quarantined';

/** What the fleet knows of a runner; how many sessions it holds is known elsewhere. A quarantined one shows as `backoff`. */
export interface FleetRunnerView extends Omit<RunnerView, 'sessions'> {
  quarantined: boolean;
  /** Until the next automatic start, when one is planned. */
  nextStartInMs: number | undefined;
}
