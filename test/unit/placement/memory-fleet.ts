// A fleet whose runners live in this process: notes every call and answers as it is told.
import { AppError } from '../../../shared/errors.js';
import type { Beat, RunnerCall, RUNNER_CALLS, RunnerEventOf } from '../../../shared/ipc/protocol.js';
import type { ParamsOf, ResultOf } from '../../../shared/ipc/wire.js';
import type { Verdict } from '../../../supervisor/fleet/exit-verdict.js';
import type { Fleet, FleetListener } from '../../../supervisor/fleet/fleet.js';
import type { FleetRunnerView } from '../../../supervisor/fleet/runner-view.js';

export type FleetCall = { [M in RunnerCall]: { slot: number; method: M; params: ParamsOf<typeof RUNNER_CALLS, M> } }[RunnerCall];
/** What a runner does with a call; undefined is the usual answer. */
export type Answer = (call: FleetCall) => unknown;

const EXIT = { code: null, signal: 'SIGKILL', at: 0, stderr: [] };
const USUAL: Record<RunnerCall, unknown> = {
  'session.open': {},
  'session.configure': {},
  'session.close': {},
  'session.logout': {},
  'session.erase': {},
  'session.adopt': { rows: 1 },
  'session.settle': {},
  'session.forget': {},
  'session.pairingCode': { code: 'ABCD1234', expiresAt: 5 },
  'session.query': { result: {} },
  'session.send': { timestamp: 1_700_000_000_000 },
  'media.download': { outcome: 'failed', reason: 'gone' },
  'media.upload': { url: 'https://media.test/v/1', directPath: '/v/1', mediaKey: 'a2V5', sealedSha256: 'ZGlnZXN0', at: 1 },
  'store.trim': {},
  'runner.drain': {},
};

export class MemoryFleet implements Fleet {
  readonly calls: FleetCall[] = [];
  readonly kept = new Set<number>();
  answer: Answer = () => undefined;
  /** Thrown by `ensure` instead of a start. */
  unavailable: AppError | undefined;
  readonly #listeners = new Set<FleetListener>();
  readonly #running = new Map<number, number>();
  #incarnation = 0;

  async ensure(slot: number): Promise<void> {
    await Promise.resolve();
    if (this.unavailable) throw this.unavailable;
    if (!this.#running.has(slot)) this.start(slot);
  }

  async call<M extends RunnerCall>(
    slot: number,
    method: M,
    params: ParamsOf<typeof RUNNER_CALLS, M>,
  ): Promise<ResultOf<typeof RUNNER_CALLS, M>> {
    const call = { slot, method, params } as FleetCall;
    this.calls.push(call);
    if (!this.#running.has(slot)) throw new AppError('RUNNER_UNAVAILABLE', 'The runner does not run.');
    return ((await this.answer(call)) ?? USUAL[method]) as ResultOf<typeof RUNNER_CALLS, M>;
  }

  async release(slot: number): Promise<void> {
    this.kept.delete(slot);
    this.exit(slot);
    return Promise.resolve();
  }

  keep(slot: number, wanted: boolean): void {
    if (wanted) this.kept.add(slot);
    else this.kept.delete(slot);
  }

  on(listener: FleetListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  views(): FleetRunnerView[] {
    return [...this.#running].map(([slot, incarnation]) => ({
      slot,
      state: 'ready',
      incarnation,
      pid: 1,
      startedAt: 0,
      restarts: 0,
      beat: undefined,
      lastExit: undefined,
      quarantined: false,
      wanted: this.kept.has(slot),
      nextStartInMs: undefined,
    }));
  }

  async stop(): Promise<void> {
    for (const slot of [...this.#running.keys()]) this.exit(slot);
    return Promise.resolve();
  }

  /** Fills the slot with a new incarnation. */
  start(slot: number): void {
    const incarnation = ++this.#incarnation;
    this.#running.set(slot, incarnation);
    for (const listener of this.#listeners) listener.ready?.(slot, incarnation);
  }

  /** The runner of the slot beats. */
  beat(slot: number, beat: Beat): void {
    for (const listener of this.#listeners) listener.beat?.(slot, this.#running.get(slot) ?? 0, beat);
  }

  /** The runner of the slot tells what it heard. */
  presence(slot: number, presence: RunnerEventOf<'session.presence'>): void {
    for (const listener of this.#listeners) listener.presence?.(slot, presence);
  }

  /** The runner of the slot dies. */
  exit(slot: number, verdict: Verdict = 'killed'): void {
    const incarnation = this.#running.get(slot);
    if (incarnation === undefined) return;
    this.#running.delete(slot);
    for (const listener of this.#listeners) listener.exited?.(slot, incarnation, { ...EXIT, verdict });
  }

  of<M extends RunnerCall>(method: M): Extract<FleetCall, { method: M }>[] {
    return this.calls.filter((call): call is Extract<FleetCall, { method: M }> => call.method === method);
  }
}
