import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { decodeBinaryNode, encodeBinaryNode } from '@whiskeysockets/baileys';
import type { WebSocket } from 'ws';
import type { Companion } from '../accounts/companion.js';
import type { FaultOf } from '../faults/fault.js';
import type { Subject } from '../faults/matching.js';
import type { ConnectionRecord } from '../record/connection-log.js';
import { FrameReader, frame } from '../wire/frame-reader.js';
import { NoiseResponder, type Transport } from '../wire/noise-responder.js';
import { stanza, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';
import { corrupted } from './corruption.js';
import { HeldSocket } from './held-socket.js';
import { admit } from './login.js';
import { routeStanza } from './stanza-router.js';

/** What can be sent that no client expects. */
export type GarbageForm = 'ciphertext' | 'plaintext' | 'node';

/** How long a client may take to close after it was told why; milliseconds. */
const CLOSE_GRACE_MS = 5_000;
/** For a delay that does not say how long. */
const DEFAULT_DELAY_MS = 1_000;

/** One client connection: handshake, frames, stanzas both ways, and the faults laid upon them. */
export class Connection {
  readonly record: ConnectionRecord;
  /** Who logged in here; null while pairing. */
  companion: Companion | null = null;
  readonly #world: World;
  readonly #socket: WebSocket;
  readonly #raw: Duplex;
  readonly #gate: HeldSocket;
  readonly #reader = new FrameReader();
  readonly #handshake: NoiseResponder;
  readonly #waiting = new Map<string, (reply: Stanza | null) => void>();
  #transport: Transport | null = null;
  #helloAnswered = false;
  #heldBack: Buffer[] = [];
  #work: Promise<void> = Promise.resolve();
  #lastQuery = 0;
  #closing = false;

  constructor(world: World, socket: WebSocket, raw: Duplex) {
    this.#world = world;
    this.#socket = socket;
    this.#raw = raw;
    this.#gate = new HeldSocket(raw);
    this.#handshake = new NoiseResponder(world.identity, FrameReader.header);
    this.record = world.connections.open();
    socket.on('message', (data: Buffer) => this.#receive(data));
    socket.on('error', (error) => this.#closed(`socket error: ${error.message}`));
    socket.on('close', () => this.#closed('closed'));
    // The first sign of the end counts, so that a client that closed before it came back never looks connected twice.
    const ended = (): void => this.#closed(socket.readyState === socket.OPEN ? 'client vanished' : 'client closed');
    raw.prependListener('error', ended).prependListener('end', ended).prependListener('close', ended);
    this.applyFreeze();
  }

  get subject(): Subject {
    const { companion } = this;
    return { number: companion?.account.number ?? null, device: companion?.device ?? null, connId: this.record.connId };
  }

  get open(): boolean {
    return this.record.closedAt === null;
  }

  /** Sends a stanza, unless a fault has other plans for it. */
  send(node: Stanza): void {
    const fault = this.#world.faults.strikeStanza('out', node, this.subject);
    this.#bend(fault, node, (bent) => this.#write(bent));
  }

  /** Sends a query and gives the reply to it; null when the connection ends or the time (milliseconds) is up first. */
  async query(node: Stanza, timeoutMs: number): Promise<Stanza | null> {
    const id = `srv-${this.record.connId}-${++this.#lastQuery}`;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#settle(id, null), timeoutMs);
      this.#waiting.set(id, (reply) => {
        clearTimeout(timer);
        resolve(reply);
      });
      this.send({ ...node, attrs: { ...node.attrs, id } });
    });
  }

  /** Hands a reply to whoever asked; false when nobody did. */
  answered(reply: Stanza): boolean {
    return this.#settle(reply.attrs['id'] ?? '', reply);
  }

  /** Sends the last stanza and lets the client close; closes itself when that takes too long. */
  farewell(last: Stanza, reason: string): void {
    this.record.closeReason ??= reason;
    this.#closing = true;
    this.send(last);
    setTimeout(() => this.destroy(reason), CLOSE_GRACE_MS).unref();
  }

  /** `<stream:error>` with a code, or with a child saying why, and the end. */
  streamError(code: number | null, child: Stanza | null, reason: string): void {
    this.farewell(stanza('stream:error', { code: code ?? undefined }, child ? [child] : undefined), reason);
  }

  /** Ends the websocket politely. */
  close(reason: string): void {
    this.record.closeReason ??= reason;
    this.#closing = true;
    this.#socket.close();
    setTimeout(() => this.destroy(reason), CLOSE_GRACE_MS).unref();
  }

  /** Cuts TCP. */
  destroy(reason: string): void {
    this.#closed(reason);
    this.#raw.destroy();
  }

  /** Sends bytes that no client can make sense of. */
  sendGarbage(form: GarbageForm): void {
    const noise = randomBytes(48);
    if (form === 'node') this.#write(stanza('garbage', { id: noise.toString('hex', 0, 8), type: 'garbage' }, noise));
    else if (form === 'ciphertext') this.#put(frame(noise));
    // A list longer than the bytes that follow: decrypts, and then makes no node.
    else this.#put(() => this.#sealed(Buffer.from([0, 248, 250, 3, 251, 7])));
  }

  /** Stops or starts reading and writing, as the faults in force say. */
  applyFreeze(): void {
    const frozen = this.open && this.#world.faults.freezes(this.subject);
    if (frozen === this.#gate.holding) return;
    if (frozen) return this.#gate.hold();
    this.#gate.release();
    for (const bytes of this.#heldBack.splice(0)) this.#socket.send(bytes);
  }

  #receive(data: Buffer): void {
    try {
      for (const bytes of this.#reader.push(data)) this.#work = this.#work.then(async () => this.#takeFrame(bytes));
    } catch (error) {
      this.#protocolError(error);
    }
  }

  async #takeFrame(bytes: Buffer): Promise<void> {
    if (!this.open) return;
    try {
      if (this.#transport) this.#takeStanza(await decodeBinaryNode(this.#transport.open(bytes)));
      else if (this.#helloAnswered) this.#finishHandshake(bytes);
      else {
        this.#helloAnswered = true;
        this.#put(frame(this.#handshake.answerHello(bytes)));
      }
    } catch (error) {
      this.#protocolError(error);
    }
  }

  #finishHandshake(bytes: Buffer): void {
    const { noiseKey, payload, transport } = this.#handshake.finish(bytes);
    this.#transport = transport;
    admit(this.#world, this, noiseKey, payload);
  }

  #takeStanza(node: Stanza): void {
    // Whoever was told to go, because another took its place or its account let it go, has nothing to say any more.
    if (this.#closing) return;
    this.#world.stats.count('stanzasIn', node.tag);
    const fault = this.#world.faults.strikeStanza('in', node, this.subject);
    this.#bend(fault, node, (bent) => routeStanza(this.#world, this, bent));
  }

  #bend(fault: FaultOf<'stanza'> | undefined, node: Stanza, pass: (node: Stanza) => void): void {
    switch (fault?.action) {
      case undefined:
        return pass(node);
      case 'swallow':
        return;
      case 'delay':
        setTimeout(() => this.open && pass(node), fault.delayMs ?? DEFAULT_DELAY_MS).unref();
        return;
      case 'duplicate':
        pass(node);
        return pass(node);
      case 'corrupt':
        return pass(corrupted(node));
    }
  }

  #write(node: Stanza): void {
    if (!this.#transport) return;
    this.#world.stats.count('stanzasOut', node.tag);
    this.#put(() => this.#sealed(encodeBinaryNode(node)));
  }

  #sealed(plaintext: Buffer): Buffer {
    return this.#transport ? frame(this.#transport.seal(plaintext)) : Buffer.alloc(0);
  }

  #put(bytes: Buffer | (() => Buffer)): void {
    if (!this.open || this.#socket.readyState !== this.#socket.OPEN) return;
    const ready = typeof bytes === 'function' ? bytes() : bytes;
    if (this.#gate.holding) this.#heldBack.push(ready);
    else this.#socket.send(ready);
  }

  #settle(id: string, reply: Stanza | null): boolean {
    const resolve = this.#waiting.get(id);
    this.#waiting.delete(id);
    resolve?.(reply);
    return resolve !== undefined;
  }

  #protocolError(error: unknown): void {
    if (!this.open || this.#closing) return;
    this.#world.stats.count('errors', 'protocol');
    this.destroy(`protocol error: ${error instanceof Error ? error.message : String(error)}`);
  }

  #closed(reason: string): void {
    if (!this.open) return;
    this.#world.connections.closed(this.record, reason);
    for (const id of [...this.#waiting.keys()]) this.#settle(id, null);
    this.#world.pairing.forget(this);
    this.#world.switchboard.gone(this);
  }
}
