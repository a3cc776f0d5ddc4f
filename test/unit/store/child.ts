import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Opening } from '../../fixtures/opening-child.js';

const built = (name: string): string => fileURLToPath(new URL(`../../../dist/test/fixtures/${name}.js`, import.meta.url));

/** A process of its own for the test that runs, killed after it. */
export const startChild = (name: string, ...args: string[]): ChildProcess => startChildThrough([], name, ...args);

/** @param command becomes the command it is given, in other circumstances; without one nothing comes between */
const startChildThrough = ([program, ...options]: readonly string[], name: string, ...args: string[]): ChildProcess => {
  const through = program === undefined ? {} : { execPath: program, execArgv: [...options, process.execPath] };
  const child = fork(built(name), args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], ...through });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  return child;
};

export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  messages: unknown[];
  errors: string;
}

/** Runs until the child ends; `onMessage` may end it. */
export const outcomeOf = async (child: ChildProcess, onMessage: (message: unknown) => void = () => undefined): Promise<Outcome> => {
  const messages: unknown[] = [];
  let errors = '';
  child.stderr?.on('data', (data) => (errors += String(data)));
  child.on('message', (message) => {
    messages.push(message);
    onMessage(message);
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, messages, errors };
};

/** Opens the store in `folder` in a process of its own, which may be killed on the way. */
export const openInChild = async (
  folder: string,
  opening: Opening,
  killed?: { on: string; times?: number; afterMs?: number },
): Promise<Outcome> => {
  const child = startChild('opening-child', folder, JSON.stringify(opening));
  let left = killed?.times ?? 1;
  return outcomeOf(child, (message) => {
    if (!killed || message !== killed.on || --left > 0) return;
    if (killed.afterMs === undefined) child.kill('SIGKILL');
    else setTimeout(() => child.kill('SIGKILL'), killed.afterMs);
  });
};

/** Opens the store in `folder` in a process of its own that `command` starts. */
export const openInChildThrough = async (command: readonly string[], folder: string, opening: Opening): Promise<Outcome> =>
  outcomeOf(startChildThrough(command, 'opening-child', folder, JSON.stringify(opening)));
