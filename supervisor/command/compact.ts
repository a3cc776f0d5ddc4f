import { relative } from 'node:path';
import { EXIT } from '../../shared/exit-codes.js';
import { isAlive, type ProcessIdentity } from '../../shared/process-identity.js';
import { compactStore } from '../../shared/store/compact.js';
import { hasStore } from '../../shared/store/store-file.js';
import { StoreReader } from '../../shared/store/store-reader.js';
import { slotFolder, slotsIn, supervisorFolder } from '../data-folders.js';
import { lockDataDir } from '../data-dir-lock.js';
import { SUPERVISOR_SCHEMA, TABLES } from '../supervisor-store.js';
import { CommandRefusedError, type Subcommand } from './subcommand.js';

const MEBIBYTE = 1024 * 1024;

/** `worker compact` */
export const compact: Subcommand = {
  summary: 'gives the disk back what the stores no longer use; the worker must be stopped',
  run: async ({ config: { dataDir }, say }) => {
    const lock = await lockDataDir(dataDir);
    try {
      await assertNoRunners(dataDir);
      for (const store of [supervisorFolder(dataDir), ...slotsIn(dataDir).map((slot) => slotFolder(dataDir, slot))].filter(hasStore)) {
        const { bytesBefore, bytesAfter } = await compactStore(store);
        say(`${relative(dataDir, store)}: ${inMebibytes(bytesBefore)} before, ${inMebibytes(bytesAfter)} now`);
      }
      return EXIT.clean;
    } finally {
      lock.release();
    }
  },
};

/** A runner that outlived its supervisor would go on writing to the file that was replaced. */
const assertNoRunners = async (dataDir: string): Promise<void> => {
  const reader = StoreReader.open(supervisorFolder(dataDir), SUPERVISOR_SCHEMA);
  if (!reader) return;
  const alive = [...reader.range<ProcessIdentity>(TABLES.spawns)].map(({ value }) => value).filter(isAlive);
  await reader.close();
  if (alive.length > 0)
    throw new CommandRefusedError(`runner processes of an earlier worker are alive: end ${alive.map(({ pid }) => pid).join(', ')}`);
};

const inMebibytes = (bytes: number): string => `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
