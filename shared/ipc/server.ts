// Calls from the other process, answered by a table of typed handlers.
import { AppError, messageOf } from '../errors.js';
import type { Logger } from '../logging.js';
import type { Frame } from './protocol.js';
import { entryOf, parseWith, type CallMap, type MethodOf, type ParamsOf, type ResultOf } from './wire.js';

export interface CallContext {
  /** Aborted when the caller gave up, or is gone. */
  readonly signal: AbortSignal;
}

/** A call being answered. Most handlers never look at their signal, which is dear to make. */
class Running implements CallContext {
  #controller: AbortController | undefined;
  #reason: AppError | undefined;

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#reason) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason: AppError): void {
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}

export type Handlers<C extends CallMap> = {
  [M in MethodOf<C>]: (params: ParamsOf<C, M>, context: CallContext) => Promise<ResultOf<C, M>>;
};

export interface CallServerOptions<C extends CallMap> {
  calls: C;
  handlers: Handlers<C>;
  post(frame: Frame, onUnsent?: (error: Error) => void): void;
  maxConcurrent?: number;
  log: Logger;
}

/** Above the client's own bound: only a peer that breaks the rules meets it. */
const DEFAULT_MAX_CONCURRENT = 512;

type Handler = (params: unknown, context: CallContext) => Promise<unknown>;

export class CallServer<C extends CallMap> {
  readonly #options: CallServerOptions<C>;
  readonly #maxConcurrent: number;
  readonly #running = new Map<number, Running>();
  #closed = false;

  constructor(options: CallServerOptions<C>) {
    this.#options = options;
    this.#maxConcurrent = options.maxConcurrent ?? DEFAULT_MAX_CONCURRENT;
  }

  get running(): number {
    return this.#running.size;
  }

  accept(frame: Frame & { t: 'call' }): void {
    if (this.#closed) return;
    const { id, method } = frame;
    const schema = entryOf(this.#options.calls, method);
    // The parameter of a handler is only narrower than `unknown`; its schema is what checks it, below.
    const handler = entryOf(this.#options.handlers as Readonly<Record<string, Handler>>, method);
    if (!schema || !handler) {
      this.#refuse(id, 'UNKNOWN_METHOD', method);
      return;
    }
    const params = parseWith(schema.params, frame.params);
    if (!params.ok) {
      this.#refuse(id, 'INVALID_PARAMS', `${method}: ${params.problem}`);
      return;
    }
    if (this.#running.has(id)) return;
    if (this.#running.size >= this.#maxConcurrent) {
      this.#options.post({ t: 'err', id, code: 'BUSY', message: 'Too many requests are being worked on; try again.' });
      return;
    }
    void this.#run(id, method, handler, params.value);
  }

  /** The caller no longer waits: its handler hears of it and no answer is sent. */
  cancel(id: number): void {
    const call = this.#running.get(id);
    this.#running.delete(id);
    call?.abort(new AppError('DEADLINE_EXCEEDED', 'The caller gave up.'));
  }

  close(): void {
    this.#closed = true;
    for (const id of [...this.#running.keys()]) this.cancel(id);
  }

  async #run(id: number, method: string, handler: Handler, params: unknown): Promise<void> {
    const call = new Running();
    this.#running.set(id, call);
    let answer: Frame;
    try {
      answer = { t: 'ok', id, result: await handler(params, call) };
    } catch (error) {
      answer = this.#errFrame(id, method, error);
    }
    if (this.#running.get(id) !== call) return;
    this.#running.delete(id);
    this.#options.post(answer, (error) => {
      // A result that is no JSON must still settle the call; a closed channel settles it on the other side.
      if (error instanceof TypeError && answer.t === 'ok') this.#options.post(this.#errFrame(id, method, error));
    });
  }

  #errFrame(id: number, method: string, error: unknown): Frame {
    if (error instanceof AppError) {
      const { log } = this.#options;
      if (error.cause !== undefined) log.warn({ method, code: error.code, cause: messageOf(error.cause) }, 'A call failed');
      return { t: 'err', id, code: error.code, message: error.message };
    }
    const stack = error instanceof Error ? error.stack : undefined;
    this.#options.log.error({ method, code: 'INTERNAL', cause: messageOf(error), stack }, 'A call failed unexpectedly');
    return { t: 'err', id, code: 'INTERNAL', message: 'Something failed inside the worker.' };
  }

  #refuse(id: number, code: string, problem: string): void {
    this.#options.log.error({ code, problem }, 'A call was refused');
    this.#options.post({ t: 'err', id, code, message: problem });
  }
}
