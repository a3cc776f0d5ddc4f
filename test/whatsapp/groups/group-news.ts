import type { Account } from '../accounts/account.js';
import { stanza, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';
import type { Group } from './group.js';

/** Tells the devices of all members, and of those just gone, what somebody did in a group. */
export function announceInGroup(world: World, group: Group, actor: Account, change: Stanza, gone: readonly Account[] = []): void {
  const attributes = {
    id: `group-${world.clock.now().order}`,
    from: group.jid,
    type: 'w:gp2',
    participant: actor.addressOf(0, group.byLid),
    ...(group.byLid ? { participant_pn: actor.jid } : { participant_lid: actor.lidJid }),
    addressing_mode: group.addressing,
    notify: actor.name,
    t: world.clock.seconds(),
  };
  for (const member of new Set([...group.ranks.keys(), ...gone])) {
    for (const companion of member.companions.values()) world.switchboard.deliver(companion, stanza('notification', attributes, [change]));
  }
  world.changed();
}
