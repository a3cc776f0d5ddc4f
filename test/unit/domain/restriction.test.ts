import { expect, it } from 'vitest';
import { afterRefusal } from '../../../shared/domain/restriction.js';

const MINUTE_MS = 60_000;

it('lasts as long as WhatsApp says', () => {
  const told = afterRefusal(undefined, 'reach_out', 5_000, 1_000);
  expect(told).toEqual({ kind: 'reach_out', since: 1_000, until: 5_000, told: true, tries: 0 });
  expect(afterRefusal(told, 'reach_out', 5_000, 2_000)).toBe(told);
  expect(afterRefusal(told, 'reach_out', 9_000, 2_000)).toMatchObject({ since: 1_000, until: 9_000 });
});

it('is tried after pauses that grow to half a day when WhatsApp does not say how long', () => {
  let restriction = afterRefusal(undefined, 'reach_out', undefined, 0);
  const pauses = [restriction.until];
  for (let n = 0; n < 7; n++) {
    const now = restriction.until;
    restriction = afterRefusal(restriction, 'reach_out', undefined, now);
    pauses.push(restriction.until - now);
  }
  expect(pauses.map((ms) => ms / MINUTE_MS)).toEqual([15, 30, 60, 120, 240, 480, 720, 720]);
  expect(restriction.since).toBe(0);
});

it('is not made longer by refusals of messages that were under way', () => {
  const guessed = afterRefusal(undefined, 'new_chats', undefined, 0);
  expect(afterRefusal(guessed, 'new_chats', undefined, 5)).toBe(guessed);
});

it('takes an end that has passed for none', () => {
  expect(afterRefusal(undefined, 'reach_out', 5, 10)).toMatchObject({ told: false });
});
