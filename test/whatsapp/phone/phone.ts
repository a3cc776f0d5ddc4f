import { proto } from '@whiskeysockets/baileys';
import type { Account } from '../accounts/account.js';
import { DeliveryQueue, type Delivery } from '../accounts/delivery-queue.js';
import { ControlError } from '../control/control-error.js';
import { chatToWriteTo, findChat, type Chat } from './chat.js';
import { relayReceipt } from '../routing/relay-receipt.js';
import { keyShareMessage } from '../app-state/app-state-key.js';
import type { Stanza } from '../wire/stanza.js';
import { Group } from '../groups/group.js';
import type { World } from '../world.js';
import { compose } from './compose.js';
import { dispatch, dispatchAgain, dispatchTo } from './dispatch.js';
import { historyMessages } from './history.js';
import { Mailbox, type Arrival } from './mailbox.js';
import { Memory } from './memory.js';
import { newMessageId, type SentMessage } from './outgoing.js';
import { spellOut, type Past } from './past.js';
import type { PhoneKeys } from './phone-keys.js';
import { receiveMessage } from './receive.js';
import type { SendOrder } from './send-order.js';
import { SenderKeys } from './sender-keys.js';
import type { SignalBox } from './signal-box.js';

/** Sent messages kept; the oldest are forgotten first. */
const MAX_SENT = 1_000;

/** Which messages a person reads, or plays. */
export interface ReadOrder {
  /** The chat: a number, or a group's address. */
  readonly from?: string | undefined;
  readonly ids?: readonly string[] | undefined;
}

/** What a phone keeps beside its keys. */
export interface PhoneBelongings {
  readonly mailbox?: Mailbox;
  readonly memory?: Memory;
  readonly senderKeys?: SenderKeys;
}

/** Device 0 of an account: receives, shows and answers as a real phone does, and sends on command. */
export class Phone {
  readonly queue = new DeliveryQueue();
  readonly sent = new Map<string, SentMessage>();
  /** What it had before; newly linked devices are told. */
  past: Past = { chats: [] };
  readonly mailbox: Mailbox;
  readonly memory: Memory;
  readonly senderKeys: SenderKeys;
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
    { mailbox = new Mailbox(), memory = new Memory(), senderKeys = new SenderKeys(account.lid) }: PhoneBelongings = {},
  ) {
    this.#world = world;
    this.mailbox = mailbox;
    this.memory = memory;
    this.senderKeys = senderKeys;
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

  /**
   * Sends a message as a person would, and resolves with its id when it is on its way. Throws PHONE_OFFLINE, and what `chatToWriteTo` and
   * `compose` throw.
   */
  async send(order: SendOrder): Promise<string> {
    this.#mustBeOnline();
    const { account } = this;
    const chat = chatToWriteTo(this.#world, account, order.to);
    const id = order.id ?? newMessageId();
    return this.#exclusively(async () => {
      const message = await compose(order, { world: this.#world, author: account, chat, memory: this.memory, id });
      const timestamp = this.#world.clock.seconds();
      const bytes = Buffer.from(proto.Message.encode(message).finish());
      this.#keep({ id, to: chat.chatId, bytes, timestamp });
      this.memory.keep({ id, chat: chat.chatId, sender: account.number, bytes });
      this.#world.stats.count('messages', 'accepted');
      this.#world.traces.add(id, 'accepted', account.jid, `to ${chat.jid}`);
      await dispatch(this.#world, this, { id, message, chat, timestamp });
      this.#world.changed();
      return id;
    });
  }

  /** Gives a newly linked device the chats of this phone, as far as it is online. */
  async sendHistory(device: number): Promise<void> {
    if (!this.#online) return;
    const seconds = this.#world.clock.seconds();
    await this.#exclusively(async () => {
      const find = (name: string): Chat | undefined => findChat(this.#world, name);
      const { account, mailbox } = this;
      const history = historyMessages({ account, find, arrivals: mailbox.arrived, past: spellOut(this.past, seconds) });
      for (const message of [keyShareMessage(this.keys.appState, seconds), ...history]) {
        await dispatchTo(this.#world, this, account, device, {
          id: newMessageId(),
          message,
          chat: account,
          timestamp: seconds,
          peer: true,
        });
      }
    });
  }

  /**
   * Reads messages: those of these ids, or all in that chat, or both together. Their senders and this account's linked devices learn of it.
   * Gives how many were read; what was read before does not count again.
   */
  markRead(order: ReadOrder): number {
    const unread = this.mailbox.takeUnread(fitting(order));
    this.#report(unread, 'read');
    return unread.length;
  }

  /** Plays voice notes and other sounds, as `markRead` reads. */
  markPlayed(order: ReadOrder): number {
    const fits = fitting(order);
    const unplayed = this.mailbox.takeUnplayed((arrival) => arrival.content === 'audioMessage' && fits(arrival));
    this.#report(unplayed, 'played');
    return unplayed.length;
  }

  /** How often a message was asked for again, this time included. */
  countRetry(key: string): number {
    const count = (this.#retries.get(key) ?? 0) + 1;
    this.#retries.set(key, count);
    return count;
  }

  readSent({ bytes }: SentMessage): proto.IMessage {
    return proto.Message.decode(bytes);
  }

  /** Loses every Signal session and every group's keys, as a phone restored from an old backup does. */
  forgetSessions(): void {
    this.signal.forget();
    this.senderKeys.forget();
    this.#world.changed();
  }

  /** Resolves when everything begun so far is done. */
  async settled(): Promise<void> {
    await this.#work;
  }

  #report(arrivals: readonly Arrival[], type: 'read' | 'played'): void {
    for (const [chat, sender] of distinct(arrivals)) {
      const ids = arrivals.flatMap((arrival) => (arrival.sender === sender && arrival.chat === chat ? [arrival.id] : []));
      const found = findChat(this.#world, chat);
      const group = found instanceof Group ? { group: found } : {};
      relayReceipt(this.#world, { from: this.account, to: this.#world.directory.byNumber(sender), ids, type, ...group });
    }
  }

  #mustBeOnline(): void {
    if (!this.#online) throw new ControlError(409, 'PHONE_OFFLINE', `${this.account.number} is offline`);
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
    if (node.tag === 'message') return receiveMessage(this.#world, this, node);
    if (node.tag === 'receipt' && node.attrs['type'] === 'retry') return dispatchAgain(this.#world, this, node);
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

function fitting({ from, ids }: ReadOrder): (arrival: Arrival) => boolean {
  const wanted = ids && new Set(ids);
  return (arrival) => (from === undefined || arrival.chat === from) && (!wanted || wanted.has(arrival.id));
}

/** The pairs of chat and sender, each once. */
function distinct(arrivals: readonly Arrival[]): (readonly [string, string])[] {
  const pairs = new Map(arrivals.map(({ chat, sender }) => [`${chat} ${sender}`, [chat, sender] as const]));
  return [...pairs.values()];
}
