import { relative } from 'node:path';
import { EXIT } from '../../shared/exit-codes.js';
import { compactStore } from '../../shared/store/compact.js';
import { hasStore } from '../../shared/store/store-file.js';
import { slotFolder, slotsIn, supervisorFolder } from '../data-folders.js';
import { withStoppedWorker } from './stopped-worker.js';
import type { Subcommand } from './subcommand.js';

const MEBIBYTE = 1024 * 1024;

/** `worker compact` */
export const compact: Subcommand = {
  summary: 'gives the disk back what the stores no longer use; the worker must be stopped',
  run: async ({ config: { dataDir }, say }) =>
    withStoppedWorker(dataDir, async () => {
      for (const store of [supervisorFolder(dataDir), ...slotsIn(dataDir).map((slot) => slotFolder(dataDir, slot))].filter(hasStore)) {
        const { bytesBefore, bytesAfter } = await compactStore(store);
        say(`${relative(dataDir, store)}: ${inMebibytes(bytesBefore)} before, ${inMebibytes(bytesAfter)} now`);
      }
      return EXIT.clean;
    }),
};

const inMebibytes = (bytes: number): string => `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
