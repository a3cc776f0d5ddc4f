import type { Contact } from '../../shared/domain/contact.js';
import { isGroup } from '../../shared/domain/ids.js';
import { TABLES, type ContactRow } from '../supervisor-store.js';
import type { Draft } from './draft.js';
import { identify } from './identities.js';

const PERSON = /^\d{1,30}@(s\.whatsapp\.net|lid)$/;
const NAMES = ['name', 'pushName', 'verifiedName'] as const;

export const isPerson = (jid: string): boolean => PERSON.test(jid);

/** Where the row of a person or a group stands; undefined for anything else, and for an address that WhatsApp does not give. */
export const contactKey = (sessionId: string, jid: string): string[] | undefined => {
  if (isPerson(jid)) return [sessionId, 'person', jid];
  return isGroup(jid) && jid.length <= 60 ? [sessionId, 'group', jid] : undefined;
};

/** Keeps what was told of somebody. @param old it was told earlier than what is known, which stays */
export const noteContact = (draft: Draft, sessionId: string, told: Contact, old = false): void => {
  const { jid, lid } = identify(draft, sessionId, told.jid, told.lid);
  const key = contactKey(sessionId, jid);
  if (!key) return;
  const before = draft.get<ContactRow>(TABLES.contacts, key);
  const after: ContactRow = { ...before, ...(lid !== undefined && lid !== jid && { lid }) };
  for (const name of NAMES) {
    const value = told[name];
    if (value !== undefined && !(old && before?.[name] !== undefined)) after[name] = value;
  }
  const isSomething = NAMES.some((name) => after[name] !== undefined);
  if (isSomething && (['lid', ...NAMES] as const).some((field) => after[field] !== before?.[field])) draft.put(TABLES.contacts, key, after);
};
