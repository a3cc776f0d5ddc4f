import { isGroup, withoutDevice } from '../../shared/domain/ids.js';
import { AppError } from '../../shared/errors.js';
import type { QueryName } from '../../shared/ipc/queries.js';
import type { BinaryNode, GroupMetadata, WASocket } from '../baileys.js';
import { GroupCache } from './group-cache.js';
import { knownPerson } from './people.js';
import { PresenceBoard } from './presence-board.js';
import { PresenceTeller, type ToldPresence } from './presence-teller.js';
import type { QueryScope } from './query-scope.js';
import { refusalOf } from './refusals.js';
import { inTime, runQuery } from './run-query.js';

/** What a message to a group may wait for who is in it; below the time after which a send counts as stuck. */
const MEMBERS_MS = 8_000;
/** Each is needed only until the notice that named it has been passed on. */
const MOST_NUMBERS = 200;

/** What one connection can be asked, and what it learned on the way. */
export class Queries {
  readonly #scope: QueryScope;
  /** Numbers of those who acted in groups, by LID. */
  readonly #numbers = new Map<string, string>();

  /**
   * @param onSubject told what a group is called, whenever WhatsApp was asked about it
   * @param onPresence told who comes, goes or types, after `presence.watch`
   */
  constructor(sock: WASocket, onSubject: (group: string, subject: string) => void, onPresence: (told: ToldPresence) => void) {
    // Kept only as long as somebody waits for it: what is never answered would be what later ones wait for, too.
    const groups = new GroupCache(async (group) => {
      const metadata = await inTime(sock.groupMetadata(group), MEMBERS_MS, late);
      onSubject(group, metadata.subject);
      return metadata;
    });
    const presenceTeller = new PresenceTeller({ personOf: async (jid) => knownPerson(sock, jid), tell: onPresence });
    this.#scope = { sock, groups, presences: new PresenceBoard(), presenceTeller };
    // Before Baileys handles it: a message that is sent meanwhile must not go by who was in the group before.
    sock.ws.prependListener('CB:notification,type:w:gp2', ({ attrs }: BinaryNode) => {
      groups.forget(attrs['from'] ?? '');
      this.#meet(attrs['participant'], attrs['participant_pn']);
    });
    sock.ws.prependListener('CB:ib,,dirty', () => {
      groups.clear();
    });
    sock.ev.on('presence.update', (update) => {
      presenceTeller.hear(this.#scope.presences.hear(update));
    });
  }

  get groups(): GroupCache {
    return this.#scope.groups;
  }

  /** The number of a LID that acted in a group. */
  numberOf(lid: string): string | undefined {
    return this.#numbers.get(lid);
  }

  /** See `runQuery`. */
  async run(name: QueryName, params: unknown): Promise<unknown> {
    return runQuery(name, params, this.#scope);
  }

  /** Resolves when a message to this address can be encrypted without a question of its own. @throws AppError as `groups.get`; NOT_GROUP_ADMIN */
  async ready(to: string): Promise<void> {
    if (!isGroup(to)) return;
    try {
      const { announce, participants } = await this.groups.get(to);
      if (announce === true && !participants.some((member) => isAdmin(member) && this.#isMe(member))) {
        throw new AppError('NOT_GROUP_ADMIN', 'Only admins write in this group, and this account is none.');
      }
    } catch (error) {
      throw refusalOf('groups.get', error);
    }
  }

  #meet(lid: string | undefined, number: string | undefined): void {
    if (lid === undefined || number === undefined) return;
    if (this.#numbers.size >= MOST_NUMBERS) this.#numbers.clear();
    this.#numbers.set(withoutDevice(lid), withoutDevice(number));
  }

  #isMe({ id, lid, phoneNumber }: GroupMember): boolean {
    const { me } = this.#scope.sock.authState.creds;
    const own = [me?.id, me?.lid].flatMap((jid) => (jid === undefined ? [] : [withoutDevice(jid)]));
    return [id, lid, phoneNumber].some((jid) => jid !== undefined && own.includes(withoutDevice(jid)));
  }
}

type GroupMember = GroupMetadata['participants'][number];

const isAdmin = ({ admin }: GroupMember): boolean => admin === 'admin' || admin === 'superadmin';

const late = (): AppError => new AppError('DEADLINE_EXCEEDED', 'WhatsApp did not say in time who is in the group.');
