import type { Companion } from '../accounts/companion.js';
import { acceptChatState, acceptPresence } from '../presence/accept-presence.js';
import { answerIq } from '../routing/iq-answers.js';
import { acceptMessage } from '../routing/accept-message.js';
import { acceptAck, acceptReceipt } from '../routing/accept-receipt.js';
import { stanza, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';
import type { Connection } from './connection.js';

type Handler = (world: World, connection: Connection, companion: Companion, node: Stanza) => void;

/** What a logged-in client may send, by tag. Tags that are not here need no reaction. */
const HANDLERS: Readonly<Record<string, Handler>> = {
  message: acceptMessage,
  receipt: acceptReceipt,
  ack: acceptAck,
  presence: acceptPresence,
  chatstate: acceptChatState,
  call: (world, connection, _companion, node) => {
    const { id, to } = node.attrs;
    connection.send(stanza('ack', { class: 'call', id, from: to, t: world.clock.seconds() }));
  },
};

/** Brings a stanza from a client to what reacts to it. */
export function routeStanza(world: World, connection: Connection, node: Stanza): void {
  if (node.tag === 'iq') {
    if (!connection.answered(node)) answerIq(world, connection, node);
    return;
  }
  // An unpaired client has nothing but queries to send.
  if (connection.companion) HANDLERS[node.tag]?.(world, connection, connection.companion, node);
}
