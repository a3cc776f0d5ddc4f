import type { Duties } from './duties.js';
import type { Reports, ReportsStatus } from './reports/reports.js';

/** How the worker stands with its backend. Times are Unix milliseconds. */
export interface BackendView {
  /** `refused`: it answers, but does not take this worker. */
  state: 'registering' | 'registered' | 'refused' | 'unreachable';
  dialect: 'guide' | 'whatsam';
  /** Under which the backend knows this worker. */
  workerId: string;
  /** Advertised address. */
  endpoint: string;
  lastHeartbeat: number | undefined;
  /** What is wrong and what to do. */
  sentence: string | undefined;
  reports: ReportsStatus;
}

/** Everything between this worker and its backend. */
export interface BackendLink {
  /** Begins to register; to be called when the server listens on `address`. Never fails: it tries for ever. */
  start(address: { host: string; port: number }): void;
  view(): BackendView;
  readonly reports: Reports;
  readonly duties: Pick<Duties, 'begin' | 'moved'>;
  /** Delivers what it can and ends every call. A planned stop is not told: the backend keeps the sessions assigned. */
  stop(withinMs: number): Promise<void>;
}
