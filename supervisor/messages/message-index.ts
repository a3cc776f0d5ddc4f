// Where a message stands, by who sent it and its id.
import { keyPart } from '../../shared/domain/ids.js';
import type { Message } from '../../shared/domain/message.js';
import type { Key } from '../../shared/store/store.js';

/** Second and `n` of its row, and the part of its day it is in. */
export type Place = [second: number, n: number, part: number];

/** Our own ids are ours to choose; others' are theirs, so the sender is part of the key: nobody can shadow another's message. */
export const indexKey = (sessionId: string, { fromMe, from, id }: Pick<Message, 'fromMe' | 'from' | 'id'>): Key =>
  fromMe ? [sessionId, 'out', '', keyPart(id)] : [sessionId, 'in', keyPart(from), keyPart(id)];
