// What clients may have sent, as one union by `type`.
import { z } from 'zod';
import { isGroup, phoneNumberOf, toRecipientJid } from '../../../shared/domain/ids.js';
import type { OutgoingContent } from '../../../shared/domain/outgoing.js';
import { SENDABLE_TYPES } from '../../media/sendable.js';
import { degrees, idempotencyKey, isObject, messageText, object, optionalWords, recipient, string, Time, words } from './fields.js';
import { askedMedia, mediaFields, type AskedMedia } from './media.js';
import { Status } from './message.js';
import { Queued } from './queue.js';

/** As long as what history keeps of the same, when it is received. */
const NAME_MAX = 1_000;
const LABEL_MAX = 255;
const MOST_MENTIONS = 256;
const MOST_CONTACTS = 20;
const MOST_PHONES = 5;
/** WhatsApp's own. */
const QUESTION_MAX = 255;
const OPTION_MAX = 100;
const MOST_OPTIONS = 12;
const ID_MAX = 200;
const EMOJI_MAX = 40;

/** A list whose items are named by its own name. */
export const list = <S extends z.ZodType>(name: string, item: S, least: number, most: number) =>
  z
    .array(item, { error: `${name} must be a list` })
    .min(least, `${name} must be at least ${least}`)
    .max(most, `${name} must be at most ${most}`);

const person = (name: string) =>
  recipient(name).refine((jid) => !isGroup(jid), `${name} must be a phone number with its country code, or the address of a person`);

const mentions = list('mentions', person('mentions'), 0, MOST_MENTIONS)
  .nullish()
  .transform((jids) => (jids && jids.length > 0 ? [...new Set(jids)] : undefined));

const phone = string('phones').transform((written, context) => {
  const jid = toRecipientJid(written);
  const digits = jid === undefined ? undefined : phoneNumberOf(jid)?.slice(1);
  if (digits !== undefined) return digits;
  context.addIssue({ code: 'custom', message: 'phones must be numbers with their country code, digits only' });
  return z.NEVER;
});

const contact = object({
  name: words('name', 1, LABEL_MAX),
  phones: list('phones', phone, 1, MOST_PHONES),
  organization: optionalWords('organization', LABEL_MAX),
  email: optionalWords('email', LABEL_MAX),
});

const selectable = 'selectable must be a whole number from 0 to the number of options';

const common = {
  to: recipient('to'),
  clientMessageId: idempotencyKey('clientMessageId').nullish(),
  async: z
    .boolean({ error: 'async must be true or false' })
    .nullish()
    .meta({ description: 'Whether the answer comes before the message is sent.' }),
};
type Common = Partial<z.output<z.ZodObject<typeof common>>> & { to: string };

export const messageId = (name: string) =>
  string(name).min(1, `${name} must not be empty`).max(ID_MAX, `${name} must be at most ${ID_MAX} characters`);
const quoted = messageId('quoted')
  .nullish()
  .transform((id) => id ?? undefined);

const GRAPHEMES = new Intl.Segmenter();
const EMOJI = /[\p{Extended_Pictographic}\p{Regional_Indicator}\u20e3]/u;
/** One, or an empty text, which takes the reaction back. */
const emoji = string('emoji')
  .max(EMOJI_MAX, 'emoji must be one emoji')
  .refine((text) => text === '' || (EMOJI.test(text) && [...GRAPHEMES.segment(text)].length === 1), 'emoji must be one emoji');

const DAY_SECONDS = 24 * 60 * 60;
/** Those WhatsApp offers. */
const PIN_SECONDS = [DAY_SECONDS, 7 * DAY_SECONDS, 30 * DAY_SECONDS] as const;
const seconds = z
  .union(
    PIN_SECONDS.map((choice) => z.literal(choice)),
    { error: `seconds must be one of ${PIN_SECONDS.join(', ')}` },
  )
  .default(PIN_SECONDS[1]);

