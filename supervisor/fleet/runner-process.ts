// One incarnation of a runner: a forked process, its channel, and what is known of its end.
import { fork, type ChildProcess } from 'node:child_process';
import { AppError, messageOf } from '../../shared/errors.js';
import { channelOf } from '../../shared/ipc/channel.js';
import { Peer, type EventListeners } from '../../shared/ipc/peer.js';
import { PROTOCOL_VERSION, RUNNER_CALLS, RUNNER_EVENTS, SUPERVISOR_CALLS, type Frame } from '../../shared/ipc/protocol.js';
import type { Handlers } from '../../shared/ipc/server.js';
import { parseWith } from '../../shared/ipc/wire.js';
import type { Logger } from '../../shared/logging.js';
import { identityOf, type ProcessIdentity } from '../../shared/process-identity.js';
import { exitVerdict, type ExitFacts, type RunnerExit } from './exit-verdict.js';
import { Tail, type LineSink } from './runner-output.js';

export type RunnerPeer = Peer<typeof RUNNER_CALLS, typeof SUPERVISOR_CALLS, typeof RUNNER_EVENTS, Record<never, never>>;

export interface RunnerProcessOptions {
  slot: number;
  incarnation: number;
  runnerMain: string;
  nodeOptions: readonly string[];
  /** The whole environment of the process. */
  env: NodeJS.ProcessEnv;
  execPath?: string | undefined;
  helloDeadlineMs: number;
  maxCallsInFlight?: number | undefined;
  handlers: Handlers<typeof SUPERVISOR_CALLS>;
  listeners: Omit<EventListeners<typeof RUNNER_EVENTS>, 'hello'>;
  /** New kernel OOM kills; asked only when a SIGKILL has no other explanation. */
  oomKills: () => number;
  stdout: LineSink;
  log: Logger;
}

/** What may still be in the pipes when the process is gone: last words on stderr, last frames. */
const LAST_WORDS_MS = 200;
/** A runner ends by itself when its channel closes; one that does not would hold its sockets unseen. */
const UNREACHABLE_MS = 5_000;

export class RunnerProcess {
  readonly incarnation: number;
  readonly startedAt = Date.now();
  /** Undefined when the process could not be made. */
  readonly identity: ProcessIdentity | undefined;
  readonly peer: RunnerPeer;
  /** Resolves when the runner said a proper hello; rejects when it ended, or was killed, before. */
  readonly hello: Promise<void>;
  /** Resolves once, when the process is gone; never rejects. */
  readonly exit: Promise<RunnerExit>;
  readonly #options: RunnerProcessOptions;
  readonly #child: ChildProcess;
  readonly #stderr = new Tail();
  #greeted = false;
  #weSent: ExitFacts['weSent'];
  #onHello: () => void = () => undefined;

