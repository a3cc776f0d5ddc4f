import { makeWASocket, type WASocket } from '@whiskeysockets/baileys';
import { identitiesIn, type Identity } from '../fleet/identity.js';
import { MemoryKeys } from './memory-keys.js';
import type { RawSetup } from './raw-calls.js';
import { SILENT } from './silent-logger.js';

const CONNECTING_AT_ONCE = 10;

/** Many sockets of Baileys in this process, as a program without processes and stores would hold them. */
export class RawFleet {
  readonly #setup: RawSetup;
  readonly #sockets: WASocket[] = [];

  constructor(setup: RawSetup) {
    this.#setup = setup;
  }

  /** Connects all. */
  async open(): Promise<void> {
    const under = new Set<Promise<void>>();
    for await (const identity of identitiesIn(this.#setup.identities, this.#setup.sessions)) {
      while (under.size >= CONNECTING_AT_ONCE) await Promise.race(under);
      const one: Promise<void> = this.#connect(identity).finally(() => under.delete(one));
      under.add(one);
    }
    await Promise.all(under);
  }

  /** Frees what nobody uses; the process was started with `--expose-gc`. */
  async collectGarbage(): Promise<void> {
    globalThis.gc?.();
    return Promise.resolve();
  }

  async #connect({ creds, keys }: Identity): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const socket = makeWASocket({
        waWebSocketUrl: this.#setup.url,
        auth: { creds, keys: new MemoryKeys(keys) },
        logger: SILENT,
        shouldSyncHistoryMessage: () => false,
      });
      this.#sockets.push(socket);
      socket.ev.on('connection.update', ({ connection, lastDisconnect }) => {
        if (connection === 'open') resolve();
        if (connection === 'close') reject(lastDisconnect?.error ?? new Error('closed'));
      });
    });
  }
}
