// A program that keeps its credentials as Baileys itself does: a real socket over `useMultiFileAuthState`.
import '../whatsapp/trust-root.js';
import { makeWASocket, useMultiFileAuthState, type SignalDataSet, type WASocket } from '@whiskeysockets/baileys';
import { quietConsole } from '../whatsapp/quiet-console.js';
import type { WhatsappClient } from '../whatsapp/client.js';
import { until } from './worker-process.js';

quietConsole();

const RESTART_REQUIRED = 515;
const WAIT_MS = 60_000;

const silent = (): void => undefined;
const logger = { level: 'silent', child: () => logger, trace: silent, debug: silent, info: silent, warn: silent, error: silent };

export class StockDevice {
  readonly qrs: string[] = [];
  readonly texts: string[] = [];
  readonly #folder: string;
  readonly #url: string;
  readonly #writes = new Set<Promise<unknown>>();
  #socket: WASocket | undefined;
  #open = false;

  constructor(folder: string, url: string) {
    this.#folder = folder;
    this.#url = url;
  }

  async connect(): Promise<void> {
    const { state, saveCreds } = await useMultiFileAuthState(this.#folder);
    const keys = { ...state.keys, set: async (data: SignalDataSet) => this.#written(Promise.resolve(state.keys.set(data))) };
    const socket = makeWASocket({ waWebSocketUrl: this.#url, auth: { creds: state.creds, keys }, logger, retryRequestDelayMs: 1 });
    this.#socket = socket;
    socket.ev.on('creds.update', () => void this.#written(saveCreds()));
    socket.ev.on('messages.upsert', ({ messages }) => {
      for (const { message } of messages) {
        const text = message?.conversation ?? message?.extendedTextMessage?.text;
        if (text) this.texts.push(text);
      }
    });
    socket.ev.on('connection.update', ({ qr, connection, lastDisconnect }) => {
      if (qr) this.qrs.push(qr);
      if (connection) this.#open = connection === 'open';
      const { output } = (lastDisconnect?.error ?? {}) as { output?: { statusCode: number } };
      if (connection === 'close' && output?.statusCode === RESTART_REQUIRED) void this.connect();
    });
  }

  async untilQr(): Promise<string> {
    await this.#until('a QR code', () => this.qrs.length > 0);
    return this.qrs[0] ?? '';
  }

  async untilOpen(): Promise<void> {
    await this.#until('an open connection', () => this.#open);
  }

  async untilText(text: string): Promise<void> {
    await this.#until(`the text ${text}`, () => this.texts.includes(text));
  }

  async send(jid: string, text: string): Promise<string> {
    return (await this.#socket?.sendMessage(jid, { text }))?.key.id ?? '';
  }

  /** Resolves when it has confirmed everything that came: what it read and did not confirm comes again, to whoever has its keys then. */
  async untilQuiet(phones: WhatsappClient, number: string): Promise<void> {
    await until(
      async () => (await phones.phone(number)).devices.every(({ receiving, queued }) => receiving && queued === 0),
      WAIT_MS,
      () => 'the device of Baileys did not confirm everything',
    );
  }

  /** Ends the connection; resolves when everything it kept is in its folder. */
  async close(): Promise<void> {
    if (this.#open) void this.#socket?.end(undefined);
    else (this.#socket?.ws as unknown as { socket: { terminate(): void } | null } | undefined)?.socket?.terminate();
    await this.#until('the end of the connection', () => !this.#open);
    while (this.#writes.size > 0) await Promise.all(this.#writes);
  }

  async #written<T>(write: Promise<T>): Promise<T> {
    this.#writes.add(write);
    return write.finally(() => this.#writes.delete(write));
  }

  async #until(what: string, holds: () => boolean): Promise<void> {
    await until(holds, WAIT_MS, () => `the device of Baileys did not see ${what}`);
  }
}
