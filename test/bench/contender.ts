/** Who does the work that is measured. */
export interface Contender {
  /** Resolves when all sessions are connected. */
  open(): Promise<void>;
  /** Of all its processes, now. */
  pids(): Promise<number[]>;
  close(): Promise<void>;
}
