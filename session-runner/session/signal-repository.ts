import { createHash } from 'node:crypto';
import { keyPart } from '../../shared/domain/ids.js';
import type { Store } from '../../shared/store/store.js';
import type { BinaryNode, SignalRepositoryWithLIDStore } from '../baileys.js';
import type { InboxEntry } from '../messages/decode-message.js';
import type { Spool } from '../messages/spool.js';
import { TABLES } from '../runner-store.js';
import type { SignalKeys } from './signal-keys.js';

/** Where a ciphertext came from: Baileys hands the repository the very bytes object of the stanza. */
export class CiphertextOrigins {
  readonly #origins = new WeakMap<Uint8Array, { attrs: Record<string, string>; index: number }>();

  /** To be called with every message stanza before Baileys sees it. */
  note(stanza: BinaryNode): void {
    if (!Array.isArray(stanza.content)) return;
    for (const [index, { tag, content }] of stanza.content.entries()) {
      if (tag === 'enc' && content instanceof Uint8Array) this.#origins.set(content, { attrs: stanza.attrs, index });
    }
  }

  of(ciphertext: Uint8Array): { attrs: Record<string, string>; index: number } | undefined {
    return this.#origins.get(ciphertext);
  }
}

export interface InboxOptions {
  sessionId: string;
  store: Store;
  spool: Spool;
  keys: SignalKeys;
  origins: CiphertextOrigins;
  /** Our own jids, without device. */
  identities: () => { me: string; meLid: string };
}

/**
 * Makes decryption lose nothing: the ratchet step and the plaintext are committed as one transaction before Baileys goes on to confirm the
 * message, and a ciphertext that comes again reads its plaintext back instead of failing on a ratchet that has moved on.
 */
export const withInbox = (repository: SignalRepositoryWithLIDStore, options: InboxOptions): SignalRepositoryWithLIDStore => {
  const { sessionId, store, spool, keys, origins, identities } = options;

  const once = async (ciphertext: Uint8Array, decrypt: () => Promise<Uint8Array>): Promise<Uint8Array> => {
    const origin = origins.of(ciphertext);
    if (!origin) return decrypt();
    const key = inboxKey(origin.attrs, origin.index);
    const hash = createHash('sha256').update(ciphertext).digest();
    const known = store.get<{ hash: Uint8Array; plaintext: Uint8Array }>(TABLES.inbox, [sessionId, ...key]);
    if (known && hash.equals(known.hash)) return Buffer.from(known.plaintext);
    await spool.room();
    let committed: () => void = () => undefined;
    const plaintext = await keys.transaction(async () => {
      const decrypted = Buffer.from(await decrypt());
      const entry: InboxEntry = { key, hash, plaintext: decrypted, attrs: origin.attrs, ...identities() };
      const row = spool.prepare({ kind: 'inbox', sessionId, entry });
      ({ committed } = row);
      keys.alsoCommit([row.write, { table: TABLES.inbox, key: [sessionId, ...key], value: { hash, plaintext: decrypted } }]);
      return decrypted;
    });
    committed();
    return plaintext;
  };

  return Object.assign(Object.create(repository) as SignalRepositoryWithLIDStore, {
    decryptMessage: async (opts: Parameters<SignalRepositoryWithLIDStore['decryptMessage']>[0]) =>
      once(opts.ciphertext, async () => repository.decryptMessage(opts)),
    decryptGroupMessage: async (opts: Parameters<SignalRepositoryWithLIDStore['decryptGroupMessage']>[0]) =>
      once(opts.msg, async () => repository.decryptGroupMessage(opts)),
  });
};

const inboxKey = (attrs: Record<string, string>, index: number): InboxEntry['key'] => [
  keyPart(attrs['id'] ?? ''),
  keyPart(attrs['from'] ?? ''),
  keyPart(attrs['participant'] ?? ''),
  index,
];
