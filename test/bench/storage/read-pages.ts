import { History } from '../../../supervisor/messages/history.js';
import { openSupervisorStore } from '../../../supervisor/supervisor-store.js';
import { historyRows, sessionIdOf } from './fleet-rows.js';

interface LongHistory {
  folder: string;
  messages: number;
  repeats: number;
}

const ROWS_AT_ONCE = 10_000;
const PAGE = 50;

/** Milliseconds of a page at the beginning, in the middle and at the end, for every repetition. */
export const readPages = async ({ folder, messages, repeats }: LongHistory): Promise<Record<string, number>[]> => {
  const store = await openSupervisorStore(folder, { track: true });
  const rows = historyRows(0, messages, Date.now());
  for (let from = 0; from < rows.length; from += ROWS_AT_ONCE)
    await store.commit(rows.slice(from, from + ROWS_AT_ONCE), { tracked: false });
  const history = new History(store);
  const runs: Record<string, number>[] = [];
  for (let run = 0; run < repeats; run++) {
    const times: Record<string, number> = {};
    for (const offset of [0, messages / 2, messages - PAGE]) {
      const startedAt = performance.now();
      const page = await history.page(sessionIdOf(0), { limit: PAGE, offset });
      times[`pageAt${offset}Ms`] = performance.now() - startedAt;
      if (page.messages.length !== PAGE) throw new Error(`the page at ${offset} has ${page.messages.length} messages`);
    }
    runs.push(times);
  }
  await store.close();
  return runs;
};
