// What the supervisor can ask WhatsApp for through a connected session: the one table that types, checks and deadlines come from.
import type { z } from 'zod';
import { CHAT_QUERIES } from './queries/chat-queries.js';
import { CONTACT_QUERIES } from './queries/contact-queries.js';
import { GROUP_QUERIES } from './queries/group-queries.js';
import { PROFILE_QUERIES } from './queries/profile-queries.js';
import type { QuerySchema } from './queries/query-schema.js';

export const QUERIES = { ...CHAT_QUERIES, ...CONTACT_QUERIES, ...GROUP_QUERIES, ...PROFILE_QUERIES } as const satisfies Record<
  string,
  QuerySchema
>;

export type QueryName = keyof typeof QUERIES;
export type QueryParams<Q extends QueryName> = z.infer<(typeof QUERIES)[Q]['params']>;
export type QueryResult<Q extends QueryName> = z.infer<(typeof QUERIES)[Q]['result']>;

/** The row of a query. */
export const queryOf = (name: QueryName): QuerySchema => QUERIES[name];
