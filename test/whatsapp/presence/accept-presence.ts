import type { Companion } from '../accounts/companion.js';
import type { Connection } from '../server/connection.js';
import { isGroupJid } from '../wire/jids.js';
import { childrenOf, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';

/** Takes what a linked device says of itself, or its wish to follow somebody. */
export function acceptPresence(world: World, _connection: Connection, companion: Companion, node: Stanza): void {
  const { type, to } = node.attrs;
  if (type === 'subscribe') {
    const followed = world.directory.find(to);
    if (followed) world.presence.follow(companion, followed);
  } else if (type === 'available' || type === 'unavailable') {
    world.presence.set(companion, type === 'available');
  }
}

/** Takes what a linked device says it is doing in a chat. */
export function acceptChatState(world: World, _connection: Connection, companion: Companion, node: Stanza): void {
  const { to } = node.attrs;
  const chat = isGroupJid(to) ? world.groups.find(to) : world.directory.find(to);
  const [doing] = childrenOf(node);
  if (!chat || !doing) return;
  const state = doing.tag === 'paused' ? 'paused' : doing.attrs['media'] === 'audio' ? 'recording' : 'composing';
  world.presence.chatState(companion.account, chat, state, companion.device);
}
