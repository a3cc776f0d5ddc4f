// Server-sent events: what a consumer has not got yet is read from the store whenever it can take more, and waits nowhere else.
import type { ServerResponse } from 'node:http';
import type { EventPage, LoggedEvent } from '../events/event-page.js';
import { Bell } from './bell.js';
import type { PresenceEvents } from './presence-events.js';

export interface EventStream {
  /** Events after this number. */
  read: (after: number) => Promise<EventPage>;
  /** Calls `listener` when there may be more of either. */
  subscribe: (listener: () => void) => () => void;
  json: (event: LoggedEvent) => unknown;
  /** Told beside the events, without a number. */
  presences?: Pick<PresenceEvents, 'take'> | undefined;
  /** What a consumer is told of an error that ends the stream. */
  failure: (error: unknown) => unknown;
  /** Ends the stream between two events. */
  ending: AbortSignal;
  heartbeatMs?: number;
}

/** Below the time after which common proxies end a silent connection. */
const HEARTBEAT_MS = 15_000;
/** What a consumer waits before it connects again. */
const RETRY_MS = 1_000;

/** Resolves when the stream has ended. @param first what was read before, so that its failure could still be answered as any other */
export const sendEvents = async (response: ServerResponse, first: EventPage, after: number, stream: EventStream): Promise<void> => {
  const { read, subscribe, ending, heartbeatMs = HEARTBEAT_MS } = stream;
  const bell = new Bell();
  const ring = (): void => {
    bell.ring();
  };
  const unsubscribe = subscribe(ring);
  response.on('drain', ring).on('close', ring);
  ending.addEventListener('abort', ring);
  const heartbeat = setInterval(() => {
    if (!response.writableNeedDrain) response.write(':\n\n');
  }, heartbeatMs);
  try {
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', Connection: 'close', 'X-Accel-Buffering': 'no' });
    response.write(`retry: ${RETRY_MS}\n\n`);
    let last = write(response, first.events, after, stream);
    while (!response.destroyed && !ending.aborted) {
      const { events } = response.writableNeedDrain ? NOTHING : await read(last);
      last = write(response, events, last, stream);
      if (!response.writableNeedDrain) writePresences(response, stream);
      if (events.length === 0) await bell.rung();
    }
    response.end();
  } catch (error) {
    response.end(`event: end\ndata: ${JSON.stringify(stream.failure(error))}\n\n`);
  } finally {
    clearInterval(heartbeat);
    unsubscribe();
    ending.removeEventListener('abort', ring);
  }
};

const NOTHING: Pick<EventPage, 'events'> = { events: [] };

/** Under a name, which keeps them from consumers that do not ask for it, and without an id: the last one stays that of an event. */
const writePresences = (response: ServerResponse, { presences }: Pick<EventStream, 'presences'>): void => {
  for (const presence of presences?.take() ?? []) response.write(`event: presence\ndata: ${JSON.stringify(presence)}\n\n`);
};

/** Stops as soon as the consumer cannot take more. @returns the number of the last event that was written */
const write = (response: ServerResponse, events: readonly LoggedEvent[], after: number, { json }: Pick<EventStream, 'json'>): number => {
  let last = after;
  for (const event of events) {
    if (response.writableNeedDrain || response.destroyed) return last;
    response.write(`id: ${event.seq}\ndata: ${JSON.stringify(json(event))}\n\n`);
    last = event.seq;
  }
  return last;
};
