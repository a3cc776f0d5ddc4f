import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import PQueue from 'p-queue';
import { messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { FileFacts } from './inspect-file.js';

export interface FileInspectorOptions {
  log: Logger;
  /** For one file. */
  timeMs?: number;
  /** Without work the process ends, and its memory with it. */
  idleMs?: number;
  programFile?: string;
}

const PROGRAM = fileURLToPath(new URL('inspect-process.js', import.meta.url));
const TIME_MS = 5_000;
const IDLE_MS = 10_000;
/** The heap is more than any parser needs for a file it understands. */
const OPTIONS = ['--max-old-space-size=64', '--max-semi-space-size=1', '--v8-pool-size=1'];

type Answer = { facts: FileFacts } | { trouble: string };

/**
 * Looks into files in a process of its own. Parsers of a dozen formats meet whatever anybody sends; one that loops or takes all memory loses its
 * process, and its file is one that nobody knows. A thread would not do: one that is out of memory may take the whole process with it.
 */
export class FileInspector {
  readonly #options: FileInspectorOptions;
  readonly #queue = new PQueue({ concurrency: 1 });
  #process: ChildProcess | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: FileInspectorOptions) {
    this.#options = options;
  }

  async inspect(path: string): Promise<FileFacts> {
    return this.#queue.add(async () => this.#inspectNow(path));
  }

  stop(): void {
    clearTimeout(this.#idle);
    this.#process?.kill('SIGKILL');
    this.#process = undefined;
  }

  async #inspectNow(path: string): Promise<FileFacts> {
    const { log, timeMs = TIME_MS, idleMs = IDLE_MS } = this.#options;
    clearTimeout(this.#idle);
    try {
      const answer = await this.#ask(path, timeMs);
      if ('facts' in answer) return answer.facts;
      log.info({ cause: answer.trouble }, 'a file could not be looked into');
    } catch (error) {
      log.warn({ cause: messageOf(error) }, 'a file was too much for who looks into files');
      this.stop();
    } finally {
      this.#idle = setTimeout(() => {
        this.stop();
      }, idleMs).unref();
    }
    return {};
  }

  async #ask(path: string, timeMs: number): Promise<Answer> {
    const child = (this.#process ??= this.#start());
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => settle(() => reject(new Error('it took too long'))), timeMs);
      const onAnswer = (answer: Answer): void => settle(() => resolve(answer));
      const onError = (error: Error): void => settle(() => reject(error));
      const onExit = (code: number | null, signal: string | null): void =>
        settle(() => reject(new Error(`the process ended (${signal ?? code})`)));
      const settle = (done: () => void): void => {
        clearTimeout(late);
        child.off('message', onAnswer).off('error', onError).off('exit', onExit);
        done();
      };
      child.once('message', onAnswer).once('error', onError).once('exit', onExit);
      // An end meanwhile is told by `exit`.
      child.send(path, () => undefined);
    });
  }

  #start(): ChildProcess {
    const child = fork(this.#options.programFile ?? PROGRAM, {
      // What is set for this process is not meant for others, secrets least of all.
      ...{ execArgv: OPTIONS, env: {} },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    child.unref();
    child.channel?.unref();
    const forget = (): void => {
      if (this.#process === child) this.#process = undefined;
    };
    // Heard when nobody asks; who asks hears it too.
    child.on('error', forget).on('exit', forget);
    return child;
  }
}
