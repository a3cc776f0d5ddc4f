// One end of the channel between two processes: calls and events in both directions, and what to do when it closes.
import { AppError, messageOf } from '../errors.js';
import type { Logger } from '../logging.js';
import type { Channel } from './channel.js';
import { CallClient, type CallOptions } from './client.js';
import { Outbox } from './outbox.js';
import type { Frame } from './protocol.js';
import { CallServer, type Handlers } from './server.js';
import { entryOf, isWorthALine, parseFrame, parseWith, type CallMap, type EventMap, type EventNameOf, type EventOf } from './wire.js';
import type { MethodOf, ParamsOf, ResultOf } from './wire.js';

export type EventListeners<E extends EventMap> = { [N in EventNameOf<E>]: (data: EventOf<E, N>) => void };

export interface PeerOptions<Calls extends CallMap, Served extends CallMap, Heard extends EventMap> {
  channel: Channel;
  /** Calls this side makes. */
  calls: Calls;
  /** Calls this side answers. */
  served: Served;
  handlers: Handlers<Served>;
  /** Events this side receives. */
  heard: Heard;
  listeners: EventListeners<Heard>;
  /** Sees every frame first, undefined for what is none; answering false drops it. */
  admit?: (frame: Frame | undefined) => boolean;
  /** Events of one of these names wait at most once: the newest replaces the older. */
  newestOnly?: readonly string[];
  maxInFlight?: number;
  maxWaitingEvents?: number;
  log: Logger;
}

export interface PeerStats {
  inFlight: number;
  late: number;
  garbage: number;
  waiting: number;
  coalesced: number;
  dropped: number;
  unsent: number;
}

export class Peer<Calls extends CallMap, Served extends CallMap, Heard extends EventMap, Emitted extends EventMap> {
  readonly #options: PeerOptions<Calls, Served, Heard>;
  readonly #outbox: Outbox;
  readonly #client: CallClient<Calls>;
  readonly #server: CallServer<Served>;
  readonly #closeListeners: (() => void)[] = [];
  #garbage = 0;
  #closed = false;

  constructor(options: PeerOptions<Calls, Served, Heard>) {
    this.#options = options;
    const { channel, log } = options;
    this.#outbox = new Outbox({
      send: (frames, sent) => {
        channel.send(frames, sent);
      },
      ...(options.maxWaitingEvents !== undefined && { maxEvents: options.maxWaitingEvents }),
      log,
    });
    const post = (frame: Frame, onUnsent?: (error: Error) => void): void => {
      this.#outbox.post(frame, onUnsent);
    };
    this.#client = new CallClient({
      calls: options.calls,
      post,
      withdraw: (frame) => this.#outbox.withdraw(frame),
      ...(options.maxInFlight !== undefined && { maxInFlight: options.maxInFlight }),
      log,
    });
    this.#server = new CallServer({ calls: options.served, handlers: options.handlers, post, log });
    channel.onMessage((raw) => {
      this.#receive(raw);
    });
    channel.onClose(() => {
      this.close();
    });
  }

  /** See `CallClient.call`. */
  async call<M extends MethodOf<Calls>>(method: M, params: ParamsOf<Calls, M>, options?: CallOptions): Promise<ResultOf<Calls, M>> {
    return this.#client.call(method, params, options);
  }

  /** @returns false when the event was not taken; see `Outbox.emit`, also for `key` */
  emit<N extends EventNameOf<Emitted>>(name: N, data: EventOf<Emitted, N>, key?: string): boolean {
    return this.#outbox.emit({ t: 'event', name, data }, this.#options.newestOnly?.includes(name) ? name : key);
  }

  /** Called once, when the channel closed or `close` was called; at once when that already happened. */
  onClose(listener: () => void): void {
    if (this.#closed) listener();
    else this.#closeListeners.push(listener);
  }

  /** Settles every call and ignores every later frame. The channel itself stays as it is. */
  close(reason = new AppError('RUNNER_UNAVAILABLE', 'The process that should answer is gone; try again.', { retryAfterSeconds: 1 })): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#outbox.close();
    this.#client.close(reason);
    this.#server.close();
    for (const listener of this.#closeListeners) listener();
  }

  get closed(): boolean {
    return this.#closed;
  }

  get stats(): PeerStats {
    return { inFlight: this.#client.inFlight, late: this.#client.late, garbage: this.#garbage, ...this.#outbox.stats };
  }

  #receive(raw: unknown): void {
    if (this.#closed) return;
    const parsed = parseFrame(raw);
    if (this.#options.admit && !this.#options.admit(parsed.ok ? parsed.value : undefined)) return;
    if (!parsed.ok) this.#countGarbage(parsed.problem);
    else this.#dispatch(parsed.value);
  }

  #dispatch(frame: Frame): void {
    switch (frame.t) {
      case 'call':
        this.#server.accept(frame);
        break;
      case 'cancel':
        this.#server.cancel(frame.id);
        break;
      case 'ok':
      case 'err':
        this.#client.accept(frame);
        break;
      case 'event':
        this.#hear(frame.name, frame.data);
    }
  }

  #hear(name: string, raw: unknown): void {
    const schema = entryOf(this.#options.heard, name);
    // A listener takes what its schema yields, which is what it gets here.
    const listener = entryOf(this.#options.listeners as Readonly<Record<string, (data: unknown) => void>>, name);
    if (!schema || !listener) {
      this.#countGarbage(`unknown event ${name.slice(0, 50)}`);
      return;
    }
    const data = parseWith(schema, raw);
    if (!data.ok) {
      this.#countGarbage(`${name}: ${data.problem}`);
      return;
    }
    try {
      listener(data.value);
    } catch (error) {
      this.#options.log.error({ event: name, cause: messageOf(error) }, 'A listener failed');
    }
  }

  #countGarbage(problem: string): void {
    this.#garbage += 1;
    if (isWorthALine(this.#garbage)) this.#options.log.warn({ garbage: this.#garbage, problem }, 'A frame was dropped: it makes no sense');
  }
}
