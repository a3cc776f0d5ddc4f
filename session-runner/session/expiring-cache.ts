import type { UserFacingSocketConfig } from '../baileys.js';

type CacheStore = NonNullable<UserFacingSocketConfig['msgRetryCounterCache']>;

interface Entry {
  value: unknown;
  expiresAt: number;
}

/** Far above what one connection needs within the time its values live. */
const MOST = 1_000;

/**
 * What Baileys keeps for a while, by key: nothing at all while it is empty, no timer, and never more than `most` values. The cache that
 * Baileys makes otherwise takes 9 kB and a timer each, four for every socket, and grows without bound.
 */
export class ExpiringCache implements CacheStore {
  readonly #lifeMs: number;
  readonly #most: number;
  readonly #now: () => number;
  /** In the order they were set, so that the first is the first to expire. */
  #entries: Map<string, Entry> | undefined;

  constructor(lifeMs: number, most = MOST, now: () => number = () => performance.now()) {
    this.#lifeMs = lifeMs;
    this.#most = most;
    this.#now = now;
  }

  get<T>(key: string): T | undefined {
    const entry = this.#entries?.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAt > this.#now()) return entry.value as T;
    this.#entries?.delete(key);
    return undefined;
  }

  set(key: string, value: unknown): void {
    this.#entries ??= new Map();
    this.#entries.delete(key);
    this.#entries.set(key, { value, expiresAt: this.#now() + this.#lifeMs });
    this.#trim(this.#entries);
  }

  delete(key: string): void {
    this.#entries?.delete(key);
  }

  clear(): void {
    this.#entries = undefined;
  }

  /** As Baileys' own caches call it. */
  del(key: string): void {
    this.delete(key);
  }

  flushAll(): void {
    this.clear();
  }

  get size(): number {
    return this.#entries?.size ?? 0;
  }

  #trim(entries: Map<string, Entry>): void {
    for (const [key, { expiresAt }] of entries) {
      if (entries.size <= this.#most && expiresAt > this.#now()) return;
      entries.delete(key);
    }
  }
}

const MINUTE_MS = 60_000;

/** The caches of one socket, which live as long as those that Baileys would make. */
export const socketCaches = () =>
  ({
    msgRetryCounterCache: new ExpiringCache(60 * MINUTE_MS),
    userDevicesCache: new ExpiringCache(5 * MINUTE_MS),
    callOfferCache: new ExpiringCache(5 * MINUTE_MS),
    placeholderResendCache: new ExpiringCache(60 * MINUTE_MS),
  }) satisfies Partial<UserFacingSocketConfig>;
