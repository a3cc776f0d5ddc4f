import type { Companion } from '../accounts/companion.js';
import { stanza } from '../wire/stanza.js';
import type { World } from '../world.js';
import { announceDevice } from './device-news.js';

/** Removes a linked device: it is told with a 401 now, or refused with one at its next login. */
export function unlink(world: World, companion: Companion): void {
  companion.account.companions.delete(companion.device);
  companion.connection?.streamError(401, stanza('conflict', { type: 'device_removed' }), 'unlinked');
  announceDevice(world, companion, 'remove');
  world.changed();
}
