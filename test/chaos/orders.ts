// How a runner is told to commit a fault: a file of its slot, and a signal or its next start.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FaultKind } from './faults.js';

export const ORDER_SIGNAL = 'SIGUSR2';

/** `now` is read at the signal, `at-start` by the next runner of the slot. */
type Occasion = 'now' | 'at-start';

const fileOf = (folder: string, slot: number, occasion: Occasion): string => join(folder, `${slot}-${occasion}`);

export const writeOrder = (folder: string, slot: number, occasion: Occasion, kind: FaultKind): void => {
  writeFileSync(fileOf(folder, slot, occasion), kind);
};

/** In the runner: reads its order and removes it, since it is meant once. */
export const takeOrder = (folder: string, slot: number, occasion: Occasion): string | undefined => {
  const file = fileOf(folder, slot, occasion);
  try {
    const kind = readFileSync(file, 'utf8');
    rmSync(file);
    return kind;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  }
};

/** The option of node that preloads `commit-faults.js`; always the built one, since plain Node cannot load the sources. */
export const preloadOption = (folder: string): string => {
  const path = import.meta.url.includes('/dist/') ? './commit-faults.js' : '../../dist/test/chaos/commit-faults.js';
  const url = new URL(path, import.meta.url);
  url.search = new URLSearchParams({ folder }).toString();
  return `--import=${url.href}`;
};
