// One slot over the incarnations that fill it: when a runner starts, may be called, is given up, and starts again.
import { messageOf } from '../../shared/errors.js';
import type { CallOptions } from '../../shared/ipc/client.js';
import type { Beat, RUNNER_CALLS, RunnerCall } from '../../shared/ipc/protocol.js';
import type { ParamsOf, ResultOf } from '../../shared/ipc/wire.js';
import { endRunner } from './end-runner.js';
import type { RunnerExit } from './exit-verdict.js';
import { draining, unavailable } from './fleet-errors.js';
import { RestartPlan } from './restart-plan.js';
import type { RunnerHandleOptions, SlotLinks } from './runner-handle-options.js';
import type { RunnerProcess } from './runner-process.js';
import type { FleetRunnerView, SlotState } from './runner-view.js';
import { recordWhileAlive } from './spawn-records.js';
import { Waiters } from './waiters.js';
import { afterBeat, check, startWatch, type Watch } from './watchdog.js';

export class RunnerHandle {
  readonly #options: RunnerHandleOptions;
  readonly #waiters = new Waiters();
  readonly #plan: RestartPlan;
  #state: SlotState = 'idle';
  #process: RunnerProcess | undefined;
  #incarnation = 0;
  #starts = 0;
  #keep = false;
  #stopped = false;
  #ending: Promise<void> | undefined;
  #forgotten: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #readySince: number | undefined;
  #watch: Watch = startWatch(0);
  #beat: Beat | undefined;
  #lastExit: RunnerExit | undefined;

  constructor(options: RunnerHandleOptions) {
    this.#options = options;
    this.#plan = new RestartPlan(options.clock, options.random);
  }

