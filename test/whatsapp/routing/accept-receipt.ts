import type { Companion } from '../accounts/companion.js';
import type { Group } from '../groups/group.js';
import { acceptMediaRetry } from '../media/media-retry.js';
import type { Connection } from '../server/connection.js';
import { isGroupJid, LID_SERVER, parseJid } from '../wire/jids.js';
import { childOf, childrenOf, stanza, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';
import { relayReceipt, relayRetry } from './relay-receipt.js';

type ReceiptHandler = (world: World, companion: Companion, node: Stanza, ids: readonly string[]) => void;

/** What each type of receipt means beyond "I have it". */
const HANDLERS: Readonly<Record<string, ReceiptHandler>> = {
  delivered: (world, companion, node, ids) => news(world, companion, node, ids),
  read: (world, companion, node, ids) => news(world, companion, node, ids, 'read'),
  played: (world, companion, node, ids) => news(world, companion, node, ids, 'played'),
  retry: askAgain,
  'server-error': acceptMediaRetry,
};

/** Types by which a device does not confirm that it has the message. */
const UNCONFIRMING = new Set(['retry', 'read', 'read-self', 'played', 'server-error', 'enc_rekey_retry']);

/** Takes a receipt from a linked device: it settles what the device was sent, and goes on to the message's author. */
export function acceptReceipt(world: World, connection: Connection, companion: Companion, node: Stanza): void {
  const { id, to, type, participant } = node.attrs;
  if (!id) return;
  const ids = [id, ...childrenOf(childOf(node, 'list')).flatMap(({ attrs }) => attrs['id'] ?? [])];
  if (!UNCONFIRMING.has(type ?? '')) for (const settled of ids) settle(world, companion, 'message', settled, to, type ?? 'delivered');
  HANDLERS[type ?? 'delivered']?.(world, companion, node, ids);
  connection.send(stanza('ack', { class: 'receipt', id, from: to, type, participant, t: world.clock.seconds() }));
}

/** Takes an acknowledgement, which may say that the device could make nothing of what it got. */
export function acceptAck(world: World, _connection: Connection, companion: Companion, node: Stanza): void {
  const { class: tag = '', id = '', to, error } = node.attrs;
  if (error !== undefined) {
    world.stats.count('nacksIn', error);
    world.traces.add(id, 'nacked', companion.jid, error);
  }
  settle(world, companion, tag, id, to, error === undefined ? 'ack' : `nack ${error}`);
}

function settle(world: World, companion: Companion, tag: string, id: string, from: string | undefined, how: string): void {
  const settled = companion.queue.settle(tag, id, from);
  if (!settled) return;
  world.changed();
  if (tag !== 'message') return;
  world.stats.count('messages', 'acked');
  world.traces.add(id, 'acked', companion.jid, how);
}

function news(world: World, companion: Companion, node: Stanza, ids: readonly string[], type?: 'read' | 'played'): void {
  const { to, participant = to } = node.attrs;
  const author = world.directory.find(participant);
  if (!author) return;
  const lid = parseJid(participant)?.server === LID_SERVER;
  const group = groupOf(world, to);
  relayReceipt(world, { from: companion.account, fromDevice: companion.device, to: author, ids, lid, ...group, ...(type && { type }) });
}

function askAgain(world: World, companion: Companion, node: Stanza): void {
  const { id = '', to, participant = to, recipient } = node.attrs;
  const author = world.directory.find(participant);
  const address = parseJid(participant);
  if (!author || !address) return;
  world.stats.count('retries', 'companion');
  relayRetry(world, {
    from: companion.account,
    fromDevice: companion.device,
    to: author,
    toDevice: address.device,
    id,
    recipient,
    children: childrenOf(node),
    lid: address.server === LID_SERVER,
    ...groupOf(world, to),
  });
}

function groupOf(world: World, jid: string | undefined): { group?: Group } {
  const group = isGroupJid(jid) ? world.groups.find(jid) : undefined;
  return group ? { group } : {};
}
