// A slot whose store is damaged must not take the others with it: it is set aside, and its sessions say so.
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../../shared/logging.js';
import { assertSoundFile } from '../../shared/store/store-file.js';
import { StoreRefusedError } from '../../shared/store/store-refused-error.js';
import type { Store } from '../../shared/store/store.js';
import { slotFolder, slotsIn } from '../data-folders.js';
import { TABLES, type SessionRow } from '../supervisor-store.js';

/** A disk that may not be read or written is no damage, and may be put right. */
const NO_ACCESS: readonly unknown[] = ['EACCES', 'EPERM', 'EROFS'];

/** No runner works in any slot, and nobody has read the catalog yet. @throws StoreRefusedError when a store may not be read or written */
export const setDamagedSlotsAside = async (store: Store, dataDir: string, log: Logger): Promise<void> => {
  for (const slot of slotsIn(dataDir)) {
    const folder = slotFolder(dataDir, slot);
    try {
      assertSoundFile(folder, 'write');
    } catch (error) {
      if (!(error instanceof StoreRefusedError) || NO_ACCESS.includes((error.cause as NodeJS.ErrnoException | undefined)?.code))
        throw error;
      const aside = join(dataDir, `damaged-runner-${slot}-${Date.now()}`);
      await failSessions(store, slot);
      renameSync(folder, aside);
      log.error({ runnerId: slot, aside }, error.message);
    }
  }
};

/** Their credentials were in that store. */
const failSessions = async (store: Store, slot: number): Promise<void> => {
  const rows = [...store.range<SessionRow>(TABLES.sessions)].map(({ value }) => value).filter((row) => row.slot === slot);
  await store.commit(
    rows.map((row) => ({
      table: TABLES.sessions,
      key: [row.sessionId],
      value: {
        ...row,
        ...{ state: 'error', reason: 'storage_corrupt', desired: 'disconnected', seq: row.seq + 1, since: Date.now(), slot: undefined },
      } satisfies SessionRow,
    })),
  );
};
