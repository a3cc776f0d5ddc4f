// Which files of the object store do not have all of their messages as they are now.
import type { Store, Write } from '../../shared/store/store.js';
import { TABLES, type MessageDay } from '../supervisor-store.js';

export interface ChangedPart {
  sessionId: string;
  day: string;
  part: number;
  /** Rises with every change. */
  number: number;
}

/** Of all sessions or of one, in the order of their keys; changes still being committed may be missing. */
export function* changedParts(store: Pick<Store, 'range'>, sessionId?: string): Generator<ChangedPart> {
  for (const { key, value } of store.range<number>(TABLES.changedParts, sessionId === undefined ? {} : { prefix: [sessionId] }))
    yield { sessionId: String(key[0]), day: String(key[1]), part: Number(key[2]), number: value };
}

/** Forgets that a part changed, unless it has changed again since the rendering with this number. */
export const partWritten = (store: Pick<Store, 'get'>, { sessionId, day, part, number }: ChangedPart): Write[] => {
  const key = [sessionId, day, part];
  return store.get<number>(TABLES.changedParts, key) === number ? [{ table: TABLES.changedParts, key, value: undefined }] : [];
};

/** True when a part from `first` to `last` of the day is not in the object store as it is now, also if that is still being committed. */
export const anyChanged = (store: Pick<Store, 'get'>, sessionId: string, day: string, first: number, last: number): boolean => {
  for (let part = first; part <= last; part++) if (store.get(TABLES.changedParts, [sessionId, day, part]) !== undefined) return true;
  return false;
};

/** Gives out the numbers of changes: each higher than those before it, and than the one an earlier process left. */
export class PartMarks {
  readonly #store: Pick<Store, 'get'>;
  #last = 0;

  constructor(store: Pick<Store, 'get'>) {
    this.#store = store;
  }

  mark(sessionId: string, day: string, part: number): Write {
    const key = [sessionId, day, part];
    this.#last = Math.max(this.#last, this.#store.get<number>(TABLES.changedParts, key) ?? 0) + 1;
    return { table: TABLES.changedParts, key, value: this.#last };
  }
}

/** Marks every part of a session that has messages here. */
export const markAllParts = (store: Pick<Store, 'get' | 'range'>, sessionId: string): Write[] => {
  const marks = new PartMarks(store);
  return [...store.range<MessageDay>(TABLES.messageDays, { prefix: [sessionId] })].flatMap(({ key, value: { part, remoteParts } }) =>
    Array.from({ length: part - remoteParts + 1 }, (_, index) => marks.mark(sessionId, String(key[1]), remoteParts + index)),
  );
};
