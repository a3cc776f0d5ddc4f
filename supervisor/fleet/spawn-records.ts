import { messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { ProcessIdentity } from '../../shared/process-identity.js';
import type { RunnerProcess } from './runner-process.js';

/** The durable list of processes that a later supervisor may find still alive. */
export interface SpawnRecords {
  record(identity: ProcessIdentity, incarnation: number): Promise<void>;
  forget(identity: ProcessIdentity): Promise<void>;
}

export interface SpawnRecord {
  /** Settles when the record is committed, or could not be. */
  recorded: Promise<void>;
  /** Resolves when the process is gone and its record too; never rejects. */
  forgotten: Promise<void>;
}

/** Records the process and, once it is gone, forgets it. */
export const recordWhileAlive = (runner: RunnerProcess, records: SpawnRecords, log: Logger): SpawnRecord => {
  const { identity, incarnation } = runner;
  if (!identity) return { recorded: Promise.resolve(), forgotten: Promise.resolve() };
  const recorded = records.record(identity, incarnation);
  const forget = async (): Promise<void> => {
    await Promise.allSettled([recorded, runner.exit]);
    await records.forget(identity);
  };
  const forgotten = forget().catch((error: unknown) => {
    // The record of a dead process harms nobody: its start time matches no other.
    log.warn({ incarnation, cause: messageOf(error) }, 'The record of an ended runner stays');
  });
  return { recorded, forgotten };
};
