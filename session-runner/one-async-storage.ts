import asyncHooks, { AsyncLocalStorage } from 'node:async_hooks';
import { syncBuiltinESMExports } from 'node:module';

type Values = ReadonlyMap<object, unknown>;

/** Before this version each storage that was ever used is looked at whenever a promise or a timer is made; since then they share one. */
const CHEAP_SINCE = 24;

/**
 * A storage like Node's, all of which share one, and that only while something runs with a value: what a promise costs does not grow with the
 * number of storages, and is nothing more while none is used. Nothing is left of one that is forgotten.
 */
export class SharedAsyncStorage<T> extends AsyncLocalStorage<T> {
  /** Its place among the values; another one after `disable`, which takes all values from it. */
  #place = {};

  override run<R>(store: T, work: () => R): R;
  override run<R, Args extends unknown[]>(store: T, work: (...args: Args) => R, ...args: Args): R;
  override run<R, Args extends unknown[]>(store: T, work: (...args: Args) => R, ...args: Args): R {
    return whileOn(() => shared.run(this.#with(store), work, ...args));
  }

  override getStore(): T | undefined {
    return shared.getStore()?.get(this.#place) as T | undefined;
  }

  override exit<R, Args extends unknown[]>(work: (...args: Args) => R, ...args: Args): R {
    return whileOn(() => shared.run(this.#with(undefined), work, ...args));
  }

  override enterWith(store: T): void {
    // It has no end.
    running++;
    shared.enterWith(this.#with(store));
  }

  override disable(): void {
    this.#place = {};
  }

  #with(store: T | undefined): Values {
    return new Map(shared.getStore()).set(this.#place, store);
  }
}

const shared = new AsyncLocalStorage<Values>();
/** What runs with a value. */
let running = 0;

/** What `work` goes on with after it has ended has no value any more. */
const whileOn = <R>(work: () => R): R => {
  const off = (): void => {
    running--;
    if (running === 0) shared.disable();
  };
  running++;
  let result: R | undefined;
  try {
    result = work();
    return result;
  } finally {
    // Its failure is for whoever called.
    if (result instanceof Promise) void result.then(off, off);
    else off();
  }
};

/**
 * Lets every storage made from now on share one, where that is needed: Baileys makes one for each socket and never disables it, so that with
 * 100 sockets in a process an `await` takes 47 µs instead of 2. Does nothing on versions of Node.js that have no need of it.
 */
export const shareAsyncStorage = (version = process.versions.node): void => {
  if (Number.parseInt(version, 10) >= CHEAP_SINCE) return;
  // Node.js 22 has a getter there, which takes no assignment.
  Object.defineProperty(asyncHooks, 'AsyncLocalStorage', { value: SharedAsyncStorage, writable: true });
  syncBuiltinESMExports();
};
