import type { QueryName, QueryParams, QueryResult } from '../../shared/ipc/queries.js';
import type { WASocket } from '../baileys.js';
import type { GroupCache } from './group-cache.js';
import type { PresenceBoard } from './presence-board.js';
import type { PresenceTeller } from './presence-teller.js';

/** What a query works with: the connection of one session. */
export interface QueryScope {
  readonly sock: WASocket;
  readonly groups: GroupCache;
  readonly presences: PresenceBoard;
  readonly presenceTeller: PresenceTeller;
}

/** May throw what Baileys throws for an error that WhatsApp answered; `refusalOf` says what it means. */
export type QueryHandlers<Q extends QueryName> = {
  readonly [Name in Q]: (params: QueryParams<Name>, scope: QueryScope) => Promise<QueryResult<Name>>;
};