  /** @throws when the process cannot even be tried, e.g. with too many files open */
  constructor(options: RunnerProcessOptions) {
    this.#options = options;
    this.incarnation = options.incarnation;
    const child = fork(options.runnerMain, [], {
      serialization: 'json',
      execArgv: [...options.nodeOptions],
      env: options.env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      ...(options.execPath !== undefined && { execPath: options.execPath }),
    });
    this.#child = child;
    // Right after the fork the entry exists, even of a process that already ended: nobody has collected it yet.
    this.identity = child.pid === undefined ? undefined : identityOf(child.pid);
    this.exit = this.#watchExit();
    this.#readOutput();
    this.peer = new Peer<typeof RUNNER_CALLS, typeof SUPERVISOR_CALLS, typeof RUNNER_EVENTS, Record<never, never>>({
      channel: channelOf(child),
      calls: RUNNER_CALLS,
      served: SUPERVISOR_CALLS,
      handlers: options.handlers,
      heard: RUNNER_EVENTS,
      listeners: { ...options.listeners, hello: () => undefined },
      admit: (frame) => this.#admit(frame),
      ...(options.maxCallsInFlight !== undefined && { maxInFlight: options.maxCallsInFlight }),
      log: options.log,
    });
    this.hello = this.#awaitHello();
    child.once('disconnect', () => {
      void this.exitsWithin(UNREACHABLE_MS).then((ended) => {
        if (!ended) this.kill('SIGKILL', this.#weSent ?? 'fault');
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** `stop`: it was asked to go. `fault`: it broke the rules; this outweighs `stop` in the verdict. */
  kill(signal: 'SIGTERM' | 'SIGKILL', because: 'stop' | 'fault'): void {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    if (this.#weSent !== 'fault') this.#weSent = because;
    this.#child.kill(signal);
  }

  /** @returns whether it ended within `ms` */
  async exitsWithin(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => {
        resolve(false);
      }, ms).unref();
    });
    try {
      return await Promise.race([this.exit.then(() => true), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** A runner's first frame is its hello; anything else is not a runner of ours. */
  #admit(frame: Frame | undefined): boolean {
    if (this.#greeted) return true;
    if (this.#weSent !== undefined) return false;
    const { slot, incarnation } = this.#options;
    const hello = frame?.t === 'event' && frame.name === 'hello' ? parseWith(RUNNER_EVENTS.hello, frame.data) : undefined;
    const expected = { protocol: PROTOCOL_VERSION, pid: this.pid, slot, incarnation };
    if (hello?.ok && Object.entries(expected).every(([key, value]) => hello.value[key as keyof typeof expected] === value)) {
      this.#greeted = true;
      this.#onHello();
      return true;
    }
    this.#options.log.error({ expected, hello: hello?.ok ? hello.value : hello?.problem }, 'A runner did not begin with a proper hello');
    this.kill('SIGKILL', 'fault');
    return false;
  }

  async #awaitHello(): Promise<void> {
    const { helloDeadlineMs, log } = this.#options;
    const timer = setTimeout(() => {
      log.error({ helloDeadlineMs }, 'A runner said no hello in time');
      this.kill('SIGKILL', 'fault');
    }, helloDeadlineMs).unref();
    const greeted = new Promise<void>((resolve) => {
      this.#onHello = resolve;
    });
    const ended = this.exit.then(({ verdict }) => {
      throw new AppError('RUNNER_UNAVAILABLE', 'The runner ended while it was starting; try again.', {
        retryAfterSeconds: 1,
        details: { verdict },
      });
    });
    try {
      await Promise.race([greeted, ended]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #watchExit(): Promise<RunnerExit> {
    const child = this.#child;
    const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>((resolve) => {
      child.once('exit', (code, signal) => {
        resolve({ code, signal });
      });
      // Also emitted when a signal could not be sent; only one without a pid was never a process.
      child.on('error', (error) => {
        this.#options.log.error({ cause: messageOf(error) }, 'A runner process reported an error');
        if (child.pid === undefined) {
          this.#stderr.add(Buffer.from(`${messageOf(error)}\n`));
          resolve({ code: null, signal: null });
        }
      });
    });
    if (child.pid !== undefined) await this.#lastWords();
    this.peer.close();
    const oomKills = signal === 'SIGKILL' && this.#weSent === undefined ? this.#options.oomKills() : 0;
    const stderr = this.#stderr.lines;
    return { verdict: exitVerdict({ code, signal, weSent: this.#weSent, oomKills, stderr }), code, signal, at: Date.now(), stderr };
  }

  /** `close` comes when every pipe is at its end; a grandchild may hold one open, so the wait is short. */
  async #lastWords(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LAST_WORDS_MS);
      this.#child.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #readOutput(): void {
    const { stdout, stderr } = this.#child;
    if (stdout) this.#options.stdout.forward(stdout);
    stderr?.on('data', (chunk: Buffer) => {
      for (const line of this.#stderr.add(chunk)) this.#options.log.warn({ stderr: line }, 'A runner wrote to stderr');
    });
    stderr?.on('error', (error) => {
      this.#options.log.warn({ cause: messageOf(error) }, 'The stderr of a runner cannot be read');
    });
  }
}
