import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PairedSession, Scene } from '../scene.js';
import type { Answer } from '../worker-process.js';
import type { Random } from './random.js';

/** How messages are asked for over the API: what is queued is answered at once, and repeated until there is an outcome. */
export const SEND_FORMS = ['direct', 'queued', 'file', 'queued file'] as const;
export type SendForm = (typeof SEND_FORMS)[number];

/** A message that somebody was told is on its way: from now on it must be shown, once. */
export interface Accepted {
  text: string;
  id: string;
  acceptedAt: Date;
  /** Phone numbers. */
  from: string;
  to: string;
  /** Set when it was sent over the API, with this key; else a phone sent it. */
  keyed: Keyed | undefined;
}

interface Keyed {
  sessionId: string;
  key: string;
  form: SendForm;
  /** Requests that were made with the key. */
  attempts: number;
}

export interface Person {
  number: string;
  jid: string;
}

export interface TrafficOptions {
  scene: Scene;
  sessions: readonly PairedSession[];
  /** Phones without sessions: they send to sessions and hear from them. */
  friends: readonly Person[];
  random: Random;
  pauses?: Pauses;
  /** What messages to friends are asked for as, in turn; those to other sessions are direct. */
  forms?: readonly SendForm[];
  /** The share of requests that are repeated before they are answered, while they are still under way. */
  hasty?: number;
  /** Hears of every send over the API that was answered with success. */
  onAnswered?: (answered: Answered) => void;
}

interface Range {
  least: number;
  most: number;
}

/** Milliseconds between two messages: each session sends over the API in two lanes and hears from a phone in one. */
export interface Pauses {
  api: Range;
  phone: Range;
}

export interface Answered {
  sessionId: string;
  /** Unix milliseconds. */
  startedAt: number;
  /** From the first request with this key to the final answer. */
  tookMs: number;
}

/**
 * Short enough that something is always under way, and no shorter: processors are to start runners, which is what kills wait for.
 * Phones are never away, and would say far more than sessions; what they say in between only makes every catching up longer.
 */
const PAUSES: Pauses = { api: { least: 100, most: 400 }, phone: { least: 300, most: 1_200 } };
const LULL_LOOK_MS = 100;
const RETRY_MS = 100;
/** A request that is not answered by then is repeated; far above the worker's own deadline. */
const REQUEST_TIMEOUT_MS = 30_000;
/** How long who is hasty waits at most. */
const HASTE_MS = 150;
const FILE_LINES = 1_000;

/** Keeps messages going both ways, and remembers what was accepted. */
export class Traffic {
  readonly accepted: Accepted[] = [];
  /** Sends that were finally refused: none should be. */
  readonly refused: string[] = [];
  readonly #options: TrafficOptions;
  readonly #lanes: Promise<void>[] = [];
  readonly #stopping = new AbortController();
  #lull = false;
  #gaveUp = false;

