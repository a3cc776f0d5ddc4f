import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { KEYS_OF_A_PAIRING, KeyStock } from '../../../session-runner/key-stock.js';

const counted = () => {
  let made = 0;
  const stock = new KeyStock(() => {
    made++;
    return { publicKey: Buffer.alloc(32), privateKey: Buffer.alloc(32, made) };
  });
  return { stock, made: () => made };
};

it('makes the keys of a pairing a few in each turn of the event loop, and none when they are taken', async () => {
  const { stock, made } = counted();
  let most = 0;
  const filling = stock.expectPairing();
  for (let before = made(); stock.size < KEYS_OF_A_PAIRING; before = made()) {
    await setImmediate();
    most = Math.max(most, made() - before);
  }
  await filling;
  expect(most).toBeLessThanOrEqual(16);
  expect(stock.size).toBeGreaterThanOrEqual(KEYS_OF_A_PAIRING);
  const before = made();
  const taken = Array.from({ length: KEYS_OF_A_PAIRING }, () => stock.take());
  expect(made()).toBe(before);
  expect(new Set(taken).size).toBe(KEYS_OF_A_PAIRING);
});

it('makes one now when none is there', () => {
  const { stock, made } = counted();
  stock.take();
  expect(made()).toBe(1);
  expect(stock.size).toBe(0);
});

it('has enough for all that pair side by side', async () => {
  const { stock, made } = counted();
  await Promise.all([stock.expectPairing(), stock.expectPairing(), stock.expectPairing()]);
  const before = made();
  for (let n = 0; n < 3 * KEYS_OF_A_PAIRING; n++) stock.take();
  expect(made()).toBe(before);
});

it('does not grow with pairings that take nothing', async () => {
  const { stock } = counted();
  for (let n = 0; n < 20; n++) await stock.expectPairing();
  expect(stock.size).toBeLessThanOrEqual(4 * KEYS_OF_A_PAIRING + 8);
});