const asking = <C extends OutgoingContent | AskedMedia>({ to, clientMessageId, async }: Common, content: C) => ({
  to,
  clientMessageId,
  async,
  content,
});

const answering = { ...common, quoted };
const about = { ...common, messageId: messageId('messageId') };

const BODIES = [
  object({ type: z.literal('text'), ...answering, message: messageText('message'), mentions }).transform(
    ({ message: text, mentions, quoted, ...body }) => asking(body, { type: 'text', text, mentions, quoted }),
  ),
  object({
    ...{ type: z.literal('location'), ...answering, latitude: degrees('latitude', 90), longitude: degrees('longitude', 180) },
    ...{ name: optionalWords('name', NAME_MAX), address: optionalWords('address', NAME_MAX) },
  }).transform(({ latitude, longitude, name, address, quoted, ...body }) =>
    asking(body, { type: 'location', latitude, longitude, name, address, quoted }),
  ),
  object({ type: z.literal('contacts'), ...answering, contacts: list('contacts', contact, 1, MOST_CONTACTS) }).transform(
    ({ contacts, quoted, ...body }) => asking(body, { type: 'contacts', contacts, quoted }),
  ),
  object({
    ...{ type: z.literal('poll'), ...answering, question: words('question', 1, QUESTION_MAX) },
    options: list('options', words('options', 1, OPTION_MAX), 2, MOST_OPTIONS).refine(
      (options) => new Set(options).size === options.length,
      'options must differ from each other',
    ),
    selectable: z.int({ error: selectable }).min(0, selectable).default(1),
  })
    .refine(({ options, selectable: most }) => most <= options.length, { path: ['selectable'], message: selectable })
    .transform(({ question, options, selectable: most, quoted, ...body }) =>
      asking(body, { type: 'poll', question, options, selectable: most, quoted }),
    ),
  object({ type: z.literal('reaction'), ...about, emoji }).transform(({ messageId, emoji, ...body }) =>
    asking(body, { type: 'reaction', messageId, emoji }),
  ),
  object({ type: z.literal('edit'), ...about, message: messageText('message'), mentions }).transform(
    ({ messageId, message: text, mentions, ...body }) => asking(body, { type: 'edit', messageId, text, mentions }),
  ),
  object({ type: z.literal('delete'), ...about }).transform(({ messageId, ...body }) => asking(body, { type: 'revoke', messageId })),
  object({ type: z.literal('pin'), ...about, seconds }).transform(({ messageId, seconds, ...body }) =>
    asking(body, { type: 'pin', messageId, pinned: true, seconds }),
  ),
  object({ type: z.literal('unpin'), ...about }).transform(({ messageId, ...body }) =>
    asking(body, { type: 'pin', messageId, pinned: false, seconds: 0 }),
  ),
  object({ type: z.literal('forward'), ...about }).transform(({ messageId, ...body }) => asking(body, { type: 'forward', messageId })),
  object({ type: z.literal(SENDABLE_TYPES), ...answering, ...mediaFields, mentions }).transform(({ to, clientMessageId, async, ...body }) =>
    asking({ to, clientMessageId, async }, askedMedia(body)),
  ),
] as const;
const TYPES = BODIES.flatMap(({ in: { shape } }) => [...shape.type.values]);

export const SendMessage = z.discriminatedUnion('type', BODIES, {
  error: ({ input }) => (isObject(input) ? `type must be one of ${TYPES.join(', ')}` : 'the body must be a JSON object'),
});
export const SendHeaders = z.object({
  'idempotency-key': idempotencyKey('Idempotency-Key'),
  prefer: z.string().optional().meta({ description: '`respond-async`: answer before the message is sent.' }),
});

const SentMessage = z.object({ messageId: z.string(), status: Status, timestamp: Time });
/** What became of a send, or that it waits. */
export const SendAnswer = z.union([SentMessage, Queued]);
