import type { Account } from '../accounts/account.js';
import type { Group } from '../groups/group.js';
import { stanza, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';
import { deliverTo } from './deliver.js';

/** That `from` received, read or played messages of `to`. Without a type: delivered. */
export interface ReceiptNews {
  readonly from: Account;
  /** The linked device that reports; none when the phone does. It needs no telling itself. */
  readonly fromDevice?: number;
  readonly to: Account;
  readonly ids: readonly string[];
  readonly type?: 'read' | 'played';
  /** Whether the devices speak in LIDs. */
  readonly lid?: boolean;
  /** Where the messages are, if not in the chat of the two. */
  readonly group?: Group;
}

/** That a device could not read a message and wants it again. */
export interface RetryRequest {
  readonly from: Account;
  readonly fromDevice: number;
  readonly to: Account;
  readonly toDevice: number;
  readonly id: string;
  /** The chat, when the asking device belongs to the author's own account. */
  readonly recipient?: string | undefined;
  readonly children: readonly Stanza[];
  readonly lid?: boolean;
  readonly group?: Group;
}

function jidOf(account: Account, device: number, lid = false): string {
  return account.addressOf(device, lid);
}

/** Who reports, as the attributes of a receipt say it. */
function reporter(from: Account, device: number, group: Group | undefined, lid: boolean | undefined): Record<string, string> {
  return group ? { from: group.jid, participant: jidOf(from, device, group.byLid) } : { from: jidOf(from, device, lid) };
}

/** Tells the author's phone and linked devices; a read message is also news for the reader's own other devices. */
export function relayReceipt(world: World, news: ReceiptNews): void {
  const { from, to, ids, type, lid, group } = news;
  const [first = '', ...rest] = ids;
  if (first === '') return;
  const content =
    rest.length > 0
      ? [
          stanza(
            'list',
            {},
            rest.map((id) => stanza('item', { id })),
          ),
        ]
      : undefined;
  const common = { id: first, type, t: world.clock.seconds() };
  for (const companion of to === from ? [] : to.companions.values()) {
    world.switchboard.deliver(companion, stanza('receipt', { ...common, ...reporter(from, 0, group, lid) }, content));
  }
  if (to !== from)
    for (const id of ids)
      to.phone.mailbox.takeReceipt({ ...world.clock.now(), id, from: from.number, type: type ?? 'delivered', group: group?.jid ?? null });
  for (const companion of type ? from.companions.values() : []) {
    if (companion.device === news.fromDevice) continue;
    const own = group
      ? { ...common, from: group.jid, participant: jidOf(from, 0, group.byLid), recipient: jidOf(to, 0, group.byLid) }
      : { ...common, from: jidOf(from, 0, lid), recipient: jidOf(to, 0, lid) };
    world.switchboard.deliver(companion, stanza('receipt', own, content));
  }
  world.stats.count('receipts', type ?? 'delivered', ids.length);
  for (const id of ids) world.traces.add(id, 'receipt', jidOf(from, news.fromDevice ?? 0), type ?? 'delivered');
  world.changed();
}

/** Brings a retry request to the device that encrypted the message. */
export function relayRetry(world: World, request: RetryRequest): void {
  const { from, fromDevice, to, toDevice, id, recipient, children, lid, group } = request;
  const attributes = { id, type: 'retry', ...reporter(from, fromDevice, group, lid), recipient, t: world.clock.seconds() };
  world.traces.add(id, 'retry', jidOf(from, fromDevice), `asks ${jidOf(to, toDevice)}`);
  deliverTo(world, to, toDevice, stanza('receipt', attributes, [...children]));
}
