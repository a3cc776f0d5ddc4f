// What clients may send. Unknown keys are ignored, since the backends send extras.
import { z } from 'zod';
import { SessionId, toRecipientJid } from '../../shared/domain/ids.js';
import { AppError } from '../../shared/errors.js';

const TEXT_MAX = 65_536;
const LONE_SURROGATE = /\p{Surrogate}/u;
/** A string of any length; a wrong one is named by `name`. */
export const string = (name: string) =>
  z.string({ error: ({ input }) => (input === undefined || input === null ? `${name} is required` : `${name} must be a string`) });
export const object = <S extends z.ZodRawShape>(shape: S) => z.object(shape, { error: 'the body must be a JSON object' });

/** Backends send null or '' for a label they do not have. */
const label = (name: string) =>
  string(name)
    .max(255, `${name} must be at most 255 characters`)
    .nullish()
    .transform((value) => (value === null || value === '' ? undefined : value));

const idempotencyKey = (name: string) =>
  string(name)
    .regex(/^[\x20-\x7e]{1,255}$/, `${name} must be 1 to 255 printable ASCII characters`)
    .optional();

const count = (name: string, min: number, max: number, absent: number) => {
  const error = `${name} must be a whole number from ${min} to ${max}, given once`;
  return z
    .string({ error })
    .regex(/^\d{1,10}$/, error)
    .transform(Number)
    .pipe(z.int({ error }).min(min, error).max(max, error))
    .default(absent);
};

/** Any form of an address, as the jid WhatsApp uses. */
export const recipient = (name: string) =>
  string(name).transform((to, context) => {
    const jid = toRecipientJid(to);
    if (jid !== undefined) return jid;
    context.addIssue({
      code: 'custom',
      message: `${name} must be a phone number with its country code, digits only, or an address ending in @s.whatsapp.net, @lid or @g.us`,
    });
    return z.NEVER;
  });

export const messageText = (name: string) =>
  string(name)
    .min(1, `${name} must not be empty`)
    .max(TEXT_MAX, `${name} must be at most ${TEXT_MAX} characters`)
    // It could not be encoded and would reach the phone as a replacement character.
    .refine((text) => !LONE_SURROGATE.test(text), `${name} must not hold half of a surrogate pair`);

export const SessionPath = z.object({ id: SessionId });
export const NoBody = object({});
export const CreateSession = object({
  sessionId: string('sessionId').pipe(SessionId),
  userId: label('userId'),
  sessionName: label('sessionName'),
});
export const SlotPath = z.object({
  slot: z
    .string()
    .regex(/^\d{1,6}$/, 'the slot must be a whole number')
    .transform(Number),
});
export const MoveSession = object({
  slot: z
    .int({ error: 'slot must be a whole number' })
    .nonnegative('slot must not be negative')
    .nullish()
    .transform((slot) => slot ?? undefined),
});
export const SendMessage = object({
  to: recipient('to'),
  type: z.literal('text', { error: 'type must be text' }),
  message: messageText('message'),
  clientMessageId: idempotencyKey('clientMessageId').nullable(),
});
export const SendHeaders = z.object({ 'idempotency-key': idempotencyKey('Idempotency-Key') });
/** Of lists that come by pages. */
export const PageQuery = z.object({ limit: count('limit', 1, 500, 50), offset: count('offset', 0, 1_000_000_000, 0) });
const eventNumber = (name: string) => {
  const error = `${name} must be the number of an event, given once`;
  return z
    .string({ error })
    .regex(/^\d{1,16}$/, error)
    .transform(Number)
    .pipe(z.int({ error }));
};
const created = 'createdAt must be the createdAt of the session, in ISO 8601 in UTC';
export const EventsQuery = z.object({
  after: eventNumber('after').optional(),
  limit: count('limit', 1, 500, 100),
  createdAt: z
    .string({ error: created })
    .pipe(z.iso.datetime({ error: created }))
    .transform(Date.parse)
    .optional(),
});
export const EventsHeaders = z.object({ 'last-event-id': eventNumber('Last-Event-ID').optional() });
const REPLAYED_AT_ONCE = 10_000;
const ids = `ids must be 1 to ${REPLAYED_AT_ONCE} whole numbers`;
export const ReplayReports = object({
  ids: z
    .array(z.int({ error: ids }).nonnegative(ids), { error: ids })
    .min(1, ids)
    .max(REPLAYED_AT_ONCE, ids)
    .optional(),
});
export const PairingCode = object({
  phoneNumber: string('phoneNumber')
    .regex(/^\+?[1-9]\d{5,14}$/, 'phoneNumber must be the country code and number, digits only, with or without a leading +')
    .transform((number) => number.replace('+', '')),
});
const QR_FORMATS = ['json', 'png', 'svg', 'raw'] as const;
export type QrFormat = (typeof QR_FORMATS)[number];
export const QrQuery = z.object({ format: z.enum(QR_FORMATS, { error: `format must be one of ${QR_FORMATS.join(', ')}` }).optional() });

/** @throws INVALID_REQUEST with `details.issues: [{path, message}]` */
export const parse = <S extends z.ZodType>(schema: S, value: unknown): z.output<S> => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  throw invalidRequest(issues);
};

/** A 400 whose sentence says what is wrong, and whose details say where. */
export const invalidRequest = (issues: { path: string; message: string }[]): AppError =>
  new AppError('INVALID_REQUEST', `The request is not valid: ${issues.map(({ message }) => message).join('; ')}.`, { details: { issues } });
