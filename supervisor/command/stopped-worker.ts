import { isAlive, type ProcessIdentity } from '../../shared/process-identity.js';
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
  const reader = StoreReader.open(supervisorFolder(dataDir), SUPERVISOR_SCHEMA);
  if (!reader) return;
  const alive = [...reader.range<ProcessIdentity>(TABLES.spawns)].map(({ value }) => value).filter(isAlive);
  await reader.close();
  if (alive.length > 0)
    throw new CommandRefusedError(`runner processes of an earlier worker are alive: end ${alive.map(({ pid }) => pid).join(', ')}`);
};
