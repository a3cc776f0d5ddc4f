import { SLOT_TABLES, openSlotStore } from '../../../shared/store/slot-store.js';
import { slotFolder, supervisorFolder } from '../../../supervisor/data-folders.js';
import { openSupervisorStore, TABLES } from '../../../supervisor/supervisor-store.js';
import { historyRows, sessionIdOf, sessionRow, USUAL_SESSION } from '../storage/fleet-rows.js';
import { identitiesIn, type Identity } from './identity.js';

export interface PlantOrder {
  dataDir: string;
  identities: string;
  sessions: number;
  sessionsPerSlot: number;
}

/** Makes the data folder of a stopped worker that held these devices, each with the history of a session that was used for a while. */
export const plant = async ({ dataDir, identities, sessions, sessionsPerSlot }: PlantOrder): Promise<void> => {
  const supervisor = await openSupervisorStore(supervisorFolder(dataDir), { track: false });
  const now = Date.now();
  let slot: Identity[] = [];
  let planted = 0;
  const fill = async (): Promise<void> => {
    const number = Math.floor(planted / sessionsPerSlot);
    const store = await openSlotStore(slotFolder(dataDir, number));
    for (const [n, { creds, keys }] of slot.entries()) {
      const index = planted + n;
      const sessionId = sessionIdOf(index);
      await store.commit([
        { table: SLOT_TABLES.creds, key: [sessionId], value: creds },
        ...Object.entries(keys).flatMap(([type, rows]) =>
          Object.entries(rows).map(([id, value]) => ({ table: SLOT_TABLES.keys, key: [sessionId, type, id], value })),
        ),
      ]);
      const row = { ...sessionRow(index, number, now), jid: creds.me?.id, lid: creds.me?.lid };
      await supervisor.commit([
        { table: TABLES.sessions, key: [sessionId], value: row },
        ...historyRows(index, USUAL_SESSION.messages, now),
      ]);
    }
    await store.close();
    planted += slot.length;
    slot = [];
  };
  for await (const identity of identitiesIn(identities, sessions)) {
    slot.push(identity);
    if (slot.length === sessionsPerSlot) await fill();
  }
  if (slot.length > 0) await fill();
  await supervisor.close();
};