  /** Resolves when a runner is ready; many callers share one start. @throws RUNNER_UNAVAILABLE, DRAINING */
  async ensure(): Promise<void> {
    if (this.#stopped) throw draining();
    if (this.#state === 'ready' && !this.#process?.peer.closed) return;
    if (this.#plan.quarantined) throw unavailable('This runner failed too often and rests', this.#plan.waitMs);
    const ready = this.#waiters.add();
    if (this.#state === 'idle') this.#startAfter(this.#plan.waitMs);
    await ready;
  }

  async call<M extends RunnerCall>(
    method: M,
    params: ParamsOf<typeof RUNNER_CALLS, M>,
    options?: CallOptions,
  ): Promise<ResultOf<typeof RUNNER_CALLS, M>> {
    if (this.#stopped) throw draining();
    if (this.#state !== 'ready' || !this.#process) throw unavailable('The runner of this session is not ready');
    return this.#process.peer.call(method, params, options);
  }

  keep(wanted: boolean): void {
    this.#keep = wanted;
    if (!wanted && this.#waiters.size === 0) this.#stopWaitingForStart();
  }

  /** Drains and ends the runner; it is not started again before somebody asks. */
  async release(): Promise<void> {
    this.keep(false);
    await this.#end(this.#options.timing.drainMs);
  }

  /** The same for good: no later `ensure` succeeds. Drain, SIGTERM and SIGKILL share `deadlineMs`. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopped = true;
    this.#waiters.reject(draining());
    this.keep(false);
    const runner = this.#process;
    const ended = this.#end(deadlineMs * 0.8, deadlineMs * 0.1);
    // A release under way may have been given more time than there is now.
    if (runner && !(await runner.exitsWithin(deadlineMs))) runner.kill('SIGKILL', 'stop');
    await ended;
    // The store of the records may close after this.
    await this.#forgotten;
  }

  /** To be called every `checkEveryMs`: finds a runner that stopped beating. */
  checkLiveness(): void {
    if (this.#state !== 'ready' && this.#state !== 'unresponsive') return;
    const before = this.#watch.liveness;
    this.#watch = check(this.#watch, this.#options.clock(), this.#options.timing.watchdog);
    const { liveness, lastBeatAt, checkedAt } = this.#watch;
    if (liveness === before || liveness === 'ok') return;
    this.#options.log.warn({ incarnation: this.#incarnation, liveness, silentMs: checkedAt - lastBeatAt }, 'A runner is silent');
    if (liveness === 'warn') return;
    const first = this.#state === 'ready';
    this.#state = 'unresponsive';
    this.#process?.kill(liveness === 'term' ? 'SIGTERM' : 'SIGKILL', 'fault');
    if (first) this.#options.on.unresponsive(this.#incarnation);
  }

  view(): FleetRunnerView {
    const waiting = this.#state === 'backoff' || this.#state === 'quarantined';
    return {
      slot: this.#options.slot,
      state: this.#state,
      incarnation: this.#incarnation,
      pid: this.#process?.pid,
      startedAt: this.#process?.startedAt,
      restarts: Math.max(0, this.#starts - 1),
      beat: this.#process && this.#beat,
      lastExit: this.#lastExit,
      quarantined: this.#plan.quarantined,
      wanted: this.#wanted,
      nextStartInMs: waiting ? Math.round(this.#plan.waitMs) : undefined,
    };
  }

  get #wanted(): boolean {
    return !this.#stopped && (this.#keep || this.#waiters.size > 0);
  }

  #startAfter(delayMs: number): void {
    clearTimeout(this.#timer);
    if (delayMs <= 0) {
      this.#start();
      return;
    }
    this.#state = this.#plan.quarantined ? 'quarantined' : 'backoff';
    this.#timer = setTimeout(() => {
      this.#start();
    }, delayMs).unref();
  }

  #start(): void {
    this.#state = 'starting';
    this.#readySince = undefined;
    const incarnation = (this.#incarnation += 1);
    // Whatever ended this start while it waited for its turn also changed the state or the incarnation.
    const begin = async (): Promise<void> => {
      // Not in this turn, whatever it does: the listeners hear of the end that led to this start before anything of the next one.
      await this.#options.prepare();
      if (this.#state === 'starting' && this.#incarnation === incarnation && !this.#process) await this.#bringUp(incarnation);
    };
    this.#options.stagger(begin).catch((error: unknown) => {
      this.#options.log.error({ incarnation, cause: messageOf(error) }, 'A runner could not be started');
    });
  }

  async #bringUp(incarnation: number): Promise<void> {
    this.#starts += 1;
    const { log } = this.#options;
    let runner: RunnerProcess;
    try {
      runner = this.#options.spawn({ incarnation, listeners: this.#listeners(incarnation) });
    } catch (error) {
      log.error({ incarnation, cause: messageOf(error) }, 'A runner process could not be made');
      this.#exited({ verdict: 'crash', code: null, signal: null, at: Date.now(), stderr: [messageOf(error)] });
      return;
    }
    this.#process = runner;
    this.#beat = undefined;
    void runner.exit.then((exit) => {
      this.#exited(exit);
    });
    const { recorded, forgotten } = recordWhileAlive(runner, this.#options.records, log);
    this.#forgotten = forgotten;
    try {
      await Promise.all([recorded, runner.hello]);
      this.#becomeReady(runner);
    } catch (error) {
      log.warn({ incarnation, runnerPid: runner.pid, cause: messageOf(error) }, 'A runner did not come up');
      runner.kill('SIGKILL', 'fault');
    }
  }

  #becomeReady(runner: RunnerProcess): void {
    if (this.#process !== runner || this.#state !== 'starting') return;
    this.#readySince = this.#options.clock();
    this.#watch = startWatch(this.#readySince);
    this.#state = 'ready';
    this.#options.log.info({ incarnation: runner.incarnation, runnerPid: runner.pid }, 'A runner is ready');
    this.#options.on.ready(runner.incarnation);
    this.#waiters.resolve();
  }

  #listeners(incarnation: number): SlotLinks['listeners'] {
    return {
      beat: (beat) => {
        if (this.#process?.incarnation !== incarnation) return;
        this.#beat = beat;
        this.#watch = afterBeat(this.#watch, this.#options.clock());
        if (this.#state === 'unresponsive') {
          this.#state = 'ready';
          this.#options.log.warn({ incarnation }, 'A silent runner beats again');
          this.#waiters.resolve();
        }
        this.#options.on.beat(incarnation, beat);
      },
      'session.fact': (fact) => {
        if (this.#process?.incarnation === incarnation) this.#options.on.fact(incarnation, fact);
      },
      'session.presence': (presence) => {
        if (this.#process?.incarnation === incarnation) this.#options.on.presence(presence);
      },
    };
  }

  #exited(exit: RunnerExit): void {
    const incarnation = this.#incarnation;
    const wasStarting = this.#state === 'starting';
    this.#process = undefined;
    this.#lastExit = exit;
    const { verdict, code, signal } = exit;
    this.#options.log[verdict === 'clean' ? 'info' : 'error']({ incarnation, verdict, exitCode: code, signal }, 'A runner ended');
    this.#state = 'idle';
    const asked = this.#ending !== undefined;
    this.#ending = undefined;
    if (!asked) this.#scheduleAfter(verdict, wasStarting);
    else if (this.#wanted) this.#start();
    this.#options.on.exited(incarnation, exit);
  }

  #scheduleAfter(verdict: RunnerExit['verdict'], wasStarting: boolean): void {
    const { action, delayMs } = this.#plan.ended(verdict, this.#readySince);
    // Somebody waiting for this start hears that it failed, unless it was no fault of the runner and the next one begins now.
    if ((wasStarting && verdict !== 'killed') || action !== 'wait')
      this.#waiters.reject(unavailable('The runner could not start', delayMs));
    if (action !== 'never' && this.#wanted) this.#startAfter(delayMs);
  }

  #stopWaitingForStart(): void {
    clearTimeout(this.#timer);
    const queued = this.#state === 'starting' && !this.#process;
    if (queued || this.#state === 'backoff' || this.#state === 'quarantined') this.#state = 'idle';
  }

  async #end(drainMs: number, termMs = this.#options.timing.termMs): Promise<void> {
    if (this.#ending) return this.#ending;
    if (!this.#process || this.#state === 'starting') this.#waiters.reject(unavailable('The runner was released'));
    this.#stopWaitingForStart();
    if (!this.#process) return;
    const limits = { drainMs: this.#state === 'ready' ? drainMs : undefined, termMs };
    this.#state = 'draining';
    this.#ending = endRunner(this.#process, limits, this.#options.log);
    return this.#ending;
  }
}
