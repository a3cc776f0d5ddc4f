import type { Companion } from '../accounts/companion.js';
import { refusalOfGroupMessage, relayToGroup } from '../groups/accept-group-message.js';
import type { Connection } from '../server/connection.js';
import { formatJid, isGroupJid, LID_SERVER, parseJid } from '../wire/jids.js';
import { childOf, childrenOf, stanza, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';
import { deliverTo } from './deliver.js';
import { refusalOnCommand } from './refusal.js';

/** One device's copy of a message: who it is for, and the ciphertext. */
interface Copy {
  readonly jid: string;
  readonly enc: Stanza;
}

const NOT_FOUND = 404;
const INVALID = 479;

/** Takes a message from a linked device: a copy goes to each device it was encrypted for, the sender gets its acknowledgement. */
export function acceptMessage(world: World, connection: Connection, sender: Companion, node: Stanza): void {
  const { id, to } = node.attrs;
  if (!id || !to) return;
  const error =
    refusalOnCommand(world, sender, to) ?? (isGroupJid(to) ? passToGroup(world, sender, node, to) : passOn(world, sender, node, to));
  if (error !== undefined) {
    world.stats.count('messages', 'refused');
    world.stats.count('nacksOut', String(error));
    world.traces.add(id, 'refused', sender.jid, String(error));
  }
  connection.send(stanza('ack', { class: 'message', id, from: to, t: world.clock.seconds(), type: node.attrs['type'], error }));
}

/** Relays a message to persons; gives the error that refuses it. */
function passOn(world: World, sender: Companion, node: Stanza, to: string): number | undefined {
  const copies = copiesIn(node);
  if (!world.directory.find(to)) return NOT_FOUND;
  if (copies.length === 0) return INVALID;
  accepted(world, sender, node, to);
  for (const copy of copies) relayCopy(world, sender, node, copy);
  return undefined;
}

function passToGroup(world: World, sender: Companion, node: Stanza, to: string): number | undefined {
  const group = world.groups.find(to);
  const error = group ? refusalOfGroupMessage(group, sender, node) : NOT_FOUND;
  if (!group || error !== undefined) return error;
  accepted(world, sender, node, to);
  relayToGroup(world, group, sender, node);
  return undefined;
}

function accepted(world: World, sender: Companion, node: Stanza, to: string): void {
  world.stats.count('messages', 'accepted');
  world.traces.add(node.attrs['id'] ?? '', 'accepted', sender.jid, `to ${to}`);
}

/** A message for everyone lists a copy per device; one for a single device (a repeat, a peer message) carries its only ciphertext itself. */
function copiesIn(node: Stanza): Copy[] {
  const direct = childOf(node, 'enc');
  if (direct) return [{ jid: node.attrs['to'] ?? '', enc: direct }];
  return childrenOf(childOf(node, 'participants')).flatMap((target) => {
    const enc = childOf(target, 'enc');
    return enc && target.attrs['jid'] ? [{ jid: target.attrs['jid'], enc }] : [];
  });
}

function relayCopy(world: World, sender: Companion, node: Stanza, { jid, enc }: Copy): void {
  const address = parseJid(jid);
  const target = world.directory.find(jid);
  if (!address || !target) return;
  const { account } = sender;
  // Who was blocked is not told, and not heard.
  if (target.blocked.has(account.number)) return;
  const { id, to, type, category, edit } = node.attrs;
  const byLid = address.server === LID_SERVER;
  const identity = enc.attrs['type'] === 'pkmsg' ? childOf(node, 'device-identity') : undefined;
  const attributes = {
    from: byLid ? sender.lid : sender.jid,
    id,
    t: world.clock.seconds(),
    type,
    category,
    edit,
    notify: account.name,
    sender_lid: byLid ? undefined : account.lidJid,
    sender_pn: byLid ? account.jid : undefined,
    recipient: target === account && category !== 'peer' ? chatOf(node.attrs['recipient'] ?? to) : undefined,
  };
  deliverTo(world, target, address.device, stanza('message', attributes, identity ? [enc, identity] : [enc]));
}

function chatOf(jid: string | undefined): string | undefined {
  const address = parseJid(jid);
  return address && formatJid(address.user, 0, address.server);
}
