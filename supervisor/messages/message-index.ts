// Where a message stands, by who sent it and its id.
import { setImmediate } from 'node:timers/promises';
import { keyPart } from '../../shared/domain/ids.js';
import type { Message } from '../../shared/domain/message.js';
import type { Key, Store } from '../../shared/store/store.js';
import { TABLES } from '../supervisor-store.js';

/** Second and `n` of its row, and the part of its day it is in. */
export type Place = [second: number, n: number, part: number];

/** Our own ids are ours to choose; others' are theirs, so the sender is part of the key: nobody can shadow another's message. */
export const indexKey = (sessionId: string, { fromMe, from, id }: Pick<Message, 'fromMe' | 'from' | 'id'>): Key =>
  fromMe ? [sessionId, 'out', '', keyPart(id)] : [sessionId, 'in', keyPart(from), keyPart(id)];

/** Senders looked through before other work gets its turn. */
const AT_ONCE = 500;

/** Where a message with this id stands: one of our own, else the newest that any sender gave it to. */
export const placeOfId = async (store: Pick<Store, 'get' | 'range'>, sessionId: string, id: string): Promise<Place | undefined> => {
  const own = store.get<Place>(TABLES.messageIndex, indexKey(sessionId, { fromMe: true, from: '', id }));
  if (own) return own;
  let newest: Place | undefined;
  let from: Key = [sessionId, 'in'];
  for (let looked = 1; ; looked++) {
    const [row] = store.range<Place>(TABLES.messageIndex, { prefix: [sessionId, 'in'], from, limit: 1 });
    if (!row) return newest;
    const sender = String(row.key[2]);
    const place = store.get<Place>(TABLES.messageIndex, [sessionId, 'in', sender, keyPart(id)]);
    if (place && (!newest || place[0] > newest[0] || (place[0] === newest[0] && place[1] > newest[1]))) newest = place;
    // After every message of this sender, before the next one.
    from = [sessionId, 'in', `${sender}\u0001`];
    if (looked % AT_ONCE === 0) await setImmediate();
  }
};
