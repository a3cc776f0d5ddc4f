// An event as it lies in the store. Every message has several, so those of messages are without the names of their fields.
import type { MessageStatus, SendFailure } from '../../shared/domain/message.js';
import type { EventRow } from './event-row.js';

type Message = readonly ['m', at: number, id: string, second: number, n: number];
type Status = readonly ['s', at: number, id: string, status: MessageStatus, failure?: SendFailure];

/** All others are as they are read, and so are all of a store of version 3 or what was shipped from one. */
export type KeptEvent = EventRow | Message | Status;

export const keptEvent = (row: EventRow): KeptEvent => {
  switch (row.type) {
    case 'message':
      return ['m', row.at, row.id, ...row.place];
    case 'message.status':
      return row.failure ? ['s', row.at, row.id, row.status, row.failure] : ['s', row.at, row.id, row.status];
    default:
      return row;
  }
};

export const eventOf = (kept: KeptEvent): EventRow => {
  if (!isBrief(kept)) return kept;
  if (kept[0] === 'm') return { type: 'message', at: kept[1], id: kept[2], place: [kept[3], kept[4]] };
  const [, at, id, status, failure] = kept;
  return { type: 'message.status', at, id, status, ...(failure && { failure }) };
};

const isBrief = (kept: KeptEvent): kept is Message | Status => Array.isArray(kept);
