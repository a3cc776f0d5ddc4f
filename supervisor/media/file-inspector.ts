import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import PQueue from 'p-queue';
import { messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { FileFacts } from './inspect-file.js';

export interface FileInspectorOptions {
  log: Logger;
  /** For one file. */
  timeMs?: number;
  /** Without work the thread ends, and its memory with it. */
  idleMs?: number;
  threadFile?: string;
}

const THREAD = fileURLToPath(new URL('inspect-thread.js', import.meta.url));
const TIME_MS = 5_000;
const IDLE_MS = 10_000;
/** More than any parser needs for a file it understands. */
const HEAP_MB = 64;

type Answer = { facts: FileFacts } | { trouble: string };

/**
 * Looks into files in a thread of its own. Parsers of a dozen formats meet whatever anybody sends; one that loops or takes all memory loses its
 * thread, and its file is one that nobody knows.
 */
export class FileInspector {
  readonly #options: FileInspectorOptions;
  readonly #queue = new PQueue({ concurrency: 1 });
  #thread: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: FileInspectorOptions) {
    this.#options = options;
  }

  async inspect(path: string): Promise<FileFacts> {
    return this.#queue.add(async () => this.#inspectNow(path));
  }

  async stop(): Promise<void> {
    clearTimeout(this.#idle);
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.terminate();
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
      await this.stop();
    } finally {
      this.#idle = setTimeout(() => void this.stop(), idleMs).unref();
    }
    return {};
  }

  async #ask(path: string, timeMs: number): Promise<Answer> {
    const thread = (this.#thread ??= this.#start());
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => settle(() => reject(new Error('it took too long'))), timeMs);
      const onAnswer = (answer: Answer): void => settle(() => resolve(answer));
      const onError = (error: Error): void => settle(() => reject(error));
      const onExit = (code: number): void => settle(() => reject(new Error(`the thread ended (${code})`)));
      const settle = (done: () => void): void => {
        clearTimeout(late);
        thread.off('message', onAnswer).off('error', onError).off('exit', onExit);
        done();
      };
      thread.once('message', onAnswer).once('error', onError).once('exit', onExit);
      thread.postMessage(path);
    });
  }

  #start(): Worker {
    const thread = new Worker(this.#options.threadFile ?? THREAD, {
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
      // What is set for this process is not meant for its threads.
      execArgv: [],
    });
    thread.unref();
    // Heard when nobody asks; who asks hears it too.
    thread.on('error', () => {
      if (this.#thread === thread) this.#thread = undefined;
    });
    return thread;
  }
}
