// What a consumer of events was told of messages: each once, with an outcome, and nothing left out.
import type { SeenEvent } from '../event-consumer.js';
import type { Finding } from './tally.js';
import type { Accepted } from './traffic.js';

/** What a consumer of one session's events has got, in the order it came. */
export interface Told {
  sessionId: string;
  /** Of the session's phone. */
  number: string;
  events: readonly SeenEvent[];
}

const OUTCOMES: ReadonlySet<unknown> = new Set(['sent', 'delivered', 'read', 'played']);

/** Places where the numbers do not go on by one: what a consumer missed, or got twice. */
export const breaksIn = ({ sessionId, events }: Told): string[] =>
  events.flatMap(({ seq }, n) => {
    const before = events[n - 1]?.seq ?? 0;
    return seq === before + 1 ? [] : [`after event ${before} of ${sessionId} came ${seq}`];
  });

/**
 * Messages that were not told, or told twice: in the events of the session that sent it, and of the one that received it.
 * @param readLater ids that could not be read at first, and are rightly told again
 */
export const untoldOf = (told: readonly Told[], accepted: readonly Accepted[], readLater: ReadonlySet<string>): Finding[] => {
  const indexes = new Map(told.map((one) => [one.number, indexOf(one.events)]));
  return accepted.flatMap((message) => {
    const { id, from, to, keyed } = message;
    const findings: Finding[] = [];
    const look = (where: string, found: readonly string[] | undefined, isRight: (found: readonly string[]) => boolean): void => {
      if (!found) findings.push({ kind: 'lost', message, where, found: [] });
      else if (!isRight(found)) findings.push({ kind: 'doubled', message, where, found: [...found] });
    };
    const sender = indexes.get(from);
    if (keyed && sender) {
      look('events of the sender', sender.messages.get(id), ({ length }) => length === 1);
      look('outcomes told to the sender', sender.outcomes.get(id), (found) => new Set(found).size === found.length);
    }
    const receiver = indexes.get(to);
    if (receiver) look('events of the receiver', receiver.messages.get(id), ({ length }) => length === 1 || readLater.has(id));
    return findings;
  });
};

interface Index {
  /** Numbers of the events that tell a message, by its id. */
  messages: Map<string, string[]>;
  /** Statuses that were told of a message, by its id. */
  outcomes: Map<string, string[]>;
}

const indexOf = (events: readonly SeenEvent[]): Index => {
  const index: Index = { messages: new Map(), outcomes: new Map() };
  const add = (to: Map<string, string[]>, id: unknown, what: string): void => {
    const known = to.get(String(id));
    if (known) known.push(what);
    else to.set(String(id), [what]);
  };
  for (const { seq, type, messageId, status } of events) {
    if (type === 'message') add(index.messages, messageId, `event ${seq}`);
    if (type === 'message.status' && OUTCOMES.has(status)) add(index.outcomes, messageId, String(status));
  }
  return index;
};
