// What clients may have sent, as one union by `type`.
import { z } from 'zod';
import { isGroup, phoneNumberOf, toRecipientJid } from '../../../shared/domain/ids.js';
import type { OutgoingContent } from '../../../shared/domain/outgoing.js';
import { SENDABLE_TYPES } from '../../media/sendable.js';
import { degrees, idempotencyKey, isObject, messageText, object, optionalWords, recipient, string, Time, words } from './fields.js';
import { askedMedia, mediaFields, type AskedMedia } from './media.js';
import { Status } from './message.js';

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

/** A list whose items are named by its own name. */
const list = <S extends z.ZodType>(name: string, item: S, least: number, most: number) =>
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

const selectable = `selectable must be a whole number from 0 to the number of options`;

const common = { to: recipient('to'), clientMessageId: idempotencyKey('clientMessageId').nullish() };
type Common = Partial<z.output<z.ZodObject<typeof common>>> & { to: string };

const asking = <C extends OutgoingContent | AskedMedia>({ to, clientMessageId }: Common, content: C) => ({ to, clientMessageId, content });

const BODIES = [
  object({ type: z.literal('text'), ...common, message: messageText('message'), mentions }).transform(
    ({ message: text, mentions, ...body }) => asking(body, { type: 'text', text, mentions }),
  ),
  object({
    ...{ type: z.literal('location'), ...common, latitude: degrees('latitude', 90), longitude: degrees('longitude', 180) },
    ...{ name: optionalWords('name', NAME_MAX), address: optionalWords('address', NAME_MAX) },
  }).transform(({ latitude, longitude, name, address, ...body }) => asking(body, { type: 'location', latitude, longitude, name, address })),
  object({ type: z.literal('contacts'), ...common, contacts: list('contacts', contact, 1, MOST_CONTACTS) }).transform(
    ({ contacts, ...body }) => asking(body, { type: 'contacts', contacts }),
  ),
  object({
    ...{ type: z.literal('poll'), ...common, question: words('question', 1, QUESTION_MAX) },
    options: list('options', words('options', 1, OPTION_MAX), 2, MOST_OPTIONS).refine(
      (options) => new Set(options).size === options.length,
      'options must differ from each other',
    ),
    selectable: z.int({ error: selectable }).min(0, selectable).default(1),
  })
    .refine(({ options, selectable: most }) => most <= options.length, { path: ['selectable'], message: selectable })
    .transform(({ question, options, selectable: most, ...body }) => asking(body, { type: 'poll', question, options, selectable: most })),
  object({ type: z.literal(SENDABLE_TYPES), ...common, ...mediaFields, mentions }).transform(({ to, clientMessageId, ...body }) =>
    asking({ to, clientMessageId }, askedMedia(body)),
  ),
] as const;
const TYPES = BODIES.flatMap(({ in: { shape } }) => [...shape.type.values]);

export const SendMessage = z.discriminatedUnion('type', BODIES, {
  error: ({ input }) => (isObject(input) ? `type must be one of ${TYPES.join(', ')}` : 'the body must be a JSON object'),
});
export const SendHeaders = z.object({ 'idempotency-key': idempotencyKey('Idempotency-Key') });

export const SentMessage = z.object({ messageId: z.string(), status: Status, timestamp: Time });
