import { messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import { draining } from './fleet-errors.js';
import type { RunnerProcess } from './runner-process.js';

export interface EndLimits {
  /** Undefined for a runner that cannot answer. */
  drainMs: number | undefined;
  /** From SIGTERM to SIGKILL. */
  termMs: number;
}

/** Drain, SIGTERM, SIGKILL; resolves when the process is gone. */
export const endRunner = async (runner: RunnerProcess, { drainMs, termMs }: EndLimits, log: Logger): Promise<void> => {
  try {
    if (drainMs !== undefined) await runner.peer.call('runner.drain', {}, { deadlineMs: drainMs });
  } catch (error) {
    log.warn({ incarnation: runner.incarnation, cause: messageOf(error) }, 'A runner did not drain; it is ended as it is');
  }
  runner.peer.close(draining());
  runner.kill('SIGTERM', 'stop');
  if (!(await runner.exitsWithin(termMs))) runner.kill('SIGKILL', 'stop');
  await runner.exit;
};
