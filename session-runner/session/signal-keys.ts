import { AsyncLocalStorage } from 'node:async_hooks';
import type { Store, Write } from '../../shared/store/store.js';
import type { SignalDataSet, SignalDataTypeMap, SignalKeyStoreWithTransaction } from '../baileys.js';
import { proto } from '../baileys.js';
import { TABLES } from '../runner-store.js';

interface Transaction {
  owner: SignalKeys;
  /** By `type/id`; the newest write of a key wins. */
  writes: Map<string, Write>;
  /** Rows of other tables that commit together with the keys. */
  others: Write[];
}

// One for all sessions: on Node 20 every further AsyncLocalStorage slows each promise of the process.
const current = new AsyncLocalStorage<Transaction>();

/**
 * The Signal keys of one session. Reads see every write at once; one lock covers all Signal work of the session, and a transaction commits
 * all it wrote, with rows of other tables added by `alsoCommit`, before it resolves: so a ratchet step is on disk before anything that
 * was made with it can leave the process.
 */
export class SignalKeys implements SignalKeyStoreWithTransaction {
  readonly #store: Store;
  readonly #sessionId: string;
  readonly #onCommit: (commit: Promise<void>) => void;
  #lock: Promise<unknown> = Promise.resolve();
  #fenced = false;

  /** `onCommit` is told of every commit begun. */
  constructor(store: Store, sessionId: string, onCommit: (commit: Promise<void>) => void) {
    this.#store = store;
    this.#sessionId = sessionId;
    this.#onCommit = onCommit;
  }

  /** From now on every read and write throws: a closed socket's late writers must not touch what its successor owns. */
  fence(): void {
    this.#fenced = true;
  }

  get<T extends keyof SignalDataTypeMap>(type: T, ids: string[]): Record<string, SignalDataTypeMap[T]> {
    this.#assertOpen();
    const writes = this.#transaction()?.writes;
    const found: Record<string, SignalDataTypeMap[T]> = {};
    for (const id of ids) {
      const written = writes?.get(`${type}/${id}`);
      const value = written ? written.value : this.#store.get(TABLES.keys, [this.#sessionId, type, id]);
      if (value !== undefined) found[id] = revive(type, value) as SignalDataTypeMap[T];
    }
    return found;
  }

  async set(data: SignalDataSet): Promise<void> {
    this.#assertOpen();
    const transaction = this.#transaction();
    if (transaction) {
      for (const write of this.#writesOf(data)) transaction.writes.set(`${String(write.key[1])}/${String(write.key[2])}`, write);
    } else if (data.session) {
      await this.transaction(async () => this.set(data));
    } else {
      await this.#commit(this.#writesOf(data));
    }
  }

  isInTransaction(): boolean {
    return this.#transaction() !== undefined;
  }

  /** Adds rows of other tables to the transaction under way. */
  alsoCommit(writes: Write[]): void {
    const transaction = this.#transaction();
    if (!transaction) throw new Error('no transaction is under way');
    transaction.others.push(...writes);
  }

  /** Runs `work` alone; nested calls join. What it wrote is committed when it resolves and forgotten when it throws. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    if (this.#transaction()) return work();
    const run = async (): Promise<T> => {
      this.#assertOpen();
      const transaction: Transaction = { owner: this, writes: new Map(), others: [] };
      const result = await current.run(transaction, work);
      this.#assertOpen();
      await this.#commit([...transaction.writes.values(), ...transaction.others]);
      return result;
    };
    const turn = this.#lock.then(run, run);
    this.#lock = turn.catch(() => undefined);
    return turn;
  }

  /** Resolves when no Signal work is under way. */
  async idle(): Promise<void> {
    await this.#lock;
  }

  async #commit(writes: Write[]): Promise<void> {
    const commit = this.#store.commit(writes);
    this.#onCommit(commit);
    await commit;
  }

  #writesOf(data: SignalDataSet): Write[] {
    return Object.entries(data).flatMap(([type, rows]) =>
      Object.entries(rows).map(([id, value]) => ({
        table: TABLES.keys,
        key: [this.#sessionId, type, id],
        value: (value as unknown) ?? undefined,
      })),
    );
  }

  #transaction(): Transaction | undefined {
    const transaction = current.getStore();
    return transaction?.owner === this ? transaction : undefined;
  }

  #assertOpen(): void {
    if (this.#fenced) throw new Error('the session was closed');
  }
}

/** Baileys needs this one type as the protobuf object it wrote. */
const revive = (type: string, value: unknown): unknown =>
  type === 'app-state-sync-key' ? proto.Message.AppStateSyncKeyData.fromObject(value as Record<string, unknown>) : value;
