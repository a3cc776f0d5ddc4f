import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionFact } from '../../shared/ipc/protocol.js';
import type { SessionRow } from '../supervisor-store.js';
import { wanted } from './desired-state.js';
import type { Registry } from './registry.js';

/** How long the other sessions of a slot are waited for; a runner may rest for half of it before it starts again. */
const OTHERS_MS = 60_000;
const CONNECT_MS = 30_000;
/** How long a session that is connected is waited for until it has what waited for it; WhatsApp does not tell the end of it always. */
const CATCH_UP_MS = 10_000;
/** After that, so that the last of it is decrypted. */
const PAUSE_MS = 500;

export interface OpenOrderOptions {
  registry: Registry;
  pauseMs?: number;
}

interface Queue {
  tail: Promise<unknown>;
  length: number;
  /** On the monotonic clock. */
  othersUntil: number;
}

/** Suspects are opened after all others of their slot and one after the other: if the runner dies again, only the guilty one is in flight. */
export class OpenOrder {
  readonly #registry: Registry;
  readonly #pauseMs: number;
  readonly #queues = new Map<number, Queue>();
  readonly #exits = new Map<number, number>();
  /** Sessions that WhatsApp may still have something for, and what ends the wait for it once they are connected. */
  readonly #catchingUp = new Map<string, NodeJS.Timeout | undefined>();
  readonly #checks = new Set<() => void>();
  readonly #stop = new AbortController();

  constructor({ registry, pauseMs = PAUSE_MS }: OpenOrderOptions) {
    this.#registry = registry;
    this.#pauseMs = pauseMs;
  }

  /** Resolves when `open` has, which is called at once for a session that is above suspicion. */
  async inTurn(sessionId: string, open: () => Promise<void>): Promise<void> {
    const { slot, suspect } = this.#registry.find(sessionId) ?? {};
    if (slot === undefined || !suspect || suspect.isolated) return open();
    const queue = this.#queues.get(slot) ?? { tail: Promise.resolve(), length: 0, othersUntil: performance.now() + OTHERS_MS };
    this.#queues.set(slot, queue);
    queue.length++;
    let exits = 0;
    const opened = queue.tail.then(async () => {
      await this.#afterOthers(slot, queue);
      exits = this.#exitsOf(slot);
      await open();
    });
    queue.tail = opened
      .then(async () => this.#until(() => this.#exitsOf(slot) !== exits || !this.#isBusy(this.#registry.find(sessionId)), CONNECT_MS))
      .catch(() => undefined)
      .finally(() => {
        if (--queue.length === 0) this.#queues.delete(slot);
      });
    return opened;
  }

  /** The runner of a slot has ended: its other sessions come first again. */
  runnerExited(slot: number): void {
    this.#exits.set(slot, this.#exitsOf(slot) + 1);
    const queue = this.#queues.get(slot);
    if (queue) queue.othersUntil = performance.now() + OTHERS_MS;
    this.#check();
  }

  /** To be called before the session's state follows from the fact. */
  onFact(sessionId: string, { type }: SessionFact): void {
    if (type === 'connecting') {
      clearTimeout(this.#catchingUp.get(sessionId));
      this.#catchingUp.set(sessionId, undefined);
    }
    // WhatsApp may have told the end of it before the connection counts as open.
    if (type === 'open' && this.#catchingUp.has(sessionId)) this.#giveUpAfter(CATCH_UP_MS, sessionId);
    if (type === 'caught_up') this.#caughtUp(sessionId);
  }

  /** Ends every wait now. */
  stop(): void {
    this.#stop.abort();
    for (const late of this.#catchingUp.values()) clearTimeout(late);
    this.#catchingUp.clear();
    this.#check();
  }

  #giveUpAfter(ms: number, sessionId: string): void {
    clearTimeout(this.#catchingUp.get(sessionId));
    const late = setTimeout(() => {
      this.#caughtUp(sessionId);
    }, ms).unref();
    this.#catchingUp.set(sessionId, late);
  }

  #caughtUp(sessionId: string): void {
    clearTimeout(this.#catchingUp.get(sessionId));
    if (this.#catchingUp.delete(sessionId)) this.#check();
  }

  #check(): void {
    for (const check of [...this.#checks]) check();
  }

  /** Whether its runner is at work for it although nobody asked for anything. */
  #isBusy(row: Readonly<SessionRow> | undefined): boolean {
    return row !== undefined && (isOnItsWay(row) || (row.state === 'connected' && this.#catchingUp.has(row.sessionId)));
  }

  #exitsOf(slot: number): number {
    return this.#exits.get(slot) ?? 0;
  }

  async #afterOthers(slot: number, queue: Queue): Promise<void> {
    const calm = (): boolean => !this.#registry.rows().some((row) => row.slot === slot && !row.suspect && this.#isBusy(row));
    do {
      await this.#until(calm, queue.othersUntil - performance.now());
      await sleep(this.#pauseMs, undefined, { signal: this.#stop.signal, ref: false }).catch(() => undefined);
    } while (!this.#stop.signal.aborted && !calm() && performance.now() < queue.othersUntil);
  }

  async #until(holds: () => boolean, timeoutMs: number): Promise<void> {
    if (holds() || timeoutMs <= 0) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        stopListening();
        this.#checks.delete(check);
        resolve();
      };
      const check = (): void => {
        if (this.#stop.signal.aborted || holds()) done();
      };
      const timer = setTimeout(done, timeoutMs).unref();
      const stopListening = this.#registry.onChange(check);
      this.#checks.add(check);
    });
  }
}

const isOnItsWay = (row: Readonly<SessionRow>): boolean => wanted(row) && (row.state === 'connecting' || row.state === 'reconnecting');
