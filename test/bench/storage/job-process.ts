// A process of its own that does one job of this bench, so that its memory and its processor time are those of the job.
import { JOBS, type JobName } from './jobs.js';
import type { Answer, Port } from './in-child.js';

type AnyJob = (args: unknown, port: Port) => Promise<unknown>;

const port: Port = {
  send: (note) => void process.send?.({ note }),
  onNote: (take) =>
    void process.on('message', (message: object) => {
      if ('note' in message) take(message.note);
    }),
};

const end = (answer: Answer): void => {
  process.send?.(answer, () => process.exit(0));
};

process.once('message', ({ name, args }: { name: JobName; args: unknown }) => {
  (JOBS[name] as AnyJob)(args, port).then(
    (result) => end({ result }),
    (error: unknown) => end({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
// An orphan has nobody to answer.
process.once('disconnect', () => process.exit(1));
