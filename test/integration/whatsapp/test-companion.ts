import '../../whatsapp/trust-root.js';
import { EventEmitter, once } from 'node:events';
import {
  initAuthCreds,
  makeWASocket,
  type AnyMessageContent,
  type BaileysEventMap,
  type MiscMessageGenerationOptions,
  type proto,
  type SignalDataSet,
  type SignalDataTypeMap,
  type UserFacingSocketConfig,
  type WASocket,
  type WAMessage,
} from '@whiskeysockets/baileys';
import type { WhatsappClient } from '../../whatsapp/client.js';
import { quietConsole } from '../../whatsapp/quiet-console.js';

quietConsole();

const RESTART_REQUIRED = 515;
const WAIT_MS = 60_000;

const silent = (): void => undefined;
const logger = { level: 'silent', child: () => logger, trace: silent, debug: silent, info: silent, warn: silent, error: silent };

/** Events that tests look at as they come. */
const HEARD = [
  'messages.update',
  'messages.reaction',
  'message-receipt.update',
  'messaging-history.set',
  'presence.update',
  'groups.upsert',
  'groups.update',
  'group-participants.update',
  'group.join-request',
  'contacts.update',
  'chats.update',
  'blocklist.update',
  'connection.update',
] as const satisfies readonly (keyof BaileysEventMap)[];

type Heard = (typeof HEARD)[number];

/** A real Baileys socket with everything it keeps, as a test drives it. */
export class TestCompanion {
  readonly creds = initAuthCreds();
  /** Messages that are part of a chat. */
  readonly received: { type: string; message: WAMessage }[] = [];
  readonly statuses: { id: string; status: number }[] = [];
  readonly qrs: string[] = [];
  /** Status codes of the ends so far. */
  readonly ends: number[] = [];
  readonly sent = new Map<string, proto.IMessage>();
  readonly #heard: { readonly event: Heard; readonly value: unknown }[] = [];
  onHistory: (messages: readonly WAMessage[]) => void = silent;
  #socket: WASocket | undefined;
  #open = false;
  readonly #store = new Map<string, Map<string, unknown>>();
  readonly #events = new EventEmitter().setMaxListeners(0);

  constructor(
    private readonly url: string,
    private readonly options: Partial<UserFacingSocketConfig> = {},
  ) {}

