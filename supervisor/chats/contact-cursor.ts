// A place in the order of the people a session knows, as clients are given it.
import { isPerson } from './contact-rows.js';

export const contactCursorOf = (jid: string): string => Buffer.from(jid).toString('base64url');

/** Undefined for anything that `contactCursorOf` does not make. */
export const jidOfCursor = (cursor: string): string | undefined => {
  const jid = Buffer.from(cursor, 'base64url').toString('latin1');
  return isPerson(jid) && contactCursorOf(jid) === cursor ? jid : undefined;
};
