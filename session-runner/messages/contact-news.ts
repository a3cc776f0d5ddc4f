// What Baileys tells of people and groups, as it is kept of them.
import { LONGEST_NAME, type Contact } from '../../shared/domain/contact.js';
import { canonicalJid, isLid } from '../../shared/domain/ids.js';
import type { BaileysEventMap } from '../baileys.js';
import { jidOf, shortText } from './bounded.js';
import type { SpoolEntry } from './spool.js';

type Told = { [Field in keyof BaileysContact]?: BaileysContact[Field] | undefined };
type BaileysContact = BaileysEventMap['contacts.upsert'][number];

/** Few enough that a record stays far below what one frame may have. */
const PER_RECORD = 50;

export const contactEntries = <E extends keyof BaileysEventMap>(sessionId: string, event: E, data: BaileysEventMap[E]): SpoolEntry[] => {
  const contacts = contactsOf(event, data);
  return Array.from({ length: Math.ceil(contacts.length / PER_RECORD) }, (_, index) => ({
    ...{ kind: 'contacts', sessionId },
    contacts: contacts.slice(index * PER_RECORD, (index + 1) * PER_RECORD),
  }));
};

const contactsOf = <E extends keyof BaileysEventMap>(event: E, data: BaileysEventMap[E]): Contact[] => {
  switch (event) {
    case 'contacts.upsert':
      return (data as BaileysEventMap['contacts.upsert']).flatMap(contactOf);
    case 'contacts.update':
      // With every message comes the name of its author, which the message itself has.
      return (data as BaileysEventMap['contacts.update'])
        .filter(({ name, verifiedName }) => name !== undefined || verifiedName !== undefined)
        .flatMap(contactOf);
    case 'messaging-history.set': {
      const { contacts, lidPnMappings = [] } = data as BaileysEventMap['messaging-history.set'];
      return [...contacts.flatMap(contactOf), ...lidPnMappings.flatMap(({ lid, pn }) => contactOf({ id: pn, lid }))];
    }
    case 'lid-mapping.update': {
      const { lid, pn } = data as BaileysEventMap['lid-mapping.update'];
      return contactOf({ id: pn, lid });
    }
    case 'groups.upsert':
    case 'groups.update':
      return (data as BaileysEventMap['groups.update']).flatMap(({ id, subject }) =>
        subject === undefined ? [] : contactOf({ id, name: subject }),
      );
    default:
      return [];
  }
};

const contactOf = ({ id, lid, phoneNumber, name, notify, verifiedName }: Told): Contact[] => {
  const addresses = [id, phoneNumber, lid].flatMap((address) => jidOf(address) ?? []);
  const [first] = addresses;
  if (first === undefined) return [];
  const jid = canonicalJid(
    first,
    addresses.find((address) => !isLid(address)),
  );
  const other = addresses.find((address) => isLid(address) && address !== jid);
  const names = Object.entries({ name, pushName: notify, verifiedName }).flatMap(([field, value]) => {
    const text = shortText(value, LONGEST_NAME);
    return text === undefined ? [] : [[field, text] as const];
  });
  if (other === undefined && names.length === 0) return [];
  return [{ jid, ...(other !== undefined && { lid: other }), ...Object.fromEntries(names) }];
};
