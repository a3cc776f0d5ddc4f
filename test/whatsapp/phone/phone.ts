import { proto } from '@whiskeysockets/baileys';
import type { Account } from '../accounts/account.js';
import { DeliveryQueue, type Delivery } from '../accounts/delivery-queue.js';
import { ControlError } from '../control/control-error.js';
import { bundleStanzas, readKeyBundle, takeKeyBundle } from '../routing/key-bundle.js';
import { deliverTo } from '../routing/deliver.js';
import { relayReceipt, relayRetry } from '../routing/relay-receipt.js';
import { parseJid } from '../wire/jids.js';
import { bigEndian, bytesOf, childOf, stanza, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';
import { historyMessage } from './history.js';
import { Mailbox } from './mailbox.js';
import { encodeForOwnDevices, encodeMessage, isVisible, readMessage, type MessageContent } from './message-content.js';
import { newMessageId, type Parcel, type SentMessage } from './outgoing.js';
import type { PhoneKeys } from './phone-keys.js';
import type { SignalBox } from './signal-box.js';

const MAX_RETRIES = 5;
/** Sent messages kept; the oldest are forgotten first. */
const MAX_SENT = 1_000;

/** Device 0 of an account: receives, shows and answers as a real phone does, and sends on command. */
export class Phone {
  readonly queue = new DeliveryQueue();
  readonly sent = new Map<string, SentMessage>();
  readonly #world: World;
  readonly #retries = new Map<string, number>();
  readonly #inHand = new Set<Delivery>();
  #online = true;
  #work: Promise<unknown> = Promise.resolve();

  constructor(
    world: World,
    readonly account: Account,
    readonly keys: PhoneKeys,
    readonly signal: SignalBox,
    readonly mailbox: Mailbox = new Mailbox(),
  ) {
    this.#world = world;
  }

  get online(): boolean {
    return this.#online;
  }

  /** An offline phone receives nothing and sends no receipts; what comes for it waits. */
  setOnline(online: boolean): void {
    this.#online = online;
    this.#world.changed();
    if (online) for (const delivery of this.queue.pending()) this.#take(delivery);
  }

  /** Takes a stanza for this phone, now or when it is back online. */
  deliver(node: Stanza): void {
    const delivery = this.queue.push(node);
    this.#world.changed();
    if (this.#online) this.#take(delivery);
  }

  /** Sends a text to a number as a person would, and resolves with its id when it is on its way. Throws NOT_ON_WHATSAPP, PHONE_OFFLINE. */
  async send(to: string, text: string, id: string = newMessageId()): Promise<string> {
    if (!this.#online) throw new ControlError(409, 'PHONE_OFFLINE', `${this.account.number} is offline`);
    const recipient = this.#world.directory.find(`${to}@s.whatsapp.net`);
    if (!recipient) throw new ControlError(404, 'NOT_ON_WHATSAPP', `${to} is not on WhatsApp`);
    return this.#exclusively(async () => {
      const message: proto.IMessage = { conversation: text };
      const timestamp = this.#world.clock.seconds();
      this.#keep({ id, to, bytes: Buffer.from(proto.Message.encode(message).finish()), timestamp });
      this.#world.stats.count('messages', 'accepted');
      this.#world.traces.add(id, 'accepted', this.account.jid, `to ${recipient.jid}`);
      const others = recipient === this.account ? [] : [0, ...recipient.companions.keys()];
      const parcel = { id, message, chat: recipient, timestamp };
      for (const device of others) await this.#sendTo(recipient, device, parcel);
      for (const device of [...this.account.companions.keys()]) await this.#sendTo(this.account, device, parcel);
      this.#world.changed();
      return id;
    });
  }

  /** Gives a newly linked device the chats of this phone, as far as it is online. */
  async sendHistory(device: number): Promise<void> {
    if (!this.#online) return;
    const message = historyMessage(this.mailbox.arrived, (number) => this.#world.directory.find(`${number}@s.whatsapp.net`)?.lidJid);
    const parcel = { id: newMessageId(), message, chat: this.account, timestamp: this.#world.clock.seconds(), peer: true };
    await this.#exclusively(async () => this.#sendTo(this.account, device, parcel));
  }

  /**
   * Reads messages: those of these ids, or all from that number, or both together. Their senders and this account's linked devices learn of it.
   * Gives how many were read; what was read before does not count again.
   */
  markRead({ from, ids }: { from?: string | undefined; ids?: readonly string[] | undefined }): number {
    const wanted = ids && new Set(ids);
    const unread = this.mailbox.takeUnread(
      (arrival) => (from === undefined || arrival.sender === from) && (!wanted || wanted.has(arrival.id)),
    );
    for (const sender of new Set(unread.map((arrival) => arrival.sender))) {
      const read = unread.flatMap((arrival) => (arrival.sender === sender ? [arrival.id] : []));
      relayReceipt(this.#world, { from: this.account, to: this.#world.directory.byNumber(sender), ids: read, type: 'read' });
    }
    return unread.length;
  }

  /** Resolves when everything begun so far is done. */
  async settled(): Promise<void> {
    await this.#work;
  }

  #take(delivery: Delivery): void {
    if (this.#inHand.has(delivery)) return;
    this.#inHand.add(delivery);
    void this.#exclusively(async () => {
      // It may have gone offline while this waited its turn.
      if (this.#online) {
        await this.#handle(delivery.node);
        this.queue.remove(delivery);
        this.#world.changed();
      }
      this.#inHand.delete(delivery);
    }).catch(() => this.#world.stats.count('errors', 'phone'));
  }

  async #handle(node: Stanza): Promise<void> {
    if (node.tag === 'message') return this.#receive(node);
    if (node.tag === 'receipt' && node.attrs['type'] === 'retry') return this.#sendAgain(node);
  }

  async #receive(node: Stanza): Promise<void> {
    const { id = '', from = '' } = node.attrs;
    const sender = this.#world.directory.find(from);
    const device = parseJid(from)?.device ?? 0;
    const enc = childOf(node, 'enc');
    if (!sender || !enc) return;
    let content: MessageContent;
    try {
      content = readMessage(await this.signal.decrypt(sender.lid, device, enc.attrs['type'] ?? '', bytesOf(enc)));
    } catch (error) {
      this.#world.traces.add(id, 'undecryptable', this.account.jid, error instanceof Error ? error.message : null);
      return this.#askAgain(node, sender, device);
    }
    this.#world.traces.add(id, 'decrypted', this.account.jid);
    if (isVisible(content)) this.#show(node, sender, device, content);
    if (sender !== this.account) relayReceipt(this.#world, { from: this.account, to: sender, ids: [id] });
  }

  #show(node: Stanza, sender: Account, senderDevice: number, { destination, text, kind }: MessageContent): void {
    const { id = '', t = '0', recipient } = node.attrs;
    const fromMe = sender === this.account;
    const chat = fromMe ? this.#world.directory.find(destination ?? recipient) : sender;
    const { shown } = this.mailbox.take({
      ...this.#world.clock.now(),
      id,
      chat: chat?.number ?? parseJid(destination ?? recipient)?.user ?? '',
      sender: sender.number,
      senderDevice,
      fromMe,
      text,
      content: kind,
      timestamp: Number(t),
    });
    this.#world.stats.count('messages', 'arrived');
    if (shown) this.#world.stats.count('messages', 'shown');
    this.#world.traces.add(id, shown ? 'shown' : 'repeated', this.account.jid);
  }

  #askAgain(node: Stanza, sender: Account, device: number): void {
    const { id = '', t, recipient } = node.attrs;
    const key = `${sender.number}:${device} ${id}`;
    const count = (this.#retries.get(key) ?? 0) + 1;
    if (count > MAX_RETRIES) return;
    this.#retries.set(key, count);
    this.#world.stats.count('retries', 'phone');
    const bundle = takeKeyBundle(this.#world, this.account, 0);
    const children = [
      stanza('retry', { count, id, t, v: 1, error: 0 }),
      stanza('registration', {}, bigEndian(this.keys.registrationId, 4)),
      // The first request asks the sender to fetch the keys itself.
      ...(count > 1 && bundle ? [stanza('keys', {}, bundleStanzas(bundle))] : []),
    ];
    relayRetry(this.#world, { from: this.account, fromDevice: 0, to: sender, toDevice: device, id, recipient, children });
  }

  async #sendAgain(receipt: Stanza): Promise<void> {
    const { id = '', from } = receipt.attrs;
    const asking = this.#world.directory.find(from);
    const message = this.sent.get(id);
    const device = parseJid(from)?.device ?? 0;
    const recipient = this.#world.directory.find(`${message?.to ?? ''}@s.whatsapp.net`);
    if (!asking || !message || !recipient) return;
    const bundle = readKeyBundle(receipt) ?? takeKeyBundle(this.#world, asking, device);
    if (!bundle) return;
    await this.signal.open(asking.lid, device, bundle);
    await this.#sendTo(asking, device, {
      id,
      message: proto.Message.decode(message.bytes),
      chat: recipient,
      timestamp: message.timestamp,
      retry: childOf(receipt, 'retry')?.attrs['count'] ?? '1',
    });
  }

  async #sendTo(target: Account, device: number, { id, message, chat, timestamp, retry, peer = false }: Parcel): Promise<void> {
    if (!this.signal.has(target.lid, device)) {
      const bundle = takeKeyBundle(this.#world, target, device);
      if (!bundle) return;
      await this.signal.open(target.lid, device, bundle);
    }
    const own = target === this.account && !peer;
    const plaintext = own ? encodeForOwnDevices(message, chat.jid) : encodeMessage(message);
    const { type, body } = await this.signal.encrypt(target.lid, device, plaintext);
    const attributes = {
      from: this.account.jid,
      id,
      t: timestamp,
      type: 'text',
      notify: this.account.name,
      sender_lid: this.account.lidJid,
      recipient: own ? chat.jid : undefined,
      category: peer ? 'peer' : undefined,
    };
    deliverTo(this.#world, target, device, stanza('message', attributes, [stanza('enc', { v: 2, type, count: retry }, body)]));
  }

  #keep(message: SentMessage): void {
    this.sent.set(message.id, message);
    if (this.sent.size > MAX_SENT) this.sent.delete(this.sent.keys().next().value ?? '');
  }

  /** One thing at a time: a phone's sessions allow no two steps at once, and its chats have an order. */
  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#work.then(work);
    this.#work = turn.catch(() => undefined);
    return turn;
  }
}
