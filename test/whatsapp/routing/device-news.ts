import type { Companion } from '../accounts/companion.js';
import { stanza } from '../wire/stanza.js';
import type { World } from '../world.js';

/** Tells everyone who ever asked for an account's devices that one came or went, so that nobody encrypts for an outdated list. */
export function announceDevice(world: World, changed: Companion, change: 'add' | 'remove'): void {
  const { account } = changed;
  const audience = new Set([...account.watchers, account.number]);
  for (const number of audience) {
    for (const companion of world.directory.find(`${number}@s.whatsapp.net`)?.companions.values() ?? []) {
      if (companion === changed) continue;
      const device = stanza('device', { jid: changed.jid, 'key-index': changed.keyIndex });
      const attributes = { id: `devices-${world.clock.now().order}`, from: account.jid, type: 'devices', t: world.clock.seconds() };
      world.switchboard.deliver(companion, stanza('notification', attributes, [stanza(change, {}, [device])]));
    }
  }
}
