// What the worker has on its disk, for this process alone: locked, sound, and without what an earlier one left.
import { EXIT } from '../shared/exit-codes.js';
import { takeInFlight } from '../shared/in-flight-file.js';
import type { Logger } from '../shared/logging.js';
import type { ProcessIdentity } from '../shared/process-identity.js';
import { compactStore, shouldCompact } from '../shared/store/compact.js';
import { logTrouble } from '../shared/store/log-trouble.js';
import { parseKeys, RowCipher } from '../shared/store/row-cipher.js';
import { assertSoundFile, hasStore } from '../shared/store/store-file.js';
import type { Store } from '../shared/store/store.js';
import type { Config } from './config.js';
import { lockDataDir, type DataDirLock } from './data-dir-lock.js';
import { slotFolder, slotsIn, supervisorFolder } from './data-folders.js';
import { killLeftovers } from './fleet/leftovers.js';
import { setDamagedSlotsAside } from './placement/damaged-slots.js';
import { chooseSlot } from './placement/placement.js';
import { emptySlots } from './placement/relocate.js';
import { isIsolationSlot, slotCount } from './placement/slot-rooms.js';
import { openSupervisorStore, TABLES } from './supervisor-store.js';

interface DataFolder {
  lock: DataDirLock;
  store: Store;
  /** Undefined: nothing is encrypted. */
  cipher: RowCipher | undefined;
}

/** @param onFatal see `startWorker` */
export const openDataFolder = async (config: Config, log: Logger, onFatal: (why: string, code: number) => void): Promise<DataFolder> => {
  const lock = await lockDataDir(config.dataDir, {
    onLost: () => {
      onFatal('another supervisor took the data folder', EXIT.crash);
    },
  });
  const keys = parseKeys(config.authEncryptionKey ?? '');
  const cipher = keys && new RowCipher(keys);
  await compactIfWorthIt(supervisorFolder(config.dataDir), log);
  const store = await openSupervisorStore(supervisorFolder(config.dataDir), {
    cipher,
    track: config.objectStore !== undefined,
    maxBytes: config.storeMaxBytes,
    onTrouble: logTrouble(log),
    onLost: () => {
      onFatal('the disk works again, and the store can be used only after a new start', EXIT.temporary);
    },
  });
  await endLeftovers(store, log);
  await setDamagedSlotsAside(store, config.dataDir, log);
  for (const slot of slotsIn(config.dataDir)) {
    // What runners of an earlier supervisor were doing is held against nobody.
    takeInFlight(slotFolder(config.dataDir, slot));
    await compactIfWorthIt(slotFolder(config.dataDir, slot), log);
  }
  const slots = slotCount(config.maxSessions, config.runnerMaxSessions);
  await emptySlots({
    ...{ store, dataDir: config.dataDir, slots, cipher, log },
    chooseSlot: (occupied) => chooseSlot(occupied, config.runnerMaxSessions),
    stays: ({ slot, suspect }, inSlot) => inSlot === 1 && suspect?.isolated === true && isIsolationSlot(slot ?? 0, slots),
    track: config.objectStore !== undefined,
  });
  return { lock, store, cipher };
};

/** Runners of a supervisor that was killed end by themselves, unless they are stopped or stuck; none may live on beside a new owner. */
const endLeftovers = async (store: Store, log: Logger): Promise<void> => {
  const spawns = [...store.range<ProcessIdentity>(TABLES.spawns)];
  const ended = await killLeftovers(spawns.map(({ value }) => value));
  if (ended.length > 0) log.warn({ pids: ended }, 'runners of an earlier supervisor were still there and have been ended');
  await store.commit(spawns.map(({ key }) => ({ table: TABLES.spawns, key, value: undefined })));
};

/** Only while no process has the store open. */
const compactIfWorthIt = async (folder: string, log: Logger): Promise<void> => {
  if (!hasStore(folder)) return;
  assertSoundFile(folder, 'write');
  if (!shouldCompact(folder)) return;
  log.info({ folder, ...(await compactStore(folder)) }, 'a store was compacted');
};
