import type { Message } from '../../shared/domain/message.js';
import type { DetailedType, DetailsOf } from '../../shared/domain/message-details.js';
import type { ContentOf, OutgoingContent, OutgoingType } from '../../shared/domain/outgoing.js';
import { vcardOf } from '../../shared/domain/vcard.js';

export type ShownContent = Pick<Message, 'type' | 'content' | 'details' | 'mentions'>;

type Detailed = { [Type in DetailedType]: { type: Type; content: string | null; details: DetailsOf<Type> } }[DetailedType];

/** How each type looks in history: as runners describe the same content when it is received. */
const SHOWN: { readonly [Type in OutgoingType]: (content: ContentOf<Type>) => Detailed | ShownContent } = {
  text: ({ text, mentions }) => ({ type: 'text', content: text, ...(mentions && { mentions }) }),
  location: ({ latitude, longitude, name, address }): Detailed => ({
    type: 'location',
    content: null,
    details: { latitude, longitude, ...(name !== undefined && { name }), ...(address !== undefined && { address }), live: false },
  }),
  contacts: ({ contacts }): Detailed => ({
    type: 'contacts',
    content: null,
    details: {
      contacts: contacts.map((contact) => ({
        name: contact.name,
        vcard: vcardOf(contact),
        phones: contact.phones.map((phone) => `+${phone}`),
      })),
    },
  }),
  poll: ({ question, options, selectable }): Detailed => ({
    type: 'poll',
    content: question,
    details: { question, options, selectable },
  }),
};

/** What history says of a content that was accepted. */
export const shownContent = (content: OutgoingContent): ShownContent =>
  // The table has a description of the right type for every content.
  (SHOWN[content.type] as (content: OutgoingContent) => ShownContent)(content);
