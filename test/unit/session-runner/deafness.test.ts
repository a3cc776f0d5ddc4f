import fc from 'fast-check';
import { expect, it } from 'vitest';
import { UNKNOWN_RHYTHM, type Rhythm } from '../../../shared/domain/rhythm.js';
import {
  afterAck,
  afterDeafness,
  afterFalseAlarm,
  afterGap,
  afterStanza,
  DEAFNESS,
  freshEar,
  provesDeafness,
  suspicion,
  type Ear,
} from '../../../session-runner/session/deafness.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const FLOOR = 10 * MINUTE;

const listening = (at = 0): Ear => ({ ...freshEar(at), caughtUp: true });
/** Learned from stanzas that came at these distances. */
const learned = (...gaps: number[]): Rhythm => gaps.reduce((rhythm, gap) => afterGap(rhythm, gap, undefined), UNKNOWN_RHYTHM);
const steady = (gapMs: number): Rhythm => learned(...Array.from({ length: DEAFNESS.stanzas }, () => gapMs));
/** How long a session of that rhythm may hear nothing. */
const patienceOf = (rhythm: Rhythm): number => {
  let silence = 1_000;
  while (!suspicion(listening(), rhythm, silence, FLOOR)) silence *= 1.1;
  return silence;
};

const gap = fc.integer({ min: 0, max: 3 * DAY });
const rhythm = fc.record({
  stanzas: fc.nat({ max: 10_000 }),
  usualMs: gap,
  doubt: fc.nat({ max: DEAFNESS.maxDoublings }),
  deafInARow: fc.nat({ max: DEAFNESS.maxDoublings }),
});

it('never finds silence suspicious below the floor, nor below twice what is usual', () => {
  fc.assert(
    fc.property(rhythm, fc.integer({ min: 0, max: 30 * DAY }), (known, silence) => {
      if (suspicion(listening(), known, silence, FLOOR) !== 'silence') return;
      expect(silence).toBeGreaterThanOrEqual(FLOOR);
      expect(silence).toBeGreaterThanOrEqual(2 * known.usualMs);
      expect(known.stanzas).toBeGreaterThanOrEqual(DEAFNESS.stanzas);
    }),
  );
});

it('never judges a session by its silence before it knows its rhythm, however long nothing comes', () => {
  const few = learned(...Array.from({ length: DEAFNESS.stanzas - 1 }, () => 1_000));
  fc.assert(
    fc.property(fc.nat(), (silence) => {
      expect(suspicion(listening(), few, silence, FLOOR)).toBeUndefined();
      expect(suspicion(listening(), UNKNOWN_RHYTHM, silence, FLOOR)).toBeUndefined();
    }),
  );
});

it('suspects a busy session after the floor, and the later the rarer it hears something', () => {
  expect(suspicion(listening(), steady(1_000), FLOOR - 1, FLOOR)).toBeUndefined();
  expect(suspicion(listening(), steady(1_000), FLOOR, FLOOR)).toBe('silence');
  expect(suspicion(listening(), steady(HOUR), 2 * HOUR - 1, FLOOR)).toBeUndefined();
  expect(suspicion(listening(), steady(HOUR), 2 * HOUR, FLOOR)).toBe('silence');
});

it('lets a session sleep every night once it has seen one', () => {
  const day = [...Array.from({ length: 32 }, () => HOUR / 2), 8 * HOUR];
  const afterTwoDays = learned(...day, ...day);
  const inTheEvening = learned(...day, ...day, ...day.slice(0, -1));
  expect(patienceOf(afterTwoDays)).toBeGreaterThan(8 * HOUR);
  expect(patienceOf(inTheEvening)).toBeGreaterThan(8 * HOUR);
});

it('forgets a long silence again', () => {
  const busyWeek = Array.from({ length: 7 * 24 * 60 }, () => MINUTE);
  expect(patienceOf(learned(3 * DAY, ...busyWeek))).toBeLessThan(DAY);
});

it('disturbs a session that has fallen silent for a month a dozen times at most, each time after at least twice as long', () => {
  let known = steady(1_000);
  const alarms: number[] = [];
  let openedAt = 0;
  for (let at = 0; at < 30 * DAY; at += MINUTE) {
    if (!suspicion(listening(openedAt), known, at, FLOOR)) continue;
    alarms.push(at - openedAt);
    known = afterFalseAlarm(known);
    openedAt = at;
  }
  expect(alarms.length).toBeLessThanOrEqual(12);
  for (const [n, alarm] of alarms.entries()) if (n > 0) expect(alarm).toBeGreaterThanOrEqual(2 * (alarms[n - 1] ?? 0));
});

it('remembers false alarms once something comes again, but only a few of them', () => {
  let known = steady(1_000);
  for (let n = 0; n < 10; n++) known = afterFalseAlarm(known);
  const again = afterGap(known, 1_000, undefined);
  expect(again.doubt).toBe(DEAFNESS.lastingDoubt);
  expect(patienceOf(again)).toBeLessThan(FLOOR * 2 ** DEAFNESS.lastingDoubt * 1.2);
});

