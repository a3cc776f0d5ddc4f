import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { JOBS, JobName } from './jobs.js';

type Args<Name extends JobName> = Parameters<(typeof JOBS)[Name]>[0];
type Result<Name extends JobName> = Awaited<ReturnType<(typeof JOBS)[Name]>>;
type Answer = { result: unknown } | { error: string };

const PROCESS = fileURLToPath(new URL('./job-process.js', import.meta.url));

/** Does the job in a process of its own, which is gone when this resolves. Rejects when the job failed or the process died. */
export const inChild = async <Name extends JobName>(name: Name, args: Args<Name>): Promise<Result<Name>> => {
  const child = fork(PROCESS, { serialization: 'advanced' });
  const exited = once(child, 'exit');
  const answered = once(child, 'message') as Promise<[Answer]>;
  child.send({ name, args });
  const died = exited.then(([code, signal]: unknown[]) => {
    throw new Error(`the process of ${name} ended (${String(code ?? signal)}) before it answered`);
  });
  const [answer] = await Promise.race([answered, died]);
  died.catch(() => undefined);
  await exited;
  if ('error' in answer) throw new Error(`${name}: ${answer.error}`);
  return answer.result as Result<Name>;
};