  get socket(): WASocket {
    if (!this.#socket) throw new Error('not connected');
    return this.#socket;
  }

  get open(): boolean {
    return this.#open;
  }

  /** The texts received so far, by message id. */
  texts(): [string, string][] {
    return this.received.flatMap(({ message: { key, message } }) => {
      const text = message?.conversation ?? message?.extendedTextMessage?.text;
      return text ? [[key.id ?? '', text] as [string, string]] : [];
    });
  }

  /** Opens a socket. A restart that the server asks for is followed. */
  connect(): void {
    const socket = makeWASocket({
      waWebSocketUrl: this.url,
      auth: { creds: this.creds, keys: { get: async (type, ids) => this.#get(type, ids), set: async (data) => this.#set(data) } },
      logger,
      getMessage: async ({ id }) => Promise.resolve(this.sent.get(id ?? '')),
      retryRequestDelayMs: 1,
      ...this.options,
    });
    this.#socket = socket;
    socket.ev.on('creds.update', (update) => Object.assign(this.creds, update));
    for (const event of HEARD) {
      socket.ev.on(event, (value) => {
        this.#heard.push({ event, value });
        this.#events.emit('change');
      });
    }
    socket.ev.on('messages.upsert', ({ messages, type }) => {
      for (const message of messages) {
        if (!message.message?.protocolMessage) this.received.push({ type, message });
        if (message.status) this.statuses.push({ id: message.key.id ?? '', status: message.status });
      }
      this.#events.emit('change');
    });
    socket.ev.on('messaging-history.set', ({ messages }) => {
      this.onHistory(messages);
      this.#events.emit('change');
    });
    socket.ev.on('messages.update', (updates) => {
      for (const { key, update } of updates)
        if (typeof update.status === 'number') this.statuses.push({ id: key.id ?? '', status: update.status });
      this.#events.emit('change');
    });
    socket.ev.on('connection.update', ({ qr, connection, lastDisconnect }) => {
      if (qr) this.qrs.push(qr);
      if (connection) this.#open = connection === 'open';
      if (connection === 'close') {
        const { output } = lastDisconnect?.error as unknown as { output?: { statusCode: number } };
        this.ends.push(output?.statusCode ?? 0);
        if (output?.statusCode === RESTART_REQUIRED) this.connect();
      }
      this.#events.emit('change');
    });
  }

  /** Resolves when the condition holds; rejects after a minute. It is checked after every event of the socket. */
  async until(what: string, holds: () => boolean): Promise<void> {
    const signal = AbortSignal.timeout(WAIT_MS);
    while (!holds()) {
      await once(this.#events, 'change', { signal }).catch(() => {
        throw new Error(`not within ${WAIT_MS} ms: ${what}; ended with ${this.ends.join(', ') || 'nothing'}`);
      });
    }
  }

  /** Pairs by QR code and waits until logged in. */
  async pair(client: WhatsappClient, number: string): Promise<this> {
    this.connect();
    await this.until('a QR code', () => this.qrs.length > 0);
    await client.scan(number, this.qrs[0] ?? '');
    await this.until('logged in', () => this.#open);
    return this;
  }

  /** Connects again with what is kept, and waits until logged in. */
  async login(): Promise<void> {
    this.connect();
    await this.until('logged in', () => this.#open);
  }

  /** Sends a text and gives its id. */
  async send(number: string, text: string, id?: string): Promise<string> {
    const message = await this.socket.sendMessage(`${number}@s.whatsapp.net`, { text }, id === undefined ? {} : { messageId: id });
    const sent = message?.key.id ?? '';
    if (message?.message) this.sent.set(sent, message.message);
    return sent;
  }

  /** Sends anything and gives its id. */
  async sendContent(jid: string, content: AnyMessageContent, options: MiscMessageGenerationOptions = {}): Promise<string> {
    const message = await this.socket.sendMessage(jid, content, options);
    const id = message?.key.id ?? '';
    if (message?.message) this.sent.set(id, message.message);
    return id;
  }

  /** Everything an event said so far, in order. */
  heard<Event extends Heard>(event: Event): BaileysEventMap[Event][] {
    return this.#heard.flatMap((each) => (each.event === event ? [each.value as BaileysEventMap[Event]] : []));
  }

  /** Resolves with the first thing of that kind that fits. */
  async untilHeard<Event extends Heard>(
    event: Event,
    fits: (value: BaileysEventMap[Event]) => boolean = () => true,
  ): Promise<BaileysEventMap[Event]> {
    const find = (): BaileysEventMap[Event] | undefined => this.heard(event).find(fits);
    await this.until(`an event ${event}`, () => find() !== undefined);
    return find() as BaileysEventMap[Event];
  }

  /** Resolves with the first receipt of that message that fits. */
  async untilReceipt(id: string, fits: (receipt: proto.IUserReceipt) => boolean = () => true): Promise<proto.IUserReceipt> {
    // Baileys puts those that come together with the message into it, and tells of the others.
    const find = (): proto.IUserReceipt | undefined =>
      [
        ...this.received.flatMap(({ message }) => (message.key.id === id ? (message.userReceipt ?? []) : [])),
        ...this.heard('message-receipt.update').flatMap((all) => all.flatMap(({ key, receipt }) => (key.id === id ? [receipt] : []))),
      ].find(fits);
    await this.until(`a receipt of ${id}`, () => find() !== undefined);
    return find() as proto.IUserReceipt;
  }

  /** Resolves with the message of that id when it has come. */
  async untilMessage(id: string): Promise<WAMessage> {
    const find = (): WAMessage | undefined => this.received.find(({ message }) => message.key.id === id && message.message)?.message;
    await this.until(`the message ${id}`, () => find() !== undefined);
    return find() as WAMessage;
  }

  async untilText(text: string): Promise<void> {
    await this.until(`the text ${text}`, () => this.texts().some(([, received]) => received === text));
  }

  async untilStatus(id: string, status: number): Promise<void> {
    await this.until(`status ${status} of ${id}`, () => this.statuses.some((seen) => seen.id === id && seen.status >= status));
  }

  async untilEnd(code: number): Promise<void> {
    await this.until(`an end with ${code}`, () => this.ends.includes(code));
  }

  /** Cuts TCP, as a crash does; nothing more is heard of this socket. */
  vanish(): void {
    const { ws, ev } = this.socket;
    ev.removeAllListeners('connection.update');
    (ws as unknown as { socket: { terminate(): void } | null }).socket?.terminate();
    this.#open = false;
  }

  /** Loses the Signal sessions. */
  forgetSessions(): void {
    this.#store.delete('session');
  }

  /** Loses the keys of the other members of groups. */
  forgetSenderKeys(): void {
    this.#store.delete('sender-key');
  }

  async #get<Type extends keyof SignalDataTypeMap>(type: Type, ids: string[]): Promise<Record<string, SignalDataTypeMap[Type]>> {
    const kept = this.#store.get(type) ?? new Map<string, unknown>();
    return Promise.resolve(Object.fromEntries(ids.flatMap((id) => (kept.has(id) ? [[id, kept.get(id) as SignalDataTypeMap[Type]]] : []))));
  }

  async #set(data: SignalDataSet): Promise<void> {
    for (const [type, entries] of Object.entries(data)) {
      const kept = this.#store.get(type) ?? new Map<string, unknown>();
      this.#store.set(type, kept);
      for (const [id, value] of Object.entries(entries)) {
        if (value === null) kept.delete(id);
        else kept.set(id, value);
      }
    }
    return Promise.resolve();
  }
}
