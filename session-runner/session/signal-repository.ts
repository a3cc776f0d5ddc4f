import { createHash } from 'node:crypto';
import { keyPart } from '../../shared/domain/ids.js';
import type { Store } from '../../shared/store/store.js';
import type { BinaryNode, SignalRepositoryWithLIDStore } from '../baileys.js';
import type { InboxEntry } from '../messages/decode-message.js';
import type { InFlightMarks } from '../in-flight.js';
import type { Spool } from '../messages/spool.js';
import { SLOT_TABLES } from '../../shared/store/slot-store.js';
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
  inFlight: Pick<InFlightMarks, 'during'>;
  origins: CiphertextOrigins;
  /** Our own jids, without device. */
  identities: () => { me: string; meLid: string };
}

/** What changes ratchets, beside encryption and decryption. */
const ON_RATCHETS = [
  'processSenderKeyDistributionMessage',
  'getSenderKeyDistributionMessage',
  'injectE2ESession',
  'deleteSession',
  'migrateSession',
] as const satisfies (keyof SignalRepositoryWithLIDStore)[];
/** A message is encrypted for one device after the other; all of it may be in one transaction. */
const ENCRYPTING = ['encryptMessage', 'encryptGroupMessage'] as const satisfies (keyof SignalRepositoryWithLIDStore)[];

/**
 * Runs all work on ratchets under the session's lock, and makes decryption lose nothing: the ratchet step and the plaintext are committed as one transaction before Baileys goes on to confirm the
 * message, and a ciphertext that comes again reads its plaintext back instead of failing on a ratchet that has moved on.
 */
export const withInbox = (repository: SignalRepositoryWithLIDStore, options: InboxOptions): SignalRepositoryWithLIDStore => {
  const { sessionId, store, spool, keys, inFlight, origins, identities } = options;
  const marked = async <T>(work: () => Promise<T>): Promise<T> => inFlight.during(sessionId, 'decrypt', work);

  const once = async (ciphertext: Uint8Array, decrypt: () => Promise<Uint8Array>): Promise<Uint8Array> => {
    const origin = origins.of(ciphertext);
    if (!origin) return keys.exclusive(async () => marked(decrypt));
    const hash = createHash('sha256').update(ciphertext).digest();
    const key = inboxKey(origin.attrs, origin.index, hash);
    const known = (): Buffer | undefined => {
      const row = store.get<{ hash: Uint8Array; plaintext: Uint8Array }>(SLOT_TABLES.inbox, [sessionId, ...key]);
      return row && hash.equals(row.hash) ? Buffer.from(row.plaintext) : undefined;
    };
    if (!known()) await spool.room();
    let committed: () => void = () => undefined;
    const plaintext = await keys.exclusive(async () => {
      const before = known();
      if (before) return before;
      return marked(async () => {
        const decrypted = Buffer.from(await decrypt());
        const entry: InboxEntry = { key, hash, plaintext: decrypted, attrs: origin.attrs, ...identities() };
        const row = spool.prepare({ kind: 'inbox', sessionId, entry });
        ({ committed } = row);
        keys.alsoCommit([row.write, { table: SLOT_TABLES.inbox, key: [sessionId, ...key], value: { hash, plaintext: decrypted } }]);
        return decrypted;
      });
    });
    committed();
    return plaintext;
  };

  type Method = (...args: unknown[]) => Promise<unknown>;
  const under = (lock: (work: () => Promise<unknown>) => Promise<unknown>, names: readonly string[]): [string, Method][] =>
    names.map((name) => {
      const method = Reflect.get(repository, name) as Method;
      return [name, async (...args) => lock(async () => method.apply(repository, args))];
    });
  const alone = [...under(async (work) => keys.exclusive(work), ON_RATCHETS), ...under(async (work) => keys.pipelined(work), ENCRYPTING)];

  const overlay = Object.create(repository) as SignalRepositoryWithLIDStore;
  return Object.assign(overlay, Object.fromEntries(alone), {
    decryptMessage: async (opts: Parameters<SignalRepositoryWithLIDStore['decryptMessage']>[0]) =>
      once(opts.ciphertext, async () => repository.decryptMessage(opts)),
    decryptGroupMessage: async (opts: Parameters<SignalRepositoryWithLIDStore['decryptGroupMessage']>[0]) =>
      once(opts.msg, async () => repository.decryptGroupMessage(opts)),
  });
};

const inboxKey = (attrs: Record<string, string>, index: number, hash: Buffer): InboxEntry['key'] => [
  keyPart(attrs['id'] ?? ''),
  keyPart(attrs['from'] ?? ''),
  keyPart(attrs['participant'] ?? ''),
  index,
  // Who sends again after a failure may do so under the same id, and WhatsApp may deliver either again.
  hash.toString('hex', 0, 8),
];
