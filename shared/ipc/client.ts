// Calls to the other process: each settles exactly once, by reply, deadline, the caller's signal, or the end of the channel.
import { AppError, isErrorCode, messageOf } from '../errors.js';
import type { Logger } from '../logging.js';
import type { Frame } from './protocol.js';
import { parseWith, type CallMap, type MethodOf, type ParamsOf, type ResultOf } from './wire.js';

export interface CallOptions {
  /** Instead of the default of the call map. */
  deadlineMs?: number;
  /** Aborting it settles the call at once and tells the other side to stop. */
  signal?: AbortSignal;
}

export interface CallClientOptions<C extends CallMap> {
  calls: C;
  post(frame: Frame, onUnsent?: (error: Error) => void): void;
  /** Takes a frame back that was not sent yet. */
  withdraw(frame: Frame): boolean;
  maxInFlight?: number;
  log: Logger;
}

interface Pending {
  method: string;
  frame: Frame;
  resolve(result: unknown): void;
  reject(error: Error): void;
  stopWaiting(): void;
}

const DEFAULT_MAX_IN_FLIGHT = 256;

export class CallClient<C extends CallMap> {
  readonly #options: CallClientOptions<C>;
  readonly #maxInFlight: number;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #late = 0;
  #closedBy: AppError | undefined;

  constructor(options: CallClientOptions<C>) {
    this.#options = options;
    this.#maxInFlight = options.maxInFlight ?? DEFAULT_MAX_IN_FLIGHT;
  }

  get inFlight(): number {
    return this.#pending.size;
  }

  /** Replies that nobody waited for any more. */
  get late(): number {
    return this.#late;
  }

  /** @throws DEADLINE_EXCEEDED, BUSY, RUNNER_UNAVAILABLE, DRAINING, or the code the other side answered */
  async call<M extends MethodOf<C>>(method: M, params: ParamsOf<C, M>, options: CallOptions = {}): Promise<ResultOf<C, M>> {
    options.signal?.throwIfAborted();
    if (this.#closedBy) throw this.#closedBy;
    if (this.#pending.size >= this.#maxInFlight) {
      throw new AppError('BUSY', 'Too many requests are being worked on; try again.', { retryAfterSeconds: 1 });
    }
    const id = (this.#lastId += 1);
    const result = await new Promise<unknown>((resolve, reject) => {
      this.#begin(id, method, params, options, resolve, reject);
    });
    return result as ResultOf<C, M>;
  }

  accept(frame: Frame & { t: 'ok' | 'err' }): void {
    const pending = this.#take(frame.id);
    if (!pending) {
      this.#late += 1;
      return;
    }
    if (frame.t === 'err') {
      pending.reject(errorOf(frame));
      return;
    }
    const schema = this.#options.calls[pending.method]?.result;
    const parsed = schema && parseWith(schema, frame.result);
    if (parsed?.ok) pending.resolve(parsed.value);
    else {
      this.#options.log.error({ method: pending.method, problem: parsed?.problem }, 'An answer does not fit its schema');
      pending.reject(new AppError('INTERNAL', 'An answer inside the worker could not be read.'));
    }
  }

  /** Settles every call with `error`, and every later one too. */
  close(error: AppError): void {
    this.#closedBy ??= error;
    for (const id of [...this.#pending.keys()]) this.#take(id)?.reject(error);
  }

  #begin(
    id: number,
    method: MethodOf<C>,
    params: unknown,
    { deadlineMs, signal }: CallOptions,
    resolve: (result: unknown) => void,
    reject: (error: Error) => void,
  ): void {
    const frame: Frame = { t: 'call', id, method, params };
    const allowedMs = deadlineMs ?? this.#options.calls[method]?.deadlineMs ?? 0;
    const timer = setTimeout(() => {
      this.#abandon(id, new AppError('DEADLINE_EXCEEDED', 'The answer took too long.', { details: { method, deadlineMs: allowedMs } }));
    }, allowedMs).unref();
    const onAbort = (): void => {
      const reason: unknown = signal?.reason;
      this.#abandon(id, reason instanceof Error ? reason : new AppError('INTERNAL', 'The call was given up.', { cause: reason }));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    const stopWaiting = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    this.#pending.set(id, { method, frame, resolve, reject, stopWaiting });
    this.#options.post(frame, (error) => {
      this.#take(id)?.reject(unsent(error));
    });
  }

  #abandon(id: number, error: Error): void {
    const pending = this.#take(id);
    if (!pending) return;
    if (!this.#options.withdraw(pending.frame)) this.#options.post({ t: 'cancel', id });
    pending.reject(error);
  }

  /** Whoever takes a call out of the table settles it; so nobody can settle it twice. */
  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.stopWaiting();
    return pending;
  }
}

const errorOf = ({ code, message }: Frame & { t: 'err' }): AppError =>
  isErrorCode(code)
    ? new AppError(code, message)
    : new AppError('INTERNAL', 'Something failed inside the worker.', { cause: new Error(`${code}: ${message}`) });

/** JSON.stringify refuses with a TypeError; everything else means the channel is gone. */
const unsent = (error: Error): AppError =>
  error instanceof TypeError
    ? new AppError('INTERNAL', 'A request inside the worker could not be written.', { cause: error })
    : new AppError('RUNNER_UNAVAILABLE', 'The process that should answer is gone; try again.', {
        retryAfterSeconds: 1,
        cause: messageOf(error),
      });
