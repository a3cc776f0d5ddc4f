// What a whatsam gateway sends to a session, in the forms of its several revisions. Unknown keys are ignored.
import { z } from 'zod';
import { degrees, isObject, messageText, object, recipient, string } from '../../schemas/fields.js';

const ACTIONS = ['delete', 'unsend', 'edit', 'star', 'unstar', 'reaction', 'read', 'pin', 'unpin'] as const;

const to = recipient('to');
const optional = (name: string) => string(name).nullish();
const webUrl = (name: string) => z.url({ protocol: /^https?$/, error: `${name} must be an http or https URL` });

/** By address, or as base64 in the body. */
const media = <K extends 'image' | 'video' | 'document' | 'audio' | 'sticker'>(type: K) =>
  object({
    type: z.literal(type),
    to,
    mediaUrl: webUrl('mediaUrl').nullish(),
    media: optional('media'),
    filename: optional('filename'),
    caption: optional('caption'),
  }).refine(({ mediaUrl, media: base64 }) => (mediaUrl ?? base64 ?? '') !== '', {
    path: ['mediaUrl'],
    message: 'mediaUrl or media is required',
  });

const KINDS = [
  object({ type: z.literal('text'), to, message: messageText('message') }),
  object({
    ...{ type: z.literal('link'), to, url: webUrl('url') },
    ...{ text: optional('text'), title: optional('title'), description: optional('description') },
  }),
  media('image'),
  media('video'),
  media('document'),
  media('audio'),
  media('sticker'),
  object({
    type: z.literal('location'),
    to,
    location: object({
      latitude: degrees('latitude', 90),
      longitude: degrees('longitude', 180),
      name: optional('name'),
      address: optional('address'),
    }),
  }),
  object({
    type: z.literal('contact'),
    to,
    contact: object({ name: string('name'), phone: string('phone'), organization: optional('organization'), email: optional('email') }),
  }),
  object({
    ...{ type: z.literal('poll'), to, question: string('question').min(1, 'question must not be empty') },
    options: z.array(string('options')).min(2, 'options must be at least 2'),
    maxAnswer: z.int('maxAnswer must be a whole number').nonnegative('maxAnswer must not be negative').nullish(),
  }),
  object({ type: z.literal('seen'), to, messageId: string('messageId') }),
  object({ type: z.literal('typing_start'), to }),
  object({ type: z.literal('typing_stop'), to }),
] as const;
const TYPES = KINDS.flatMap(({ shape }) => [...shape.type.values]);

/** A link's and a poll's fields come flat or under its own name, depending on the gateway's revision. */
const flat = (body: unknown): unknown => {
  if (!isObject(body) || (body['type'] !== 'link' && body['type'] !== 'poll')) return body;
  const { type, to: recipientOf, [body['type']]: nested } = body;
  return isObject(nested) ? { ...nested, type, to: recipientOf } : body;
};

export const SendBody = z.preprocess(
  flat,
  z.discriminatedUnion('type', KINDS, {
    error: ({ input }) => (isObject(input) ? `type must be one of ${TYPES.join(', ')}` : 'the body must be a JSON object'),
  }),
);

const nonEmpty = (name: string) => string(name).min(1, `${name} must not be empty`);

export const ManageMessage = object({
  action: z.enum(ACTIONS, { error: `action must be one of ${ACTIONS.join(', ')}` }),
  messageId: nonEmpty('messageId').max(100, 'messageId must be at most 100 characters'),
  phone: recipient('phone'),
  content: messageText('content').nullish(),
  newText: messageText('newText').nullish(),
  emoji: optional('emoji'),
  forEveryone: z.boolean('forEveryone must be true or false').nullish(),
})
  .refine(({ action, content, newText }) => action !== 'edit' || (content ?? newText ?? undefined) !== undefined, {
    path: ['content'],
    message: 'content is required to edit',
  })
  // An empty one takes the reaction back.
  .refine(({ action, emoji }) => action !== 'reaction' || typeof emoji === 'string', {
    path: ['emoji'],
    message: 'emoji is required to react',
  });

/** A link as the text that is sent for it; the address comes last unless the words have it already. */
export const linkText = ({ url, text, title, description }: Extract<z.output<typeof SendBody>, { type: 'link' }>): string => {
  const words = [title, description, text].filter((part) => typeof part === 'string' && part.trim() !== '').join('\n');
  if (words === '') return url;
  return words.includes(url) ? words : `${words}\n${url}`;
};
