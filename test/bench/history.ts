// Pages of long histories, from a built worker over HTTP: by cursor at any depth, and by offset.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSupervisorStore, TABLES } from '../../supervisor/supervisor-store.js';
import { WorkerProcess } from '../support/worker-process.js';
import type { Bench } from './bench.js';
import { round } from './storage/figures.js';
import { historyRows, sessionIdOf, sessionRow } from './storage/fleet-rows.js';

const ONE_SESSION = 100_000;
const EACH_OF_MANY = 10_000;
const PAGE = 50;
/** Of every kind. */
const PAGES = 200;
const ROWS_AT_ONCE = 10_000;
const PAGE_LIMIT_MS = 5;

/** 100 000 messages in one session; of more sessions each has 10 000, so that 100 have a million. */
export const history: Bench = async ({ sessions }) => {
  const messages = sessions === 1 ? ONE_SESSION : EACH_OF_MANY;
  const dataDir = mkdtempSync(join(tmpdir(), 'bench-history-'));
  const inside = new InsideTimes();
  try {
    await fill(dataDir, sessions, messages);
    console.log(`  ${sessions * messages} messages are stored`);
    const env = { WORKER_MAX_SESSIONS: String(sessions), LOG_LEVEL: 'debug' };
    const worker = await WorkerProcess.start({ dataDir, env, onLog: (line) => inside.take(line) });
    try {
      const pages = new Pages(worker, sessions);
      // So that what is measured is not the first compilation.
      await pages.byOffset(0);
      inside.clear();
      const first = await pages.byOffset(0);
      const middle = await pages.byCursor(messages / 2);
      const oldest = await pages.byCursor(messages - (Math.ceil(PAGES / sessions) + 2) * PAGE);
      const insideMs = inside.median();
      const deepOffset = await pages.byOffset(messages - PAGE);
      const chat = await pages.ofChat();
      const results = {
        sessions,
        messages: sessions * messages,
        firstPageMs: first,
        middlePageByCursorMs: middle,
        oldestPagesByCursorMs: oldest,
        oldestToFirst: round(oldest / first),
        oldestPageByOffsetMs: deepOffset,
        pageOfAChatMs: chat,
        insideTheWorkerMs: insideMs,
      };
      return {
        results,
        targets: [
          ...(['firstPageMs', 'middlePageByCursorMs', 'oldestPagesByCursorMs'] as const).map((name) => ({
            ...{ name, value: results[name], limit: PAGE_LIMIT_MS, unit: 'ms, p50 over HTTP' },
          })),
          { name: 'oldestToFirst', value: results.oldestToFirst, limit: 2, unit: 'times: no page takes longer for its depth' },
          {
            name: 'insideTheWorkerMs',
            value: insideMs,
            limit: PAGE_LIMIT_MS,
            unit: 'ms, p50 of all pages by cursor, as the worker logs them',
          },
        ],
      };
    } finally {
      await worker.stop();
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
};

const fill = async (dataDir: string, sessions: number, messages: number): Promise<void> => {
  const store = await openSupervisorStore(join(dataDir, 'supervisor'));
  const now = Date.now();
  for (let index = 0; index < sessions; index++) {
    const row = { ...sessionRow(index, 0, now), desired: 'disconnected', state: 'disconnected', slot: undefined } as const;
    const rows = [{ table: TABLES.sessions, key: [row.sessionId], value: row }, ...historyRows(index, messages, now)];
    for (let from = 0; from < rows.length; from += ROWS_AT_ONCE)
      await store.commit(rows.slice(from, from + ROWS_AT_ONCE), { unread: true });
  }
  await store.close();
};

/** Each answers the median of its requests in milliseconds; they go through the sessions in turn. */
class Pages {
  readonly #worker: WorkerProcess;
  readonly #sessions: number;

  constructor(worker: WorkerProcess, sessions: number) {
    this.#worker = worker;
    this.#sessions = sessions;
  }

  async byOffset(offset: number): Promise<number> {
    return this.#median(async (index) => void (await this.#page(index, `offset=${offset}`)));
  }

  /** From `offset` on, each page is the one that follows. */
  async byCursor(offset: number): Promise<number> {
    const cursors = new Map<number, unknown>();
    for (let index = 0; index < this.#sessions; index++) cursors.set(index, (await this.#page(index, `offset=${offset}`))['nextCursor']);
    return this.#median(async (index) => {
      const { nextCursor, messages } = await this.#page(index, `cursor=${String(cursors.get(index))}`);
      if (!Array.isArray(messages) || messages.length !== PAGE) throw new Error('a page by cursor is not full');
      cursors.set(index, nextCursor ?? cursors.get(index));
    });
  }

  /** One of the 50 chats that the messages are in. */
  async ofChat(): Promise<number> {
    const [newest] = (await this.#page(0, ''))['messages'] as { chat: string }[];
    return this.#median(async () => void (await this.#page(0, `chat=${newest?.chat}`)));
  }

  async #page(index: number, query: string): Promise<Record<string, unknown>> {
    // On a connection that is kept, as clients that page do it.
    const response = await fetch(`${this.#worker.baseUrl}/session/${sessionIdOf(index)}/messages?limit=${PAGE}&${query}`);
    const { data } = (await response.json()) as { data?: Record<string, unknown> };
    if (!data) throw new Error(`${query} was answered ${response.status}`);
    return data;
  }

  async #median(ask: (index: number) => Promise<void>): Promise<number> {
    const times: number[] = [];
    for (let n = 0; n < PAGES; n++) {
      const startedAt = performance.now();
      await ask(n % this.#sessions);
      times.push(performance.now() - startedAt);
    }
    return Math.round(median(times) * 100) / 100;
  }
}

/** Whole milliseconds from a request to the end of its answer, of every page that the worker logs. */
class InsideTimes {
  #times: number[] = [];

  take(line: string): void {
    if (!line.includes('"route":"/session/:id/messages"')) return;
    this.#times.push((JSON.parse(line) as { ms: number }).ms);
  }

  clear(): void {
    this.#times = [];
  }

  median(): number {
    return median(this.#times);
  }
}

const median = (numbers: number[]): number => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;
