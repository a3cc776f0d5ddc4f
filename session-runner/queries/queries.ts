import { isGroup } from '../../shared/domain/ids.js';
import { AppError } from '../../shared/errors.js';
import type { QueryName } from '../../shared/ipc/queries.js';
import type { BinaryNode, WASocket } from '../baileys.js';
import { GroupCache } from './group-cache.js';
import { PresenceBoard } from './presence-board.js';
import type { QueryScope } from './query-scope.js';
import { refusalOf } from './refusals.js';
import { inTime, runQuery } from './run-query.js';

/** What a message to a group may wait for who is in it; below the time after which a send counts as stuck. */
const MEMBERS_MS = 8_000;

/** What one connection can be asked, and what it learned on the way. */
export class Queries {
  readonly #scope: QueryScope;

  constructor(sock: WASocket) {
    const groups = new GroupCache(async (group) => sock.groupMetadata(group));
    this.#scope = { sock, groups, presences: new PresenceBoard() };
    // Before Baileys handles it: a message that is sent meanwhile must not go by who was in the group before.
    sock.ws.prependListener('CB:notification,type:w:gp2', ({ attrs }: BinaryNode) => {
      groups.forget(attrs['from'] ?? '');
    });
    sock.ws.prependListener('CB:ib,,dirty', () => {
      groups.clear();
    });
    sock.ev.on('presence.update', (update) => {
      this.#scope.presences.hear(update);
    });
  }

  get groups(): GroupCache {
    return this.#scope.groups;
  }

  /** See `runQuery`. */
  async run(name: QueryName, params: unknown): Promise<unknown> {
    return runQuery(name, params, this.#scope);
  }

  /** Resolves when a message to this address can be encrypted without a question of its own. @throws AppError as `groups.get` */
  async ready(to: string): Promise<void> {
    if (!isGroup(to)) return;
    const late = (): AppError => new AppError('DEADLINE_EXCEEDED', 'WhatsApp did not say in time who is in the group.');
    try {
      await inTime(this.groups.get(to), MEMBERS_MS, late);
    } catch (error) {
      throw refusalOf('groups.get', error);
    }
  }
}
