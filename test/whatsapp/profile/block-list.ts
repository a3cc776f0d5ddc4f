import type { Account } from '../accounts/account.js';
import type { Companion } from '../accounts/companion.js';
import { badRequest } from '../routing/query-refused.js';
import { stanza, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';

/** Whom an account blocked. */
export function answerBlockList(world: World, account: Account): Stanza {
  const items = [...account.blocked].map((number) => stanza('item', { jid: world.directory.byNumber(number).lidJid }));
  return stanza('list', { dhash: `blocked-${items.length}` }, items);
}

/** Blocks or unblocks somebody as a linked device asks. Throws `bad-request` for who is nobody. */
export function changeBlockList(world: World, companion: Companion, item: Stanza | undefined): Stanza {
  const other = world.directory.find(item?.attrs['jid']);
  if (!other) throw badRequest();
  setBlocked(world, companion.account, other, item?.attrs['action'] === 'block', companion);
  return answerBlockList(world, companion.account);
}

/** Blocks or unblocks somebody; the account's devices are told, except the one that did it. */
export function setBlocked(world: World, account: Account, other: Account, blocked: boolean, author?: Companion): void {
  if (blocked) account.blocked.add(other.number);
  else account.blocked.delete(other.number);
  for (const companion of account.companions.values()) {
    if (companion === author) continue;
    const attributes = { id: `blocked-${world.clock.now().order}`, from: account.jid, type: 'account_sync', t: world.clock.seconds() };
    const item = stanza('item', { jid: other.lidJid, action: blocked ? 'block' : 'unblock' });
    world.switchboard.deliver(companion, stanza('notification', attributes, [stanza('blocklist', {}, [item])]));
  }
  world.changed();
}
