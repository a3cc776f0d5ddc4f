import { z } from 'zod';
import { AppError } from '../../shared/errors.js';
import { queryOf, type QueryName } from '../../shared/ipc/queries.js';
import { CHAT_HANDLERS } from './chat-handlers.js';
import { CONTACT_HANDLERS } from './contact-handlers.js';
import { GROUP_HANDLERS } from './group-handlers.js';
import { PROFILE_HANDLERS } from './profile-handlers.js';
import type { QueryHandlers, QueryScope } from './query-scope.js';
import { refusalOf } from './refusals.js';

const HANDLERS: QueryHandlers<QueryName> = { ...CHAT_HANDLERS, ...CONTACT_HANDLERS, ...GROUP_HANDLERS, ...PROFILE_HANDLERS };

/**
 * Asks WhatsApp through a connection. Waits as long as the table allows, whatever Baileys does; an answer that comes later is dropped.
 * @throws AppError of what WhatsApp answered; DEADLINE_EXCEEDED, or OUTCOME_UNKNOWN for what must not be done twice
 */
export const runQuery = async (name: QueryName, params: unknown, scope: QueryScope): Promise<unknown> => {
  const { params: schema, deadlineMs, once } = queryOf(name);
  const parsed = schema.safeParse(params);
  if (!parsed.success) throw new AppError('INVALID_REQUEST', 'The request is not valid.', { cause: z.prettifyError(parsed.error) });
  // Each handler takes what its schema gives; the compiler cannot see that they go together.
  const handle = HANDLERS[name] as (params: unknown, scope: QueryScope) => Promise<unknown>;
  try {
    return await inTime(handle(parsed.data, scope), deadlineMs, () => unanswered(once === true));
  } catch (error) {
    throw refusalOf(name, error);
  }
};

/** Whatever was asked may have been done all the same. */
const unanswered = (once: boolean): AppError =>
  once
    ? new AppError('OUTCOME_UNKNOWN', 'WhatsApp did not answer in time; look whether it was done before you ask again.')
    : new AppError('DEADLINE_EXCEEDED', 'WhatsApp did not answer in time.');

/** Waits for `work` at most `ms`, then rejects with `late`. */
export const inTime = async <T>(work: Promise<T>, ms: number, late: () => AppError): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(late());
    }, ms);
  });
  return Promise.race([work, timeout]).finally(() => {
    clearTimeout(timer);
  });
};
