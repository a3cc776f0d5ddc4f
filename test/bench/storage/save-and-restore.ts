// A whole worker to the object store and back.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { S3ObjectStoreOptions } from '../../../shared/object-store/s3-object-store.js';
import type { BenchOutcome } from '../bench.js';
import { round } from './figures.js';
import { USUAL_SESSION } from './fleet-rows.js';
import { inChild } from './in-child.js';

const COMPARED = 20;
const HOUR_MS = 60 * 60_000;

export const saveAndRestore = async (server: S3ObjectStoreOptions, sessions: number): Promise<BenchOutcome> => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-fleet-'));
  try {
    const dataDir = join(folder, 'before');
    const after = join(folder, 'after');
    // Today's messages come back at once, so all of them are of today wherever that is possible.
    const newest = Date.now() - (Date.now() % 1000) - (Date.now() % (24 * HOUR_MS) > HOUR_MS ? 0 : HOUR_MS);
    const made = { dataDir, sessions, size: USUAL_SESSION };
    await Promise.all([inChild('makeCredentials', made), inChild('makeHistory', { ...made, newest })]);
    const firstSave = await inChild('saveFleet', { dataDir, sessions, server });
    console.log(`  ${sessions} sessions saved for the first time in ${round(firstSave.seconds)} s`);
    await inChild('useFleet', { ...made, newest: newest + 1000 });
    const save = await inChild('saveFleet', { dataDir, sessions, server });
    console.log(`  again, all of them used since, in ${round(save.seconds)} s`);
    const restore = await inChild('restoreFleet', { dataDir: after, sessions, server });
    console.log(`  and restored in ${round(restore.seconds)} s`);
    const chosen = randomIndices(sessions);
    const unpack = await inChild('unpackFleet', { dataDir: after, chosen });
    const different = await inChild('compareFleet', { before: dataDir, after, chosen });
    return {
      results: {
        fleetSessions: sessions,
        firstSaveSeconds: round(firstSave.seconds),
        firstSaveCpuSeconds: round(firstSave.cpuSeconds),
        saveSeconds: round(save.seconds),
        saveCpuSeconds: round(save.cpuSeconds),
        savePeakRssMiB: round(firstSave.peakRssMiB),
        restoreSeconds: round(restore.seconds),
        restoreCpuSeconds: round(restore.cpuSeconds),
        restorePeakRssMiB: round(restore.peakRssMiB),
        recentDaysSeconds: round(restore.recentDaysSeconds),
        unpackMedianMs: round(unpack.medianMs),
        unpackP99Ms: round(unpack.p99Ms),
        sessionsThatDiffer: different,
      },
      targets: [
        { name: 'saveSeconds', value: round(save.seconds), limit: 10, unit: 's' },
        { name: 'restoreSeconds', value: round(restore.seconds), limit: 10, unit: 's' },
        { name: 'sessionsThatDiffer', value: different, limit: 0, unit: 'sessions' },
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const randomIndices = (sessions: number): number[] => {
  const chosen = new Set<number>();
  while (chosen.size < Math.min(COMPARED, sessions)) chosen.add(Math.floor(Math.random() * sessions));
  return [...chosen];
};
