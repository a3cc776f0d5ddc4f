import { expect, it } from 'vitest';
import { ExpiringCache, socketCaches } from '../../../session-runner/session/expiring-cache.js';

const LIFE_MS = 100;

it('keeps a value for its time, and from the last time it was set', () => {
  let now = 0;
  const cache = new ExpiringCache(LIFE_MS, 10, () => now);
  cache.set('a', 1);
  now = 60;
  cache.set('a', 2);
  now = 159;
  expect(cache.get('a')).toBe(2);
  now = 160;
  expect(cache.get('a')).toBeUndefined();
  expect(cache.size).toBe(0);
});

it('holds nothing that expired, although nobody asks for it any more', () => {
  let now = 0;
  const cache = new ExpiringCache(LIFE_MS, 1_000, () => now);
  for (let n = 0; n < 500; n++) cache.set(`old ${n}`, n);
  now = LIFE_MS;
  cache.set('new', 1);
  expect(cache.size).toBe(1);
});

it('never holds more than its bound, and lets the oldest go first', () => {
  const cache = new ExpiringCache(LIFE_MS, 3, () => 0);
  for (const key of ['a', 'b', 'c', 'a', 'd']) cache.set(key, key);
  expect(['a', 'b', 'c', 'd'].map((key) => cache.get(key))).toEqual(['a', undefined, 'c', 'd']);
});

it('forgets one value, or all', () => {
  const cache = new ExpiringCache(LIFE_MS);
  cache.set('a', 1);
  cache.set('b', 2);
  cache.del('a');
  expect([cache.get('a'), cache.get('b')]).toEqual([undefined, 2]);
  cache.flushAll();
  expect(cache.get('b')).toBeUndefined();
});

it('is one for each purpose of each socket: two accounts know different devices of one person', () => {
  const [one, other] = [socketCaches(), socketCaches()];
  one.userDevicesCache.set('person', ['phone']);
  expect(other.userDevicesCache.get('person')).toBeUndefined();
  expect(one.callOfferCache.get('person')).toBeUndefined();
});
