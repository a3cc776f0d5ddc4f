import type { Message } from '../../shared/domain/message.js';
import type { DetailedType, DetailsOf } from '../../shared/domain/message-details.js';
import type { ContentOf, OutgoingContent, OutgoingType } from '../../shared/domain/outgoing.js';
import type { OutgoingFile } from '../../shared/domain/outgoing-file.js';
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
  image: ({ file, caption, mentions, viewOnce }) => ({
    ...{ type: 'image', content: caption ?? null, ...naming(mentions) },
    details: { ...shownFile(file), ...shownSize(file), viewOnce },
  }),
  video: ({ file, caption, mentions, viewOnce, animated, note }) => ({
    ...{ type: 'video', content: caption ?? null, ...naming(mentions) },
    details: { ...shownFile(file), ...shownSize(file), ...shownLength(file), animated, note, viewOnce },
  }),
  audio: ({ file, viewOnce, voice }): Detailed => ({
    type: 'audio',
    content: null,
    details: { ...shownFile(file), ...shownLength(file), voice, viewOnce },
  }),
  document: ({ file, caption, mentions, fileName }) => ({
    ...{ type: 'document', content: caption ?? null, ...naming(mentions) },
    details: { ...shownFile(file), fileName },
  }),
  sticker: ({ file }): Detailed => ({
    type: 'sticker',
    content: null,
    details: { ...shownFile(file), ...shownSize(file), animated: file.animated === true },
  }),
};

const naming = (mentions: string[] | undefined) => (mentions ? { mentions } : {});
const shownFile = ({ mimetype, bytes, sha256 }: OutgoingFile) => ({ mimetype, bytes, sha256 });
const shownSize = ({ width, height }: OutgoingFile) => (width !== undefined && height !== undefined ? { width, height } : {});
const shownLength = ({ seconds }: OutgoingFile) => (seconds === undefined ? {} : { seconds });

/** What history says of a content that was accepted. */
export const shownContent = (content: OutgoingContent): ShownContent =>
  // The table has a description of the right type for every content.
  (SHOWN[content.type] as (content: OutgoingContent) => ShownContent)(content);
