import { setImmediate } from 'node:timers/promises';
import type { Store, Write } from '../../shared/store/store.js';
import type { AuthenticationState, SignalDataSet, SignalDataTypeMap, SignalKeyStoreWithTransaction } from '../baileys.js';
import { proto } from '../baileys.js';
import { SLOT_TABLES } from '../../shared/store/slot-store.js';
import { LoginKeys } from './login-keys.js';

interface Transaction {
  /** By `type/id`; the newest write of a key wins. */
  writes: Map<string, Write>;
  /** Rows of other tables that commit together with the keys. */
  others: Write[];
}

/**
 * The Signal keys of one session, and the one lock over its Signal work. Reads see every write at once. What `exclusive` work wrote is
 * committed before it resolves, and frames wait for commits: a ratchet step is on disk before anything made with it can leave the process.
 *
 * Which transaction a write belongs to is known from the face it came through, not from an async context: libsignal runs the jobs of all
 * sessions that talk with one address in a queue of its own, in the context of whoever came first.
 */
export class SignalKeys {
  /** For the Signal repository, all of whose work runs in `exclusive`. */
  readonly inside: SignalKeyStoreWithTransaction = {
    get: (type, ids) => this.#read(type, ids, this.#active?.writes),
    set: async (data) => this.#setInside(data),
    isInTransaction: () => this.#active !== undefined,
    transaction: async (work) => work(),
  };

  /** For everybody else. */
  readonly outside: AuthenticationState['keys'] = {
    get: (type, ids) => this.#read(type, ids),
    set: async (data) => this.setOutside(data),
  };

  readonly login: LoginKeys;
  readonly #store: Store;
  readonly #sessionId: string;
  readonly #onCommit: (commit: Promise<void>) => void;
  #active: Transaction | undefined;
  #lock: Promise<unknown> = Promise.resolve();
  #fenced = false;

  /** `onCommit` is told of every commit begun, and keeps back what leaves the process until it is on disk. */
  constructor(store: Store, sessionId: string, onCommit: (commit: Promise<void>) => void) {
    this.login = new LoginKeys(store, sessionId);
    this.#store = store;
    this.#sessionId = sessionId;
    this.#onCommit = onCommit;
  }

  /** From now on every read and write throws: a closed socket's late writers must not touch what its successor owns. */
  fence(): void {
    this.#fenced = true;
    this.login.end();
  }

  /** Runs `work` alone. What it wrote is committed when it resolves and forgotten when it throws. Not to be nested. */
  async exclusive<T>(work: () => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      const { result, committed } = await this.#begin(work);
      await committed;
      return result;
    });
  }

  /**
   * The same for steps of which nobody need wait until they are on disk: it resolves and the next work begins when this commit has begun, and
   * sees it. Whoever is told of commits keeps back what was made with them. Right for encryption, which loses nothing but a counter when its
   * commit fails and a later one does not. Decryption loses the message.
   */
  async pipelined<T>(work: () => Promise<T>): Promise<T> {
    const { result } = await this.#inTurn(async () => this.#begin(work));
    // The store writes from the next turn on, beside what is made of the result.
    await setImmediate();
    return result;
  }

  /** Adds rows of other tables to the exclusive work under way. */
  alsoCommit(writes: Write[]): void {
    if (!this.#active) throw new Error('no exclusive work is under way');
    this.#active.others.push(...writes);
  }

  /** Commits keys written by anybody but the Signal repository, and `others` with them. Its ratchets are changed only under the lock. */
  async setOutside(data: SignalDataSet, others: Write[] = []): Promise<void> {
    this.#assertOpen();
    const commit = async (): Promise<void> => this.#commit([...this.#news(data), ...others]);
    await (data.session ? this.exclusive(commit) : commit());
  }

  /** Resolves when no exclusive work is under way. */
  async idle(): Promise<void> {
    await this.#lock;
  }

  async #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#lock.then(run, run);
    this.#lock = turn.catch(() => undefined);
    return turn;
  }

  /** Does `work` and begins to commit what it wrote. */
  async #begin<T>(work: () => Promise<T>): Promise<{ result: T; committed: Promise<void> }> {
    this.#assertOpen();
    const transaction: Transaction = { writes: new Map(), others: [] };
    this.#active = transaction;
    const result = await work().finally(() => (this.#active = undefined));
    this.#assertOpen();
    this.login.moved(transaction.writes.keys());
    const committed = this.#commit([...transaction.writes.values(), ...transaction.others]);
    // Whoever awaits it or is told of it hears of its failure, perhaps a little later.
    committed.catch(() => undefined);
    return { result, committed };
  }

  async #setInside(data: SignalDataSet): Promise<void> {
    this.#assertOpen();
    // LID mappings belong to no ratchet step, and are also learned while none is under way.
    const { 'lid-mapping': mappings, ...rest } = data;
    const transaction = this.#active;
    if (transaction) {
      for (const write of this.#writesOf(rest)) transaction.writes.set(`${String(write.key[1])}/${String(write.key[2])}`, write);
      if (mappings) await this.#commit(this.#writesOf({ 'lid-mapping': mappings }));
    } else {
      await this.#commit(this.#writesOf(data));
    }
  }

  #read<T extends keyof SignalDataTypeMap>(type: T, ids: string[], writes?: Map<string, Write>): Record<string, SignalDataTypeMap[T]> {
    this.#assertOpen();
    const found: Record<string, SignalDataTypeMap[T]> = {};
    for (const id of ids) {
      const written = writes?.get(`${type}/${id}`);
      const value = written ? written.value : this.login.read(type, id);
      if (value !== undefined) found[id] = revive(type, value) as SignalDataTypeMap[T];
    }
    return found;
  }

  async #commit(writes: Write[]): Promise<void> {
    const commit = this.#store.commit(writes);
    this.#onCommit(commit);
    await commit;
  }

  #news(data: SignalDataSet): Write[] {
    return this.#writesOf(data).filter((write) => !this.login.says(write));
  }

  #writesOf(data: SignalDataSet): Write[] {
    return Object.entries(data).flatMap(([type, rows]) =>
      Object.entries(rows).map(([id, value]) => ({
        table: SLOT_TABLES.keys,
        key: [this.#sessionId, type, id],
        value: (value as unknown) ?? undefined,
      })),
    );
  }

  #assertOpen(): void {
    if (this.#fenced) throw new Error('the session was closed');
  }
}

/** Baileys needs this one type as the protobuf object it wrote. */
const revive = (type: string, value: unknown): unknown =>
  type === 'app-state-sync-key' ? proto.Message.AppStateSyncKeyData.fromObject(value as Record<string, unknown>) : value;
