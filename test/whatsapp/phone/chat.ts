import type { Account } from '../accounts/account.js';
import { ControlError } from '../control/control-error.js';
import { Group } from '../groups/group.js';
import { isGroupJid } from '../wire/jids.js';
import type { World } from '../world.js';

/** Where a message goes: to a person or to a group. */
export type Chat = Account | Group;

/** The chat a phone calls so: a number, or a group's address. */
export function findChat(world: World, name: string): Chat | undefined {
  return isGroupJid(name) ? world.groups.find(name) : world.directory.find(`${name}@s.whatsapp.net`);
}

/** The chat a phone wants to write to. Throws NOT_ON_WHATSAPP, GROUP_NOT_FOUND, NOT_IN_GROUP. */
export function chatToWriteTo(world: World, author: Account, name: string): Chat {
  if (!isGroupJid(name)) {
    const account = world.directory.find(`${name}@s.whatsapp.net`);
    if (!account) throw new ControlError(404, 'NOT_ON_WHATSAPP', `${name} is not on WhatsApp`);
    return account;
  }
  const group = world.groups.byJid(name);
  if (!group.has(author)) throw new ControlError(403, 'NOT_IN_GROUP', `${author.number} is not in ${name}`);
  if (group.announcement && !group.isAdmin(author)) throw new ControlError(403, 'ADMINS_ONLY', `only admins write to ${name}`);
  return group;
}

/** How an author is addressed in a chat: by LID in most groups, by number elsewhere. */
export function addressIn(chat: Chat, account: Account): string {
  return account.addressOf(0, chat instanceof Group && chat.byLid);
}
