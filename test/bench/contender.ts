import type { Load, LoadResult } from './load.js';

/** Who does the work that is measured. */
export interface Contender {
  /** Before anything counts: takes what it needs to open its sessions. */
  prepare(): Promise<void>;
  /** Resolves when all sessions are connected. */
  open(): Promise<void>;
  /** Of all its processes, now; the one that answers is the first. */
  pids(): Promise<number[]>;
  /** Sends and waits for WhatsApp's acknowledgements. */
  send(load: Load): Promise<LoadResult>;
  /** Resolves when the text was received in each of these sessions and is where a client sees it. */
  untilReceived(sessions: readonly number[], text: string): Promise<void>;
  close(): Promise<void>;
}
