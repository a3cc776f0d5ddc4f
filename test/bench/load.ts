import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { quantile } from './storage/figures.js';

export interface Load {
  /** Who sends to whom. */
  routes: { session: number; to: string }[];
  seconds: number;
  /** Of all together; undefined: each session as fast as it goes, one message after the other. */
  perSecond?: number;
}

export interface LoadResult {
  done: number;
  /** What became of the first that failed. */
  failures: number;
  failure?: string;
  seconds: number;
  p50Ms: number;
  p99Ms: number;
}

type SendOne = (session: number, to: string, text: string) => Promise<void>;

/** The same for whoever is measured: `sendOne` resolves when WhatsApp has acknowledged the message. */
export const runLoad = async ({ routes, seconds, perSecond }: Load, sendOne: SendOne): Promise<LoadResult> => {
  const figures = new Times();
  const startedAt = performance.now();
  if (perSecond === undefined) {
    const endAt = startedAt + seconds * 1000;
    await Promise.all(
      routes.map(async ({ session, to }) => {
        for (let n = 0; performance.now() < endAt; n++) {
          await figures.of(performance.now(), async () => sendOne(session, to, `message ${n} of ${session}`));
          // Baileys handles receipts between two sends only if the loop gets a turn.
          await setImmediate();
        }
      }),
    );
  } else {
    await steadily({ perSecond, seconds }, async (n, dueAt) => {
      const { session, to } = routes[n % routes.length] ?? { session: 0, to: '' };
      await figures.of(dueAt, async () => sendOne(session, to, `message ${n}`));
    });
  }
  return figures.result(performance.now() - startedAt);
};

/** Begins `work` at even times, whether or not what was begun before has ended; resolves when all has. */
export const steadily = async (
  { perSecond, seconds }: { perSecond: number; seconds: number },
  work: (n: number, dueAt: number) => Promise<void>,
): Promise<void> => {
  const startedAt = performance.now();
  const under: Promise<void>[] = [];
  for (let n = 0; n < perSecond * seconds; n++) {
    const dueAt = startedAt + (n * 1000) / perSecond;
    const early = dueAt - performance.now();
    if (early > 0) await sleep(early);
    under.push(work(n, dueAt));
  }
  await Promise.all(under);
};

/** How long things took. What fails is counted apart. */
export class Times {
  readonly #ms: number[] = [];
  #failures = 0;
  #failure: string | undefined;

  /** @param since what the time counts from: when it was due, so that a late start counts too */
  async of(since: number, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#ms.push(performance.now() - since);
    } catch (error) {
      this.#failures++;
      this.#failure ??= String(error);
    }
  }

  result(ms: number): LoadResult {
    return {
      done: this.#ms.length,
      failures: this.#failures,
      ...(this.#failure !== undefined && { failure: this.#failure }),
      seconds: ms / 1000,
      p50Ms: quantile(this.#ms, 0.5),
      p99Ms: quantile(this.#ms, 0.99),
    };
  }
}
