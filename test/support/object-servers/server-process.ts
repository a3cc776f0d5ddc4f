// Processes of a server that belongs to a test: they log into a file and die with the test, however it ends.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, closeSync, readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const SETPRIV = '/usr/bin/setpriv';
const START_TIMEOUT_MS = 90_000;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export const spawnServer = (program: string, args: readonly string[], env: NodeJS.ProcessEnv, logFile: string): ChildProcess => {
  const log = openSync(logFile, 'a');
  // Also when the test is killed and its own clean-up never runs.
  const [command, before] = existsSync(SETPRIV) ? [SETPRIV, ['--pdeathsig', 'KILL', program]] : [program, []];
  const child = spawn(command, [...before, ...args], { env, stdio: ['ignore', log, log] });
  closeSync(log);
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
};

export const endServer = async (child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
  if (!running.has(child)) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
};

/** Resolves when `port` takes connections; rejects with the log when the process ends before. */
export const untilListening = async (child: ChildProcess, port: number, logFile: string): Promise<void> => {
  await untilReady(child, logFile, async () => {
    const socket = createConnection(port, '127.0.0.1');
    return new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    }).finally(() => socket.destroy());
  });
};

export const untilReady = async (child: ChildProcess, logFile: string, isReady: () => Promise<boolean>): Promise<void> => {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!(await isReady())) {
    if (!running.has(child) || performance.now() > deadline) {
      throw new Error(`${child.spawnargs.join(' ')} does not run:\n${readFileSync(logFile, 'utf8').slice(-2_000)}`);
    }
    await sleep(15);
  }
};
