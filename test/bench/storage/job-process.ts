// A process of its own that does one job of this bench, so that its memory and its processor time are those of the job.
import { JOBS, type JobName } from './jobs.js';

interface Order {
  name: JobName;
  args: unknown;
}

process.once('message', (order: Order) => {
  const job = JOBS[order.name] as (args: unknown) => Promise<unknown>;
  job(order.args).then(
    (result) => end({ result }),
    (error: unknown) => end({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
// An orphan has nobody to answer.
process.once('disconnect', () => process.exit(1));

const end = (answer: { result: unknown } | { error: string }): void => {
  process.send?.(answer, () => process.exit(0));
};
