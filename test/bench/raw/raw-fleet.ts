import { generateMessageIDV2, makeWASocket, type BinaryNode, type WASocket } from '@whiskeysockets/baileys';
import { identitiesIn, type Identity } from '../fleet/identity.js';
import { runLoad, type Load, type LoadResult } from '../load.js';
import { MemoryKeys } from './memory-keys.js';
import type { RawSetup } from './raw-calls.js';
import { SILENT } from './silent-logger.js';

const CONNECTING_AT_ONCE = 10;

/** Many sockets of Baileys in this process, as a program without processes and stores would hold them. */
export class RawFleet {
  readonly #setup: RawSetup;
  readonly #sockets: WASocket[] = [];
  readonly #acks = new Map<string, (refusal: string | undefined) => void>();
  /** The newest text of each session. */
  readonly #newest = new Map<number, string>();
  #identities: { creds: Identity['creds']; keys: MemoryKeys }[] = [];

  constructor(setup: RawSetup) {
    this.#setup = setup;
  }

  /** Reads all identities. */
  async load(): Promise<void> {
    for await (const { creds, keys } of identitiesIn(this.#setup.identities, this.#setup.sessions)) {
      this.#identities.push({ creds, keys: new MemoryKeys(keys) });
    }
  }

  /** Connects all. */
  async open(): Promise<void> {
    const waiting = [...this.#identities.entries()];
    this.#identities = [];
    const next = async (): Promise<void> => {
      for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await this.#connect(...one);
    };
    await Promise.all(Array.from({ length: CONNECTING_AT_ONCE }, next));
  }

  async send(load: Load): Promise<LoadResult> {
    return runLoad(load, async (session, to, text) => {
      const messageId = generateMessageIDV2();
      const acked = new Promise<string | undefined>((resolve) => this.#acks.set(messageId, resolve));
      await this.#sockets[session]?.sendMessage(to, { text }, { messageId });
      const refusal = await acked;
      if (refusal !== undefined) throw new Error(`refused with ${refusal}`);
    });
  }

  async hasReceived({ sessions, text }: { sessions: readonly number[]; text: string }): Promise<boolean> {
    return Promise.resolve(sessions.every((session) => this.#newest.get(session) === text));
  }

  /** Frees what nobody uses; the process was started with `--expose-gc`. */
  async collectGarbage(): Promise<void> {
    globalThis.gc?.();
    return Promise.resolve();
  }

  async #connect(index: number, { creds, keys }: { creds: Identity['creds']; keys: MemoryKeys }): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const socket = makeWASocket({
        waWebSocketUrl: this.#setup.url,
        auth: { creds, keys },
        logger: SILENT,
        shouldSyncHistoryMessage: () => false,
      });
      this.#sockets[index] = socket;
      socket.ws.on('CB:ack,class:message', ({ attrs }: BinaryNode) => {
        this.#acks.get(attrs['id'] ?? '')?.(attrs['error']);
        this.#acks.delete(attrs['id'] ?? '');
      });
      socket.ev.on('messages.upsert', ({ messages }) => {
        for (const { key, message } of messages) {
          const text = message?.conversation ?? message?.extendedTextMessage?.text;
          if (text && !key.fromMe) this.#newest.set(index, text);
        }
      });
      socket.ev.on('connection.update', ({ connection, lastDisconnect }) => {
        if (connection === 'open') resolve();
        if (connection === 'close') reject(lastDisconnect?.error ?? new Error('closed'));
      });
    });
  }
}
