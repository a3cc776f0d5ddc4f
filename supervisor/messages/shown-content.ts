import { MOST_OFTEN_FORWARDED, type Message } from '../../shared/domain/message.js';
import type { DetailedType, DetailsOf } from '../../shared/domain/message-details.js';
import type { ContentOf, OutgoingContent, OutgoingType } from '../../shared/domain/outgoing.js';
import type { OutgoingFile } from '../../shared/domain/outgoing-file.js';
import { shortened } from '../../shared/domain/shortened.js';
import { vcardOf } from '../../shared/domain/vcard.js';
import type { ReferredMessages } from './referred-messages.js';

export type ShownContent = Pick<Message, 'type' | 'content' | 'details' | 'quoted' | 'mentions' | 'forwarded'>;

type Detailed = { [Type in DetailedType]: { type: Type; content: string | null; details: DetailsOf<Type> } }[DetailedType];

/** How each type looks in history: as runners describe the same content when it is received. */
const SHOWN: { readonly [Type in OutgoingType]: (content: ContentOf<Type>, referred: ReferredMessages) => Detailed | ShownContent } = {
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
  reaction: ({ messageId, emoji }): Detailed => ({ type: 'reaction', content: emoji === '' ? null : emoji, details: { messageId, emoji } }),
  edit: ({ messageId, text, mentions }) => ({ type: 'edit', content: text, details: { messageId }, ...(mentions && { mentions }) }),
  revoke: ({ messageId }): Detailed => ({ type: 'revoke', content: null, details: { messageId } }),
  pin: ({ messageId, pinned }): Detailed => ({ type: 'pin', content: null, details: { messageId, pinned } }),
  forward: (_content, { target }) => ({
    type: target?.type ?? 'text',
    content: target?.content ?? null,
    ...(target?.details && { details: target.details }),
    forwarded: Math.min((target?.forwarded ?? 0) + 1, MOST_OFTEN_FORWARDED),
  }),
  image: ({ file, caption, mentions, viewOnce }) => ({
    ...{ type: 'image', content: caption ?? null, ...(mentions && { mentions }) },
    details: { ...shownFile(file), ...shownSize(file), viewOnce },
  }),
  video: ({ file, caption, mentions, viewOnce, animated, note }) => ({
    ...{ type: 'video', content: caption ?? null, ...(mentions && { mentions }) },
    details: { ...shownFile(file), ...shownSize(file), ...shownLength(file), animated, note, viewOnce },
  }),
  audio: ({ file, viewOnce, voice }): Detailed => ({
    type: 'audio',
    content: null,
    details: { ...shownFile(file), ...shownLength(file), voice, viewOnce },
  }),
  document: ({ file, caption, mentions, fileName }) => ({
    ...{ type: 'document', content: caption ?? null, ...(mentions && { mentions }) },
    details: { ...shownFile(file), fileName },
  }),
  sticker: ({ file }): Detailed => ({
    type: 'sticker',
    content: null,
    details: { ...shownFile(file), ...shownSize(file), animated: file.animated === true },
  }),
};

const shownFile = ({ mimetype, bytes, sha256 }: OutgoingFile) => ({ mimetype, bytes, sha256 });
const shownSize = ({ width, height }: OutgoingFile) => (width !== undefined && height !== undefined ? { width, height } : {});
const shownLength = ({ seconds }: OutgoingFile) => (seconds === undefined ? {} : { seconds });

/** What history says of a content that was accepted, and of the messages it refers to. */
export const shownContent = (content: OutgoingContent, referred: ReferredMessages): ShownContent => {
  const { quoted } = referred;
  // The table has a description of the right type for every content.
  const shown = (SHOWN[content.type] as (content: OutgoingContent, referred: ReferredMessages) => ShownContent)(content, referred);
  return quoted ? { ...shown, quoted: quotedAs(quoted) } : shown;
};

const quotedAs = ({ id, from, type, content }: Message): NonNullable<Message['quoted']> => ({
  messageId: id,
  from,
  type,
  content: content === null ? null : shortened(content),
});
