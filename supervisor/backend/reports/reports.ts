import type { DeadReport } from '../report.js';

export interface ReportsStatus {
  /** Reports not yet accepted by the backend. */
  waiting: number;
  /** Age in milliseconds of the oldest of them; 0 when there is none. */
  lagMs: number;
  dead: number;
  /** Why none of them is delivered now, as a sentence. */
  paused: string | undefined;
}

/** What the backend is to hear of the sessions: durable, at least once, in order per session. */
export interface Reports {
  /** Begins to deliver, or goes on: the backend knows this worker now. What changed before waits until then. */
  start(): void;
  /** The backend may have forgotten: tells it how every session is that has nothing unsent. */
  tellAll(): Promise<void>;
  /** Sends nothing about a session until the returned function is called. */
  hold(sessionId: string): () => void;
  /** Newest first. */
  dead(range: { limit: number; offset: number }): { reports: DeadReport[]; total: number };
  /** Puts dead reports back, all of them without `ids`, and lets the current state of their sessions follow. @returns how many */
  replay(ids?: readonly number[]): Promise<number>;
  status(): ReportsStatus;
  /** Tries once more what is unsent, then stops; the rest is delivered after the next start. */
  stop(withinMs: number): Promise<void>;
}
