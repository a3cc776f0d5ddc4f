import type { Account } from '../accounts/account.js';
import { formatJid, PHONE_SERVER } from '../wire/jids.js';
import type { Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';

/** Brings a stanza to a device of an account; false when it has no such device (any more). */
export function deliverTo(world: World, account: Account, device: number, node: Stanza): boolean {
  if (device === 0) {
    if (node.tag === 'message') world.traces.add(node.attrs['id'] ?? '', 'relayed', account.jid);
    account.phone.deliver(node);
    return true;
  }
  const companion = account.companions.get(device);
  if (companion) world.switchboard.deliver(companion, node);
  else if (node.tag === 'message')
    world.traces.add(node.attrs['id'] ?? '', 'refused', formatJid(account.number, device, PHONE_SERVER), 'no such device');
  return companion !== undefined;
}
