import { createHash } from 'node:crypto';
import { fileFor, isFile, type Accepted } from './traffic.js';

/** A message somewhere it is shown: on a phone, or in a session's history. */
export interface Shown {
  id: string;
  text: string | null;
  /** Of a file, on a phone that could open it. */
  sha256?: string | undefined;
}

export interface Evidence {
  accepted: readonly Accepted[];
  /** By number: what a person saw on that phone, other than its own messages. */
  phones: ReadonlyMap<string, readonly Shown[]>;
  /** By number of the session's phone. */
  histories: ReadonlyMap<string, { sent: readonly Shown[]; received: readonly Shown[] }>;
}

export interface Finding {
  kind: 'lost' | 'doubled';
  message: Accepted;
  where: string;
  /** Ids under which it is there. */
  found: string[];
}

/** Where each accepted message must be: once, under the id that was told. */
const placesOf = ({ to, from, keyed }: Accepted, { phones, histories }: Evidence): { where: string; messages: readonly Shown[] }[] => {
  const places = [];
  const receiver = histories.get(to);
  if (receiver) places.push({ where: 'history of the receiver', messages: receiver.received });
  if (keyed) {
    places.push({ where: 'phone of the receiver', messages: phones.get(to) ?? [] });
    places.push({ where: 'history of the sender', messages: histories.get(from)?.sent ?? [] });
  }
  return places;
};

/** Compares what was accepted with what is shown. */
export const findingsOf = (evidence: Evidence): Finding[] => {
  const idsByText = new Map<readonly Shown[], Map<string, string[]>>();
  const idsOf = (messages: readonly Shown[], text: string): string[] => {
    const known = idsByText.get(messages) ?? indexOf(messages);
    idsByText.set(messages, known);
    return known.get(text) ?? [];
  };
  return evidence.accepted.flatMap((message) =>
    placesOf(message, evidence).flatMap(({ where, messages }): Finding[] => {
      const found = idsOf(messages, message.text);
      if (found.length === 0) return [{ kind: 'lost', message, where, found }];
      return found.length > 1 || found[0] !== message.id ? [{ kind: 'doubled', message, where, found }] : [];
    }),
  );
};

/** Messages whose file is not on the phone of their receiver as it was given. */
export const spoiltFiles = ({ accepted, phones }: Evidence): Finding[] =>
  accepted.flatMap((message): Finding[] => {
    const { id, text, to, keyed } = message;
    const arrived = keyed && isFile(keyed.form) ? phones.get(to)?.find((shown) => shown.id === id) : undefined;
    const sha256 = arrived && createHash('sha256').update(fileFor(text)).digest('hex');
    return arrived?.sha256 === sha256 ? [] : [{ kind: 'lost', message, where: 'file on the phone of the receiver', found: [id] }];
  });

/** Messages sent over the API that are on the phone of their receiver once, under the id that was told. */
export const shownOnce = ({ accepted, phones }: Evidence): number => {
  const indexes = new Map([...phones].map(([number, messages]) => [number, indexOf(messages)]));
  return accepted.filter(({ keyed, to, text, id }) => {
    const found = indexes.get(to)?.get(text) ?? [];
    return keyed && found.length === 1 && found[0] === id;
  }).length;
};

const indexOf = (messages: readonly Shown[]): Map<string, string[]> => {
  const ids = new Map<string, string[]>();
  for (const { id, text } of messages) if (text !== null) ids.set(text, [...(ids.get(text) ?? []), id]);
  return ids;
};
