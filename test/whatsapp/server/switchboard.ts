import type { Companion } from '../accounts/companion.js';
import type { Delivery } from '../accounts/delivery-queue.js';
import { ControlError } from '../control/control-error.js';
import type { Target } from '../faults/fault.js';
import { targets } from '../faults/matching.js';
import { SERVER_JID } from '../wire/jids.js';
import { stanza, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';
import type { Connection } from './connection.js';

/** Knows the open connections and brings stanzas to linked devices: now if they listen, at their next login otherwise. */
export class Switchboard {
  readonly #connections = new Set<Connection>();
  readonly #world: () => World;

  constructor(world: () => World) {
    this.#world = world;
  }

  arrived(connection: Connection): void {
    this.#connections.add(connection);
  }

  gone(connection: Connection): void {
    this.#connections.delete(connection);
    const { companion } = connection;
    if (companion?.connection !== connection) return;
    companion.connection = null;
    companion.receiving = false;
    this.#world().presence.set(companion, false);
  }

  /** Lets a connection speak for a device. An older one of the same device is told that it was replaced. */
  loggedIn(connection: Connection, companion: Companion): void {
    const older = companion.connection;
    this.#world().connections.loggedIn(connection.record, companion.jid);
    connection.companion = companion;
    companion.connection = connection;
    companion.receiving = false;
    older?.streamError(null, stanza('conflict', { type: 'replaced' }), 'replaced');
    connection.applyFreeze();
  }

  /** Queues a stanza for a device until the device acknowledges it, and sends it if the device listens. */
  deliver(companion: Companion, node: Stanza): void {
    const world = this.#world();
    const delivery = companion.queue.push(node);
    world.changed();
    if (node.tag === 'message') {
      world.stats.count('messages', 'queued');
      world.traces.add(node.attrs['id'] ?? '', 'queued', companion.jid);
    }
    if (companion.receiving) this.#write(companion, delivery, node);
  }

  /** Sends everything a device missed, in order, then says how much that was. From here on it gets what comes at once. */
  startReceiving(companion: Companion): void {
    const { connection } = companion;
    if (!connection) return;
    // A client may ask again on the same connection; what it was sent there is only waiting for its acknowledgement.
    const missed = companion.queue.pending().filter(({ sentOn }) => sentOn !== connection.record.connId);
    for (const [index, delivery] of missed.entries()) {
      if (delivery.sentOn !== null && delivery.node.tag === 'message') this.#world().stats.count('messages', 'redelivered');
      const { node } = delivery;
      this.#write(companion, delivery, { ...node, attrs: { ...node.attrs, offline: String(index) } });
    }
    connection.send(stanza('ib', { from: SERVER_JID }, [stanza('offline', { count: missed.length })]));
    companion.receiving = true;
    if (companion.greeted) return;
    // A new device waits for the history before it shows anything.
    companion.greeted = true;
    companion.account.phone.sendHistory(companion.device).catch(() => this.#world().stats.count('errors', 'history'));
  }

  /** The open connections a target names, or 404 NO_CONNECTION. */
  select(target: Target): Connection[] {
    const found = [...this.#connections].filter((connection) => connection.open && targets(target, connection.subject));
    if (found.length === 0) throw new ControlError(404, 'NO_CONNECTION', 'no open connection is like that');
    return found;
  }

  open(): readonly Connection[] {
    return [...this.#connections];
  }

  #write(companion: Companion, delivery: Delivery, node: Stanza): void {
    const { connection } = companion;
    if (!connection) return;
    delivery.sentOn = connection.record.connId;
    if (node.tag === 'message')
      this.#world().traces.add(node.attrs['id'] ?? '', 'relayed', companion.jid, `connection ${connection.record.connId}`);
    connection.send(node);
  }
}
