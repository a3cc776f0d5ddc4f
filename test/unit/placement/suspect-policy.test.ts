import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SESSION_STATES } from '../../../shared/domain/session.js';
import { OPERATIONS } from '../../../shared/in-flight-file.js';
import { afterDeath, deathsOf, review, SUSPECT_LIMITS, type Death, type Suspect } from '../../../supervisor/placement/suspect-policy.js';

const { windowMs, clearAfterMs, deathsKept } = SUSPECT_LIMITS;
const death = (at: number, operation: Death['operation'] = 'connect'): Death => ({ at, slot: 0, operation, verdict: 'crash' });
const marks = fc.uniqueArray(fc.record({ sessionId: fc.string({ minLength: 1 }), operations: fc.subarray([...OPERATIONS]) }), {
  selector: ({ sessionId }) => sessionId,
});
const gaps = fc.array(fc.nat({ max: 2 * windowMs }), { minLength: 1, maxLength: 12 });

/** What becomes of a session whose runners die these milliseconds after each other, while it shares them. */
const afterGaps = (gapsMs: readonly number[]) => {
  let [suspect, at, consequence]: [Suspect | undefined, number, string] = [undefined, 0, ''];
  for (const gap of gapsMs) {
    at += gap;
    ({ suspect, consequence } = afterDeath(suspect, death(at), false));
  }
  return { suspect, consequence, at };
};

it('blames nobody for a runner that was killed from outside, left politely or could not be configured', () => {
  fc.assert(
    fc.property(marks, fc.constantFrom('killed', 'clean', 'config'), fc.boolean(), (found, verdict, alone) => {
      expect(deathsOf(found, { at: 1, slot: 0, verdict }, alone)).toEqual([]);
    }),
  );
});

it('blames exactly the sessions something was under way for, and whoever was alone', () => {
  fc.assert(
    fc.property(marks, fc.constantFrom('crash', 'oom'), fc.boolean(), (found, verdict, alone) => {
      const blamed = deathsOf(found, { at: 1, slot: 3, verdict }, alone);
      expect(blamed.map(({ sessionId }) => sessionId)).toEqual(
        found.filter(({ operations }) => alone || operations.length > 0).map(({ sessionId }) => sessionId),
      );
      for (const { sessionId, death: noted } of blamed) {
        const under = found.find((mark) => mark.sessionId === sessionId)?.operations ?? [];
        expect(noted).toMatchObject({ at: 1, slot: 3, verdict });
        expect(under.length === 0 ? ['idle'] : under).toContain(noted.operation);
      }
    }),
  );
});

it('names a decryption before a connect: it is what happens within one', () => {
  const found = [{ sessionId: 'a', operations: ['connect', 'decrypt'] as const }].map((mark) => ({
    ...mark,
    operations: [...mark.operations],
  }));
  expect(deathsOf(found, { at: 1, slot: 0, verdict: 'crash' }, false)[0]?.death.operation).toBe('decrypt');
});

it('isolates a session that shares its runner once two deaths are close together, and before that only watches it', () => {
  fc.assert(
    fc.property(gaps, (gapsMs) => {
      const { suspect, consequence } = afterGaps(gapsMs);
      const close = gapsMs.slice(1).some((gap) => gap < windowMs);
      expect(consequence).toBe(close ? 'isolate' : 'watch');
      expect(suspect?.isolated).toBe(close);
    }),
  );
});

it('keeps the newest deaths, in their order, and not more than it may', () => {
  fc.assert(
    fc.property(gaps, (gapsMs) => {
      const { suspect, at } = afterGaps(gapsMs);
      const times = suspect?.deaths.map((each) => each.at) ?? [];
      expect(times).toHaveLength(Math.min(deathsKept, gapsMs.length));
      expect(times).toEqual(times.toSorted((one, other) => one - other));
      expect(times.at(-1)).toBe(at);
    }),
  );
});

it('gives an isolated session up with the first death of its own runner, whenever the others were', () => {
  fc.assert(
    fc.property(fc.array(fc.nat()), fc.nat(), (times, at) => {
      const before: Suspect = { deaths: times.map((time) => death(time)), isolated: true };
      const { suspect, consequence } = afterDeath(before, death(at, 'idle'), true);
      expect(consequence).toBe('give_up');
      expect(suspect.isolated).toBe(true);
      // One that waits to be isolated is not given up for what its old runner did.
      expect(afterDeath(before, death(at), false).consequence).toBe('isolate');
    }),
  );
});

it('clears what is no suspect any more, and nobody else', () => {
  const deaths = [death(0)];
  const alone = { suspect: { deaths, isolated: true }, state: 'connected' as const, since: 1_000, wanted: true, alone: true };
  expect(review(alone, 1_000 + clearAfterMs - 1)).toBeUndefined();
  expect(review(alone, 1_000 + clearAfterMs)).toBe('clear');
  expect(review({ ...alone, state: 'reconnecting' }, 1_000 + clearAfterMs)).toBeUndefined();
  const watched = { ...alone, suspect: { deaths, isolated: false }, alone: false };
  expect(review(watched, windowMs - 1)).toBeUndefined();
  expect(review(watched, windowMs)).toBe('clear');
});

it('keeps a session in a slot of its own only while it is isolated and should be connected', () => {
  fc.assert(
    fc.property(
      fc.option(fc.record({ deaths: fc.array(fc.nat().map((at) => death(at))), isolated: fc.boolean() }), { nil: undefined }),
      fc.constantFrom(...SESSION_STATES),
      fc.nat(),
      fc.boolean(),
      fc.boolean(),
      fc.nat(),
      (suspect, state, since, wanted, alone, now) => {
        const decision = review({ suspect, state, since, wanted, alone }, now);
        if (decision === 'leave') expect(alone && !(suspect?.isolated && wanted)).toBe(true);
        if (decision === 'clear') expect(suspect).toBeDefined();
        // What was given up keeps its evidence, wherever it lives.
        if (suspect?.isolated && !wanted) expect(decision).not.toBe('clear');
      },
    ),
  );
});
