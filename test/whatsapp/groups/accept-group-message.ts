import type { Companion } from '../accounts/companion.js';
import { deliverTo } from '../routing/deliver.js';
import { parseJid } from '../wire/jids.js';
import { childOf, childrenOf, stanza, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';
import type { Group } from './group.js';

const FORBIDDEN = 403;
const INVALID = 479;

/** Why a group message is refused; undefined when it is not. */
export function refusalOfGroupMessage(group: Group, sender: Companion, node: Stanza): number | undefined {
  const { account } = sender;
  if (!group.has(account) || (group.announcement && !group.isAdmin(account))) return FORBIDDEN;
  return childOf(node, 'enc') ? undefined : INVALID;
}

/** Brings a group message to every device of every member but its sender; a repeat, which names its reader, only to that one. */
export function relayToGroup(world: World, group: Group, sender: Companion, node: Stanza): void {
  const shared = childOf(node, 'enc');
  if (!shared) return;
  const reader = node.attrs['participant'];
  const identity = childOf(node, 'device-identity');
  const attributes = envelope(world, group, sender, node);
  if (reader !== undefined) {
    const account = world.directory.find(reader);
    if (account && group.has(account)) {
      deliverTo(world, account, parseJid(reader)?.device ?? 0, stanza('message', attributes, identity ? [shared, identity] : [shared]));
    }
    return;
  }
  const keys = keysFor(world, node);
  for (const member of group.ranks.keys()) {
    for (const device of [0, ...member.companions.keys()]) {
      if (member === sender.account && device === sender.device) continue;
      const key = keys.get(`${member.number}:${device}`);
      const vouched = key?.attrs['type'] === 'pkmsg' && identity ? [identity] : [];
      deliverTo(world, member, device, stanza('message', attributes, [...(key ? [key] : []), shared, ...vouched]));
    }
  }
}

function envelope(world: World, group: Group, sender: Companion, node: Stanza): Parameters<typeof stanza>[1] {
  const { account, device } = sender;
  const { id, type, edit } = node.attrs;
  return {
    from: group.jid,
    participant: account.addressOf(device, group.byLid),
    ...(group.byLid ? { participant_pn: account.jid } : { participant_lid: account.lidJid }),
    addressing_mode: group.addressing,
    id,
    t: world.clock.seconds(),
    type,
    edit,
    notify: account.name,
  };
}

/** The sender's key as it was encrypted for single devices, by number:device. */
function keysFor(world: World, node: Stanza): ReadonlyMap<string, Stanza> {
  const entries = childrenOf(childOf(node, 'participants')).flatMap((target) => {
    const address = parseJid(target.attrs['jid']);
    const account = world.directory.find(target.attrs['jid']);
    const enc = childOf(target, 'enc');
    return address && account && enc ? [[`${account.number}:${address.device}`, enc] as const] : [];
  });
  return new Map(entries);
}
