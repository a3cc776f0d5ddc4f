// Messages in both directions for as long as asked, by clients who do not give up, and a ledger of every one of them.
import { setTimeout as sleep } from 'node:timers/promises';
import type { PairedSession } from '../support/scene.js';
import type { Answer } from '../support/worker-process.js';
import type { WhatsappClient } from '../whatsapp/client.js';
import type { LossyWorker } from './lossy-worker.js';

/** A session of one of the workers, and the phone it talks with. */
export interface Pair extends PairedSession {
  home: LossyWorker;
  friend: { number: string; jid: string };
}

/** Times are Unix milliseconds. */
export interface Entry {
  pair: Pair;
  /** `out` is sent by the session over HTTP, `in` by the phone. */
  direction: 'out' | 'in';
  text: string;
  begunAt: number;
  /** When the worker answered that WhatsApp has it, or WhatsApp took it from the phone; undefined until then. */
  acceptedAt: number | undefined;
  id: string;
}

const AGAIN_MS = 200;

export class Traffic {
  readonly ledger: Entry[] = [];
  readonly #phones: WhatsappClient;
  readonly #pairs: readonly Pair[];
  readonly #everyMs: number;
  #streams: Promise<void>[] = [];
  #ends = false;

  /** @param everyMs between two messages of one session in one direction */
  constructor(phones: WhatsappClient, pairs: readonly Pair[], everyMs: number) {
    this.#phones = phones;
    this.#pairs = pairs;
    this.#everyMs = everyMs;
  }

  start(): void {
    this.#streams = this.#pairs.flatMap((pair) => [
      this.#stream(pair, 'out', async (text) => this.#sendOut(pair, text)),
      this.#stream(pair, 'in', async (text) => this.#phones.send(pair.friend.number, pair.number, text)),
    ]);
    // A failure is reported by `end`, not before.
    for (const stream of this.#streams) stream.catch(() => undefined);
  }

  /** Begins no new message and resolves when every one that was begun is accepted. */
  async end(): Promise<void> {
    this.#ends = true;
    await Promise.all(this.#streams);
  }

  async #stream(pair: Pair, direction: Entry['direction'], send: (text: string) => Promise<string>): Promise<void> {
    // Not all in the same moment.
    await sleep(Math.random() * this.#everyMs);
    for (let n = 0; !this.#ends; n++) {
      const text = `${pair.sessionId} ${direction} ${n}`;
      const entry: Entry = { pair, direction, text, begunAt: Date.now(), acceptedAt: undefined, id: '' };
      this.ledger.push(entry);
      entry.id = await send(text);
      entry.acceptedAt = Date.now();
      await sleep(this.#everyMs);
    }
  }

  /** The same request with the same key until it is answered. */
  async #sendOut({ home, sessionId, friend }: Pair, text: string): Promise<string> {
    for (;;) {
      const answer = await sendOnce(home, sessionId, friend.jid, text);
      if (answer?.status === 200) return String(answer.body.data?.['messageId']);
      if (answer && answer.body['retryable'] !== true) throw new Error(`"${text}" was answered ${JSON.stringify(answer.body)}`);
      await sleep(AGAIN_MS);
    }
  }
}

/** Undefined when there is nobody who answers. */
const sendOnce = async (home: LossyWorker, sessionId: string, to: string, text: string): Promise<Answer | undefined> => {
  try {
    return await home.worker.send(sessionId, to, text, `key of ${text}`);
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
};
