import { vcardOf } from '../../../shared/domain/vcard.js';
import type { Compose } from './composing.js';
import { contextOf } from './context.js';

export const composeContacts: Compose<'contacts'> = ({ contacts }, composing) => {
  const context = contextOf({}, composing);
  const cards = contacts.map((contact) => ({ displayName: contact.name, vcard: vcardOf(contact) }));
  const [only] = cards;
  if (only && cards.length === 1) return { message: { contactMessage: { ...only, ...context } } };
  return { message: { contactsArrayMessage: { displayName: `${cards.length} contacts`, contacts: cards, ...context } } };
};