  constructor(options: TrafficOptions) {
    this.#options = options;
    // Every lane waits on it.
    setMaxListeners(0, this.#stopping.signal);
  }

  /** How many sends over the API were answered with success. */
  answered = 0;

  start(): void {
    const { sessions, friends, pauses = PAUSES, forms = ['direct'] } = this.#options;
    for (const [n, session] of sessions.entries()) {
      const friend = friends[n % friends.length];
      const neighbour = sessions[(n + 1) % sessions.length];
      if (!friend || !neighbour) throw new Error('traffic needs sessions and friends');
      this.#lane(`${session.sessionId} to a friend`, pauses.api, async (text, turn) =>
        this.#sendOverApi(session, friend, text, forms[turn % forms.length] ?? 'direct'),
      );
      this.#lane(`${session.sessionId} to ${neighbour.sessionId}`, pauses.api, async (text) =>
        this.#sendOverApi(session, neighbour, text, 'direct'),
      );
      this.#lane(`${session.sessionId} from a friend`, pauses.phone, async (text) => this.#sendFromPhone(friend, session, text));
    }
  }

  /** While there is a lull nothing new begins, so that processes become idle. */
  set lull(lull: boolean) {
    this.#lull = lull;
  }

  /** Begins nothing new; resolves when everything begun was answered. @throws when that takes longer than `timeoutMs` */
  async stop(timeoutMs: number): Promise<void> {
    this.#stopping.abort();
    const late = setTimeout(() => (this.#gaveUp = true), timeoutMs);
    await Promise.all(this.#lanes);
    clearTimeout(late);
  }

  /** Repeats the last requests. @returns those answered with another id than before */
  async repeatKeyed(count: number): Promise<{ message: Accepted; id: string }[]> {
    const others: { message: Accepted; id: string }[] = [];
    for (const message of this.accepted.filter(({ keyed }) => keyed).slice(-count)) {
      const answer = message.keyed && (await this.#request(message, message.keyed, REQUEST_TIMEOUT_MS));
      if (!answer || answer.body['retryable'] === true) continue;
      const id = String(answer.body.data?.['messageId']);
      if (id !== message.id) others.push({ message, id });
    }
    return others;
  }

  #lane(name: string, { least, most }: Range, send: (text: string, turn: number) => Promise<void>): void {
    const run = async (): Promise<void> => {
      // Not all lanes in the same moment.
      await this.#pause(this.#options.random() * most);
      for (let n = 1; !this.#stopped; n++) {
        await send(`${name} ${n}`, n);
        await this.#pause(least + this.#options.random() * (most - least));
        while (this.#isLull()) await this.#pause(LULL_LOOK_MS);
      }
    };
    const lane = run();
    // Awaited only at the end; until then nothing must call a failure unheard.
    lane.catch(() => undefined);
    this.#lanes.push(lane);
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Ends early when the traffic stops. */
  async #pause(ms: number): Promise<void> {
    const { signal } = this.#stopping;
    await sleep(ms, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  #isLull(): boolean {
    return this.#lull && !this.#stopped;
  }

  async #sendFromPhone(from: Person, to: Person, text: string): Promise<void> {
    const id = await this.#options.scene.phones.send(from.number, to.number, text);
    this.accepted.push({ text, id, acceptedAt: new Date(), from: from.number, to: to.number, keyed: undefined });
  }

  /** What a careful client does: the same request with the same key until it is finally answered. */
  async #sendOverApi({ sessionId, number }: PairedSession, to: Person, text: string, form: SendForm): Promise<void> {
    const { random, hasty = 0 } = this.#options;
    const keyed: Keyed = { sessionId, key: `key of ${text}`, form, attempts: 0 };
    const startedAt = Date.now();
    const begun = performance.now();
    for (;;) {
      keyed.attempts++;
      const answer = await this.#request({ text, to: to.number }, keyed, random() < hasty ? random() * HASTE_MS : REQUEST_TIMEOUT_MS);
      if (answer?.status === 200) {
        const id = String(answer.body.data?.['messageId']);
        this.accepted.push({ text, id, acceptedAt: new Date(), from: number, to: to.number, keyed });
        this.answered++;
        this.#options.onAnswered?.({ sessionId, startedAt, tookMs: performance.now() - begun });
        return;
      }
      // A 202: it waits, and the same request asks what has become of it.
      if (answer && answer.status !== 202 && answer.body['retryable'] !== true) {
        this.refused.push(`${text}: ${JSON.stringify(answer.body)}`);
        return;
      }
      if (this.#gaveUp) throw new Error(`"${text}" was not answered finally: ${JSON.stringify(answer?.body ?? 'no answer')}`);
      await sleep(RETRY_MS);
    }
  }

  /** Undefined when there is no answer within `timeoutMs`; the request then goes on. */
  async #request({ text, to }: Pick<Accepted, 'text' | 'to'>, keyed: Keyed, timeoutMs: number): Promise<Answer | undefined> {
    const content = isFile(keyed.form)
      ? { type: 'document', caption: text, fileName: 'words.txt', media: fileFor(text).toString('base64') }
      : { type: 'text', message: text };
    const body = { to: `${to}@s.whatsapp.net`, ...content, async: keyed.form.startsWith('queued') };
    const { worker } = this.#options.scene;
    const request = worker.request('POST', `/session/${keyed.sessionId}/send`, body, { 'idempotency-key': keyed.key });
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => {
        resolve(undefined);
      }, timeoutMs);
    });
    // Whoever is killed answers nobody.
    return Promise.race([request.catch(() => undefined), timeout]).finally(() => {
      clearTimeout(timer);
    });
  }
}

export const isFile = (form: SendForm): boolean => form.endsWith('file');

/** The file of the message with this caption: another one for each, and of some length. */
export const fileFor = (text: string): Buffer => Buffer.from(`${text}\n`.repeat(FILE_LINES));
