// `npm run contract -- …`, as built.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CheckResult } from '../contract-kit/check.js';

const MAIN = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? '../contract-kit/main.js' : '../../dist/test/contract-kit/main.js', import.meta.url),
);

export interface ContractVerdict {
  code: number | null;
  /** All it printed. */
  text: string;
  results: CheckResult[];
  leftBehind: string[];
}

/** Runs it to its end. Rejects with what it printed when it could try nothing. */
export const contractCommand = async (args: readonly string[]): Promise<ContractVerdict> => {
  const folder = await mkdtemp(join(tmpdir(), 'contract-'));
  try {
    const jsonFile = join(folder, 'verdict.json');
    const child = spawn(process.execPath, [MAIN, ...args, '--json', jsonFile], {
      env: { PATH: process.env['PATH'] ?? '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (text += String(data)));
    const [code] = (await once(child, 'close')) as [number | null];
    const json = await readFile(jsonFile, 'utf8').catch(() => {
      throw new Error(`the kit ended with ${String(code)}:\n${text}`);
    });
    return { code, text, ...(JSON.parse(json) as Pick<ContractVerdict, 'results' | 'leftBehind'>) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
