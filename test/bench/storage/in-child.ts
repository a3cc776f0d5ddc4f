import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { JOBS, JobName } from './jobs.js';

type Args<Name extends JobName> = Parameters<(typeof JOBS)[Name]>[0];
type Result<Name extends JobName> = Awaited<ReturnType<(typeof JOBS)[Name]>>;
export type Answer = { result: unknown } | { error: string };

/** What a job and the process that started it tell each other meanwhile. */
export interface Port {
  send(note: unknown): void;
  onNote(take: (note: unknown) => void): void;
}

interface Underway<Name extends JobName> extends Port {
  /** Rejects when the job failed or its process died; when it settles the process is gone. */
  result: Promise<Result<Name>>;
}

const PROCESS = fileURLToPath(new URL('./job-process.js', import.meta.url));

/** Begins the job in a process of its own. */
export const begin = <Name extends JobName>(name: Name, args: Args<Name>): Underway<Name> => {
  const child = fork(PROCESS, { serialization: 'advanced' });
  let answer: Answer | undefined;
  let take: (note: unknown) => void = () => undefined;
  child.on('message', (message: Answer | { note: unknown }) => {
    if ('note' in message) take(message.note);
    else answer = message;
  });
  // Not `exit`: that may come before the last message, when several processes end at once.
  const result = once(child, 'close').then(([code, signal]: unknown[]) => {
    if (!answer) throw new Error(`the process of ${name} ended (${String(code ?? signal)}) before it answered`);
    if ('error' in answer) throw new Error(`${name}: ${answer.error}`);
    return answer.result as Result<Name>;
  });
  child.send({ name, args });
  return {
    result,
    send: (note) => void child.send({ note }),
    onNote: (taker) => {
      take = taker;
    },
  };
};

export const inChild = async <Name extends JobName>(name: Name, args: Args<Name>): Promise<Result<Name>> => begin(name, args).result;
