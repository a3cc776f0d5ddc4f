import { isAlive, type ProcessIdentity } from '../../shared/process-identity.js';
import { StoreRefusedError } from '../../shared/store/store-refused-error.js';
import { StoreReader } from '../../shared/store/store-reader.js';
import { supervisorFolder } from '../data-folders.js';
import { lockDataDir } from '../data-dir-lock.js';
import { SUPERVISOR_SCHEMA, TABLES } from '../supervisor-store.js';
import { CommandRefusedError } from './subcommand.js';

/** Runs `work` while no worker uses the data folder. @throws DataDirLockedError, CommandRefusedError when one does */
export const withStoppedWorker = async <T>(dataDir: string, work: () => Promise<T>): Promise<T> => {
  const lock = await lockDataDir(dataDir);
  try {
    await assertNoRunners(dataDir);
    return await work();
  } finally {
    lock.release();
  }
};

/** A runner that outlived its supervisor would go on writing to its store, or to a file that was replaced. */
const assertNoRunners = async (dataDir: string): Promise<void> => {
  const reader = openSound(dataDir);
  if (!reader) return;
  const alive = [...reader.range<ProcessIdentity>(TABLES.spawns)].map(({ value }) => value).filter(isAlive);
  await reader.close();
  if (alive.length > 0)
    throw new CommandRefusedError(`runner processes of an earlier worker are alive: end ${alive.map(({ pid }) => pid).join(', ')}`);
};

/** Of one that is damaged whoever works with it has more to say. */
const openSound = (dataDir: string): StoreReader | undefined => {
  try {
    return StoreReader.open(supervisorFolder(dataDir), SUPERVISOR_SCHEMA);
  } catch (error) {
    if (error instanceof StoreRefusedError) return undefined;
    throw error;
  }
};
