// How quickly a runner's ratchet steps are on disk.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { medians, type Figures } from './figures.js';
import { inChild } from './in-child.js';

const VARIANTS = [
  { name: 'auth1', inFlight: 1, sealed: false },
  { name: 'auth1Sealed', inFlight: 1, sealed: true },
  { name: 'auth16', inFlight: 16, sealed: false },
  { name: 'auth16Sealed', inFlight: 16, sealed: true },
];

export const authCommits = async (repeats: number, seconds: number): Promise<Figures> => {
  const runs: Record<string, number>[] = [];
  for (let run = 0; run < repeats; run++) {
    const figures: Record<string, number> = {};
    for (const { name, ...variant } of VARIANTS) {
      const folder = mkdtempSync(join(tmpdir(), 'bench-steps-'));
      try {
        const { perSecond, p50Ms, p99Ms } = await inChild('commitSteps', { folder, seconds, ...variant });
        Object.assign(figures, { [`${name}PerSecond`]: perSecond, [`${name}P50Ms`]: p50Ms, [`${name}P99Ms`]: p99Ms });
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }
    runs.push(figures);
  }
  return medians(runs);
};
