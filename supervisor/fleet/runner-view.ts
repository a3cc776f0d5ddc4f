import type { RunnerView } from '../worker.js';

/** `starting → ready → draining`, `ready ⇄ unresponsive`; after an exit `backoff`, `quarantined` or, when nobody wants it, `idle`. */
export type SlotState = RunnerView['state'];

/** What the fleet knows of a runner; how many sessions it holds is known elsewhere. */
export interface FleetRunnerView extends Omit<RunnerView, 'sessions'> {
  /** Somebody waits for it, or it starts again by itself after an exit. */
  wanted: boolean;
}
