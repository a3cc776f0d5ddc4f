// What a slot is given by the fleet.
import type { Beat, RunnerEventOf } from '../../shared/ipc/protocol.js';
import type { Logger } from '../../shared/logging.js';
import type { RunnerExit } from './exit-verdict.js';
import type { RunnerProcess, RunnerProcessOptions } from './runner-process.js';
import type { SpawnRecords } from './spawn-records.js';
import type { WatchdogLimits } from './watchdog.js';

export interface SlotTiming {
  watchdog: WatchdogLimits;
  /** How long a released runner may take to drain. */
  drainMs: number;
  /** From SIGTERM to SIGKILL when it was asked to go. */
  termMs: number;
}

/** What one incarnation needs from its slot. */
export type SlotLinks = Pick<RunnerProcessOptions, 'listeners' | 'incarnation'>;

export interface RunnerHandleOptions {
  slot: number;
  timing: SlotTiming;
  /** Awaited before `spawn`. */
  prepare(): Promise<void>;
  /** Forks; throws when it cannot. */
  spawn(links: SlotLinks): RunnerProcess;
  /** Runs `start` when fewer than the allowed number of starts are under way. */
  stagger(start: () => Promise<void>): Promise<void>;
  records: SpawnRecords;
  /** Milliseconds of a monotonic clock. */
  clock: () => number;
  random: () => number;
  on: {
    fact(incarnation: number, fact: RunnerEventOf<'session.fact'>): void;
    presence(presence: RunnerEventOf<'session.presence'>): void;
    beat(incarnation: number, beat: Beat): void;
    ready(incarnation: number): void;
    unresponsive(incarnation: number): void;
    exited(incarnation: number, exit: RunnerExit): void;
  };
  log: Logger;
}
