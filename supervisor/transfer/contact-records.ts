// People and groups of a session in a file of their own: a list of what is known of each, as `GET /session/{id}/contacts` names it.
import { z } from 'zod';
import { LONGEST_NAME, type Contact } from '../../shared/domain/contact.js';
import { shortened } from '../../shared/domain/shortened.js';
import type { StoreReader } from '../../shared/store/store-reader.js';
import { contactKey, isPerson } from '../chats/contact-rows.js';
import { TABLES, type ContactRow } from '../supervisor-store.js';
import { LAYOUT, TransferRefusedError } from './session-source.js';

/** Those with names, then people of whom only the two addresses are known. */
export const contactsIn = (reader: Pick<StoreReader, 'range'>, sessionId: string): Contact[] => {
  const prefix = [sessionId];
  const named = [...reader.range<ContactRow>(TABLES.contacts, { prefix })].map(({ key, value }) => ({ jid: String(key[2]), ...value }));
  const known = new Set(named.map(({ jid }) => jid));
  const numbers = [...reader.range<string>(TABLES.lids, { prefix })].map(({ key, value }) => ({ jid: value, lid: String(key[1]) }));
  return [...named, ...numbers.filter(({ jid, lid }) => !known.has(jid) && isPerson(lid))];
};

const name = z
  .string()
  .min(1)
  .transform((text) => shortened(text, LONGEST_NAME))
  .optional()
  .catch(undefined);
const address = z.string().refine((jid) => contactKey('', jid) !== undefined);
const Loose = z.object({
  jid: address,
  lid: z.string().refine(isPerson).optional().catch(undefined),
  name,
  pushName: name,
  verifiedName: name,
});

export interface ReadContacts {
  contacts: Contact[];
  /** Entries that are none. */
  passedOver: number;
}

/** @throws TransferRefusedError */
export const readContacts = (body: Buffer): ReadContacts => {
  const list = listOf(body);
  const contacts = list.flatMap((entry) => {
    const { success, data } = Loose.safeParse(entry);
    return success ? [Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined)) as unknown as Contact] : [];
  });
  return { contacts, passedOver: list.length - contacts.length };
};

const listOf = (body: Buffer): unknown[] => {
  try {
    const content: unknown = JSON.parse(body.toString());
    if (Array.isArray(content)) return content;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new TransferRefusedError(`${LAYOUT.contacts} is no list of contacts; mend it, or move it away to do without it`);
};
