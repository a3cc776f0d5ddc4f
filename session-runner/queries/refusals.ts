// What an error that WhatsApp answers a query with means to a client: the one table.
import { AppError, type ErrorCode } from '../../shared/errors.js';
import type { QueryName } from '../../shared/ipc/queries.js';

type Meaning = readonly [code: ErrorCode, sentence: string];
type Meanings = Readonly<Partial<Record<number, Meaning>>>;

const ANY: Meanings = {
  400: ['WHATSAPP_REFUSED', 'WhatsApp found something wrong with the request.'],
  401: ['NOT_PERMITTED', 'WhatsApp does not allow this account to do that.'],
  403: ['NOT_PERMITTED', 'WhatsApp does not allow this account to do that.'],
  404: ['NOT_FOUND', 'WhatsApp knows nothing like that.'],
  406: ['WHATSAPP_REFUSED', 'WhatsApp does not accept what was given.'],
  408: ['DEADLINE_EXCEEDED', 'WhatsApp took too long to do that.'],
  409: ['CONFLICT', 'Somebody else changed the same thing meanwhile; try again.'],
  419: ['WHATSAPP_REFUSED', 'WhatsApp allows no more of these.'],
  429: ['RATE_LIMITED', 'WhatsApp limits how often this account may ask; wait some minutes.'],
  500: ['WHATSAPP_UNAVAILABLE', 'WhatsApp failed to do that; try again.'],
  503: ['WHATSAPP_UNAVAILABLE', 'WhatsApp cannot do that now; try again.'],
};

const GROUP: Meanings = {
  401: ['NOT_GROUP_MEMBER', 'This account is not a member of the group.'],
  403: ['NOT_GROUP_MEMBER', 'This account is not a member of the group.'],
  404: ['GROUP_NOT_FOUND', 'There is no such group.'],
};

const GROUP_CHANGE: Meanings = {
  ...GROUP,
  401: ['NOT_GROUP_ADMIN', 'Only the group’s admins may do that, and this account is none.'],
  403: ['NOT_GROUP_ADMIN', 'Only the group’s admins may do that, and this account is none.'],
};

const INVITE: Meanings = {
  401: ['NOT_PERMITTED', 'This account may not come into the group, for example because it was removed from it.'],
  403: ['NOT_PERMITTED', 'This account may not come into the group, for example because it was removed from it.'],
  404: ['INVITE_NOT_VALID', 'The invitation is worth nothing: it was revoked, or never given.'],
  406: ['INVITE_NOT_VALID', 'The invitation is worth nothing: it was revoked, or never given.'],
  409: ['ALREADY_GROUP_MEMBER', 'This account is a member of the group already.'],
  410: ['INVITE_NOT_VALID', 'The invitation is worth nothing any more: it was revoked.'],
};

const PICTURE: Meanings = { 406: ['WHATSAPP_REFUSED', 'WhatsApp does not accept the picture; it takes square JPEGs of up to 640 pixels.'] };

const BY_QUERY: Readonly<Partial<Record<QueryName, Meanings>>> = {
  'groups.get': GROUP,
  'groups.members': GROUP_CHANGE,
  'groups.change': GROUP_CHANGE,
  'groups.invite': GROUP_CHANGE,
  'groups.revokeInvite': GROUP_CHANGE,
  'groups.requests': GROUP_CHANGE,
  'groups.decide': GROUP_CHANGE,
  'groups.leave': GROUP,
  'groups.byInvite': INVITE,
  'groups.join': INVITE,
  'profile.picture': { ...GROUP_CHANGE, ...PICTURE },
};

/** What went wrong with a query, for a client; anything that is no answer of WhatsApp is handed back as it is. */
export const refusalOf = (name: QueryName, error: unknown): unknown => {
  if (error instanceof AppError) return error;
  const code = answeredCode(error);
  if (code === undefined) return error;
  if (code === CLOSED)
    return new AppError('SESSION_NOT_CONNECTED', 'The connection to WhatsApp was lost before it answered.', { cause: error });
  const [meaning, sentence] = BY_QUERY[name]?.[code] ?? ANY[code] ?? unknownCode(code);
  return new AppError(meaning, sentence, { cause: error });
};

const unknownCode = (code: number): Meaning =>
  code >= 500
    ? ['WHATSAPP_UNAVAILABLE', `WhatsApp failed to do that (code ${code}); try again.`]
    : ['WHATSAPP_REFUSED', `WhatsApp refused the request (code ${code}).`];

/** Baileys' own code for a connection that ended. */
const CLOSED = 428;

/** Baileys keeps the code of an answered error in `data`; in `output` it has codes of its own, or of groups that could not be read. */
const answeredCode = (error: unknown): number | undefined => {
  const { data, output } = (error ?? {}) as { data?: unknown; output?: { statusCode?: unknown } };
  if (typeof data === 'number' && data >= 400 && data < 600) return data;
  const status = output?.statusCode;
  return typeof status === 'number' && status !== 500 ? status : undefined;
};
