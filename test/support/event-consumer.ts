// A client of the event stream, as small as one can be.
import { request, type IncomingMessage } from 'node:http';

export interface SeenEvent extends Record<string, unknown> {
  seq: number;
  type: string;
}

export interface EventConsumer {
  /** In the order they came; each under the id it says. */
  readonly events: SeenEvent[];
  /** Told beside the events, without an id. */
  readonly presences: Record<string, unknown>[];
  /** Comments that kept the connection alive. */
  readonly heartbeats: number;
  /** What the worker said at the end, if it said something. */
  readonly end: Record<string, unknown> | undefined;
  /** Resolves when the stream is over. */
  readonly ended: Promise<void>;
  /** Takes nothing any more, until `resume`. */
  pause: () => void;
  resume: () => void;
  /** Breaks the connection, as a consumer that is killed. */
  cut: () => void;
}

/** Rejects with the answer when it is no stream. */
export const readEventStream = async (
  url: string,
  headers: Record<string, string> = {},
  onEvent: (event: SeenEvent) => void = () => undefined,
): Promise<EventConsumer> => {
  const asked = request(url, { headers: { accept: 'text/event-stream', ...headers }, agent: false });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    asked.once('response', resolve).once('error', reject).end();
  });
  asked.on('error', () => undefined);
  response.setEncoding('utf8');
  if (response.statusCode !== 200) {
    const body = (await response.toArray()).join('');
    throw new Error(`the stream was answered ${response.statusCode}: ${body}`, { cause: JSON.parse(body) });
  }
  const consumer = {
    ...{ events: [] as SeenEvent[], presences: [] as Record<string, unknown>[], heartbeats: 0 },
    end: undefined as Record<string, unknown> | undefined,
  };
  const take = (block: string): void => {
    const fields = new Map(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]));
    const data = fields.get('data');
    if (data === undefined) {
      if (fields.has('')) consumer.heartbeats++;
      return;
    }
    const content = JSON.parse(data) as Record<string, unknown>;
    if (fields.get('event') === 'end') {
      consumer.end = content;
      return;
    }
    if (fields.get('event') === 'presence') {
      if (fields.has('id')) throw new Error('a presence came with an id');
      consumer.presences.push(content);
      return;
    }
    const event = content as SeenEvent;
    if (fields.get('id') !== String(event.seq)) throw new Error(`event ${event.seq} came with the id ${String(fields.get('id'))}`);
    consumer.events.push(event);
    onEvent(event);
  };
  let rest = '';
  response.on('data', (chunk: string) => {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) take(block);
  });
  const ended = new Promise<void>((resolve) => response.once('close', resolve));
  response.on('error', () => undefined);
  return Object.assign(consumer, {
    ended,
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    cut: () => void asked.destroy(),
  });
};
