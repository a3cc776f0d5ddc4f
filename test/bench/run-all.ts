import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FIGURES, writeReport } from './report/report.js';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

/** Every bench with its default size, and those that are judged at several. */
const RUNS: readonly (readonly [bench: string, sessions?: number])[] = [
  ['density', 500],
  ['density', 1_000],
  ['send'],
  ['latency'],
  ['receive'],
  ['login'],
  ['pair'],
  ['api'],
  ['ipc'],
  ['curve'],
  ['start'],
  ['recycle'],
  ['storage'],
  ['media'],
  ['day'],
  ['history'],
  ['history', 100],
  ['soak'],
];

/** Runs them one after the other, each in a process of its own, and writes the page. @returns whether all ran to their end */
export const runAll = async (): Promise<boolean> => {
  mkdirSync(FIGURES, { recursive: true });
  const failed: string[] = [];
  for (const [bench, sessions] of RUNS) {
    const name = sessions === undefined ? bench : `${bench}-${sessions}`;
    const size = sessions === undefined ? [] : ['--sessions', String(sessions)];
    const child = spawn(process.execPath, [MAIN, bench, ...size, '--json', join(FIGURES, `${name}.json`)], { stdio: 'inherit' });
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) failed.push(name);
  }
  await writeReport();
  if (failed.length > 0) console.error(`did not run to their end: ${failed.join(', ')}`);
  return failed.length === 0;
};