it('believes itself again after a deafness that was proven, and grows patient with a session that is deaf again and again', () => {
  const doubting = afterFalseAlarm(afterFalseAlarm(steady(1_000)));
  let known = afterDeafness(doubting);
  expect(patienceOf(known)).toBeLessThan(FLOOR * 1.2);
  for (let n = 1; n < DEAFNESS.patientAfter; n++) known = afterDeafness(known);
  expect(patienceOf(known)).toBeLessThan(FLOOR * 1.2);
  expect(patienceOf(afterDeafness(known))).toBeGreaterThanOrEqual(FLOOR * 2);
  expect(patienceOf(afterDeafness(afterDeafness(known)))).toBeGreaterThanOrEqual(FLOOR * 4);
  expect(afterGap(known, 1_000, DEAFNESS.recoveredMs - 1).deafInARow).toBe(known.deafInARow);
  expect(afterGap(known, 1_000, DEAFNESS.recoveredMs).deafInARow).toBe(0);
});

it('keeps every figure within its bounds, whatever happens', () => {
  const step = fc.oneof(
    gap.map((ms) => (known: Rhythm) => afterGap(known, ms, undefined)),
    fc.constant(afterFalseAlarm),
    fc.constant(afterDeafness),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const known = steps.reduce((before, next) => next(before), UNKNOWN_RHYTHM);
      expect(known.usualMs).toBeLessThanOrEqual(3 * DAY);
      expect(known.doubt).toBeLessThanOrEqual(DEAFNESS.maxDoublings);
      expect(known.deafInARow).toBeLessThanOrEqual(DEAFNESS.maxDoublings);
    }),
  );
});

it('suspects a login after which nothing was delivered for a minute, and not one whose backlog is on its way', () => {
  const { backlogMs } = DEAFNESS;
  expect(suspicion(freshEar(0), UNKNOWN_RHYTHM, backlogMs - 1, FLOOR)).toBeUndefined();
  expect(suspicion(freshEar(0), UNKNOWN_RHYTHM, backlogMs, FLOOR)).toBe('no_backlog');
  const delivering = afterStanza(freshEar(0), false, backlogMs - 1);
  expect(suspicion(delivering, UNKNOWN_RHYTHM, 2 * backlogMs - 2, FLOOR)).toBeUndefined();
  expect(suspicion(delivering, UNKNOWN_RHYTHM, 2 * backlogMs - 1, FLOOR)).toBe('no_backlog');
  expect(suspicion(afterStanza(freshEar(0), true, 1), UNKNOWN_RHYTHM, HOUR, FLOOR)).toBeUndefined();
});

it('suspects sends to five chats of which none was received, and not many to the same one', () => {
  const sends = (chats: readonly string[]): Ear => chats.reduce((ear, chat, at) => afterAck(ear, chat, at), listening());
  const after = FLOOR * DEAFNESS.unheardShare;
  const five = sends(['a', 'b', 'c', 'd', 'e']);
  expect(suspicion(five, UNKNOWN_RHYTHM, 4 + after - 1, FLOOR)).toBeUndefined();
  expect(suspicion(five, UNKNOWN_RHYTHM, 4 + after, FLOOR)).toBe('no_receipts');
  expect(suspicion(sends(['a', 'b', 'c', 'd', 'e', 'f', 'f']), UNKNOWN_RHYTHM, 4 + after, FLOOR)).toBe('no_receipts');
  expect(suspicion(sends(Array.from({ length: 100 }, () => 'a')), UNKNOWN_RHYTHM, DAY, FLOOR)).toBeUndefined();
  expect(suspicion(afterStanza(five, true, 5), UNKNOWN_RHYTHM, DAY, FLOOR)).toBeUndefined();
});

it('takes for proof only what was sent while nothing came, by the clock of WhatsApp', () => {
  const silence = { since: 100_000, until: 160_000 };
  // WhatsApp's clock is far from ours; the login came 5 s after the end of the silence.
  const login = { at: 165_000, seconds: 5_000 };
  const sentAt = (ours: number): number => 5_000 + (ours - login.at) / 1_000;
  expect(provesDeafness(sentAt(130_000), silence, login)).toBe(true);
  // It came before the silence, and was never confirmed.
  expect(provesDeafness(sentAt(100_000), silence, login)).toBe(false);
  // It came while there was no socket.
  expect(provesDeafness(sentAt(161_000), silence, login)).toBe(false);
  expect(provesDeafness(sentAt(159_000), silence, login)).toBe(false);
  expect(provesDeafness(NaN, silence, login)).toBe(false);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 200 }), fc.integer({ min: -1e9, max: 1e9 }), (second, offset) => {
      const proven = provesDeafness(second + offset, silence, { at: 165_000, seconds: 165 + offset });
      expect(proven).toBe(second * 1_000 > silence.since + 1_000 && second * 1_000 < silence.until - 2_000);
    }),
  );
});
