import { EventLog } from '../../../supervisor/events/event-log.js';
import { History } from '../../../supervisor/messages/history.js';
import { openSupervisorStore } from '../../../supervisor/supervisor-store.js';
import { messageOf, sessionIdOf } from './fleet-rows.js';

interface Received {
  folder: string;
  sessions: number;
  seconds: number;
}

/** About as many as one frame of a runner holds. */
const TOGETHER = 100;

/** Takes received messages into history, batch after batch, each in one turn, so that its commits share a transaction. */
export const receiveMessages = async ({ folder, sessions, seconds }: Received): Promise<{ perSecond: number }> => {
  const store = await openSupervisorStore(folder, { track: true });
  const history = new History(store);
  const events = new EventLog(store);
  const startedAt = performance.now();
  let stored = 0;
  while (performance.now() < startedAt + seconds * 1000) {
    const batch = Array.from({ length: TOGETHER }, (_, next) => stored + next);
    await Promise.all(
      batch.map(async (n) => events.commit(history.append(sessionIdOf(n % sessions), messageOf(n % sessions, n, Date.now())))),
    );
    stored += TOGETHER;
  }
  const took = (performance.now() - startedAt) / 1000;
  await store.close();
  return { perSecond: stored / took };
};
