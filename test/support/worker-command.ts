// `npm run worker -- …`, as built.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(
  new URL(
    import.meta.url.includes('/dist/') ? '../../supervisor/command/main.js' : '../../dist/supervisor/command/main.js',
    import.meta.url,
  ),
);

export interface CommandResult {
  code: number | null;
  /** Lines of stdout. */
  lines: string[];
  errors: string;
}

/** Runs it to its end on a data folder. */
export const workerCommand = async (dataDir: string, args: readonly string[], env: Record<string, string> = {}): Promise<CommandResult> => {
  const child = spawn(process.execPath, [MAIN, ...args, '--data-dir', dataDir], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, errors] = ['', ''];
  child.stdout.on('data', (data) => (out += String(data)));
  child.stderr.on('data', (data) => (errors += String(data)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, lines: out.split('\n').filter((line) => line !== ''), errors };
};
