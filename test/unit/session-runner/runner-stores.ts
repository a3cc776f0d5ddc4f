import { openSlotStore, SLOT_SCHEMA, SLOT_TABLES } from '../../../shared/store/slot-store.js';
import { AppError } from '../../../shared/errors.js';
import type { StoreOptions } from '../../../shared/store/store-options.js';
import { Store, type Write } from '../../../shared/store/store.js';
import { closing, tempFolder } from '../store/temp-store.js';

/** A slot's real store, on disk. */
export const tempRunnerStore = async (folder = tempFolder()): Promise<Store> => closing(await openSlotStore(folder));

/** A real store whose disk can be made to fail. */
export class FailingStore extends Store {
  failing = false;

  override async commit(writes: readonly Write[]): Promise<void> {
    if (!this.failing) return super.commit(writes);
    await Promise.resolve();
    throw new AppError('STORAGE_UNAVAILABLE', 'The disk is full.');
  }
}

export const failingStore = (...tables: string[]): FailingStore => closing(new FailingStore(tempFolder(), optionsFor(tables)));

/** A real store on a slow disk: while `holding`, commits are seen at once but end only when they are released, well or not. */
export class SlowStore extends Store {
  holding = false;
  readonly #held: ((failure?: Error) => void)[] = [];

  override async commit(writes: readonly Write[]): Promise<void> {
    const committed = super.commit(writes);
    if (!this.holding) return committed;
    const failure = await new Promise<Error | undefined>((resolve) => this.#held.push(resolve));
    await committed;
    if (!failure) return;
    await super.commit(writes.map((write) => ({ ...write, value: undefined })));
    throw failure;
  }

  release(failure?: Error): void {
    for (const end of this.#held.splice(0)) end(failure);
  }
}

export const slowStore = (...tables: string[]): SlowStore => closing(new SlowStore(tempFolder(), optionsFor(tables)));

const optionsFor = (tables: readonly string[]): StoreOptions => ({
  tables: [...new Set([...tables, SLOT_TABLES.loginKeys])],
  copies: SLOT_SCHEMA.copies,
});
