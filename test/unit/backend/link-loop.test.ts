import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LinkLoop, type LinkClock } from '../../../supervisor/backend/link-loop.js';
import type { Step, StepOutcome } from '../../../supervisor/backend/link-state.js';
import { captureLog } from '../shared/logged.js';

const TAKEN: StepOutcome = { kind: 'taken' };
const UNKNOWN: StepOutcome = { kind: 'unknown' };
const FAILED: StepOutcome = { kind: 'failed', sentence: 'away', retryAfterMs: undefined };
const refused = (status: number): StepOutcome => ({ kind: 'refused', status, sentence: `no: ${status}` });
const after = (retryAfterMs: number): StepOutcome => ({ kind: 'failed', sentence: 'later', retryAfterMs });

/** Time that passes only when it is told to; work in between is settled first. */
class FakeClock implements LinkClock {
  #now = 0;
  readonly #timers = new Set<{ at: number; run: () => void }>();

  now = (): number => this.#now;
  wall = (): number => 1_700_000_000_000 + this.#now;
  after = (ms: number, run: () => void): (() => void) => {
    const timer = { at: this.#now + ms, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settled();
      const [next] = [...this.#timers].toSorted((a, b) => a.at - b.at);
      if (!next || next.at > end) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
    }
    this.#now = end;
  }
}

const settled = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

interface Call {
  step: Step;
  at: number;
  outcome: StepOutcome;
}

/** @param answer the outcome of each call and how long it takes */
const setUp = (answer: (step: Step, n: number) => StepOutcome | [StepOutcome, number], { intervalMs = 30_000, random = 0.999 } = {}) => {
  const clock = new FakeClock();
  const calls: Call[] = [];
  const known: boolean[] = [];
  const { log, lines } = captureLog();
  let open = 0;
  const run = (step: Step) => async (): Promise<StepOutcome> => {
    expect(++open, 'calls at once').toBe(1);
    const given = answer(step, calls.length);
    const [outcome, takes] = Array.isArray(given) ? given : [given, 0];
    calls.push({ step, at: clock.now(), outcome });
    if (takes > 0) await new Promise<void>((resolve) => clock.after(takes, resolve));
    open--;
    return outcome;
  };
  const loop = new LinkLoop({
    steps: { register: run('register'), heartbeat: run('heartbeat') },
    intervalMs,
    onKnown: (mayHaveForgotten) => known.push(mayHaveForgotten),
    log,
    clock,
    random: () => random,
  });
  loop.start();
  const logged = () => lines().map(({ level, msg }) => `${String(level)}: ${String(msg)}`);
  return { clock, loop, calls, known, logged, timesOf: (step: Step) => calls.filter((call) => call.step === step).map(({ at }) => at) };
};

describe('registration', () => {
  it('comes first and leads to a report of everything, and a heartbeat comes right behind it', async () => {
    const { clock, calls, known, loop, logged } = setUp(() => TAKEN);
    await clock.pass(0);
    expect(calls.map(({ step, at }) => [step, at])).toEqual([
      ['register', 0],
      ['heartbeat', 0],
    ]);
    expect(known).toEqual([true, false]);
    expect(loop.state).toMatchObject({ condition: 'registered', sentence: undefined, lastHeartbeat: clock.wall() });
    expect(logged()).toEqual(['info: registered with the backend']);
  });

  it('is tried again after growing pauses up to a minute', async () => {
    const { clock, timesOf } = setUp(() => FAILED, { random: 0.999999 });
    await clock.pass(200_000);
    expect(timesOf('register')).toEqual([0, 1_000, 3_000, 7_000, 15_000, 31_000, 63_000, 123_000, 183_000]);
  });

  it('waits as long as the backend asks, within reason', async () => {
    const { clock, timesOf } = setUp((_step, n) => after(n === 0 ? 20_000 : 3_600_000));
    await clock.pass(400_000);
    expect(timesOf('register')).toEqual([0, 20_000, 320_000]);
  });

  it('says once that the backend is away, and once that it is back', async () => {
    const { clock, logged } = setUp((_step, n) => (n < 5 ? FAILED : TAKEN));
    await clock.pass(100_000);
    expect(logged()).toEqual(['warn: the backend cannot be used now, and is tried until it can', 'info: registered with the backend']);
  });

  it('says once per refusal what is wrong', async () => {
    const { clock, loop, logged } = setUp((_step, n) => (n < 4 ? refused(401) : n < 7 ? refused(409) : TAKEN));
    await clock.pass(10_000);
    expect(loop.state).toMatchObject({ condition: 'refused', sentence: 'no: 401' });
    await clock.pass(400_000);
    expect(logged()).toEqual([
      'error: the backend refuses this worker',
      'error: the backend refuses this worker',
      'info: registered with the backend',
    ]);
  });

  it('goes on after a step that throws', async () => {
    const { clock, loop } = setUp((_step, n) => {
      if (n === 0) throw new Error('broken');
      return TAKEN;
    });
    await clock.pass(0);
    expect(loop.state).toMatchObject({ condition: 'unreachable', sentence: expect.stringContaining('broken') as string });
  });
});

describe('heartbeats', () => {
  it('are an interval apart from start to start, however long each takes', async () => {
    const { clock, timesOf } = setUp((step) => (step === 'heartbeat' ? [TAKEN, 9_000] : TAKEN));
    await clock.pass(100_000);
    expect(timesOf('heartbeat')).toEqual([0, 30_000, 60_000, 90_000]);
  });

  it('keep their distance while the backend is away, and say so once', async () => {
    const { clock, timesOf, logged, known } = setUp((step, n) => (step === 'register' || n < 3 || n > 5 ? TAKEN : FAILED));
    await clock.pass(200_000);
    expect(timesOf('heartbeat')).toEqual([0, 30_000, 60_000, 90_000, 120_000, 150_000, 180_000]);
    expect(logged()).toEqual([
      'info: registered with the backend',
      'warn: the backend cannot be used now, and is tried until it can',
      'info: the backend takes this worker again',
    ]);
    // Two minutes exactly are no outage yet.
    expect(known).toEqual([true, false, false, false, false]);
  });

  it('that come back after more than two minutes lead to a report of everything', async () => {
    const { clock, known } = setUp((step, n) => (step === 'register' || n < 2 || n > 6 ? TAKEN : FAILED));
    await clock.pass(215_000);
    expect(known).toEqual([true, false, true, false]);
  });

  it('with a long interval are no outage', async () => {
    const { clock, known } = setUp(() => TAKEN, { intervalMs: 600_000 });
    await clock.pass(1_900_000);
    expect(known).toEqual([true, false, false, false, false]);
  });

  it('of an unknown worker lead to a registration at once, and to a report of everything', async () => {
    const { clock, calls, known, logged } = setUp((_step, n) => (n === 2 ? UNKNOWN : TAKEN));
    await clock.pass(30_000);
    expect(calls.map(({ step, at }) => [step, at])).toEqual([
      ['register', 0],
      ['heartbeat', 0],
      ['heartbeat', 30_000],
      ['register', 30_000],
      ['heartbeat', 30_000],
    ]);
    expect(known).toEqual([true, false, true, false]);
    expect(logged().at(-1)).toBe('warn: the backend had forgotten this worker, which is registered again');
  });

  it('that are never known do not lead to a storm of registrations', async () => {
    const { clock, timesOf } = setUp((step) => (step === 'heartbeat' ? UNKNOWN : TAKEN), { random: 0.999999 });
    await clock.pass(120_000);
    expect(timesOf('register')).toEqual([0, 0, 1_000, 3_000, 7_000, 15_000, 31_000, 63_000]);
  });

  it('that are refused go on with a pause, and with one error', async () => {
    const { clock, timesOf, logged, loop } = setUp((step, n) => (step === 'register' || n > 4 ? TAKEN : refused(403)), {
      intervalMs: 5_000,
    });
    await clock.pass(14_000);
    expect(loop.state).toMatchObject({ condition: 'refused', status: 403 });
    await clock.pass(30_000);
    expect(timesOf('heartbeat').slice(0, 4)).toEqual([0, 5_000, 10_000, 15_000]);
    expect(logged()).toEqual([
      'info: registered with the backend',
      'error: the backend refuses this worker',
      'info: the backend takes this worker again',
    ]);
  });
});

describe('a registration that somebody asks for', () => {
  it('is one for all who ask meanwhile, and says whether it was taken', async () => {
    const { clock, loop, timesOf } = setUp((step) => (step === 'register' ? [TAKEN, 100] : TAKEN));
    await clock.pass(10_000);
    const asked = Promise.all([loop.registerAgain(), loop.registerAgain()]);
    await clock.pass(50);
    const late = loop.registerAgain();
    await clock.pass(10_000);
    expect(await asked).toEqual([true, true]);
    expect(await late).toBe(true);
    expect(timesOf('register')).toEqual([0, 10_000]);
  });

  it('waits for the heartbeat that is under way', async () => {
    const { clock, loop, calls } = setUp((step, n) => (step === 'heartbeat' && n === 1 ? [TAKEN, 5_000] : TAKEN));
    await clock.pass(1_000);
    const asked = loop.registerAgain();
    await clock.pass(10_000);
    expect(await asked).toBe(true);
    expect(calls.map(({ step, at }) => [step, at])).toEqual([
      ['register', 0],
      ['heartbeat', 0],
      ['register', 5_000],
      ['heartbeat', 5_000],
    ]);
  });

  it('is answered false when the try was not taken, and when the loop stops', async () => {
    const { clock, loop } = setUp((_step, n) => (n < 2 ? TAKEN : FAILED));
    await clock.pass(1_000);
    const asked = loop.registerAgain();
    await clock.pass(0);
    expect(await asked).toBe(false);
    const waiting = loop.registerAgain();
    loop.stop();
    expect([await waiting, await loop.registerAgain()]).toEqual([false, false]);
  });
});

it('makes no call any more after it was stopped', async () => {
  const { clock, loop, calls } = setUp((step) => (step === 'heartbeat' ? [TAKEN, 500] : TAKEN));
  await clock.pass(100);
  loop.stop();
  await clock.pass(300_000);
  expect(calls).toHaveLength(2);
});

it('keeps its rules whatever the backend answers and whoever asks', async () => {
  const outcome = fc.oneof(
    { weight: 4, arbitrary: fc.constant(TAKEN) },
    fc.constant(UNKNOWN),
    fc.constant(FAILED),
    fc.integer({ min: 0, max: 600_000 }).map(after),
    fc.constantFrom(400, 401, 403, 409).map(refused),
  );
  const answers = fc.array(fc.tuple(outcome, fc.integer({ min: 0, max: 9_000 })), { minLength: 1, maxLength: 40 });
  const asks = fc.array(fc.integer({ min: 0, max: 120_000 }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(answers, asks, fc.double({ min: 0, max: 0.999, noNaN: true }), async (script, pauses, random) => {
      const { clock, calls, loop, timesOf } = setUp(
        (step, n) => {
          const [given, takes] = script[n] ?? [TAKEN, 0];
          return [step === 'register' && given.kind === 'unknown' ? FAILED : given, takes];
        },
        { random },
      );
      for (const pause of pauses) {
        await clock.pass(pause);
        void loop.registerAgain();
      }
      await clock.pass(8_000_000);

      const registrations = timesOf('register');
      // Two may follow each other at once; of three the last keeps the shortest pause, half a second with jitter.
      for (const [i, at] of registrations.entries()) if (i >= 2) expect(at - (registrations[i - 2] ?? 0)).toBeGreaterThanOrEqual(500);
      for (const [i, call] of calls.entries()) {
        const next = calls[i + 1];
        if (!next) continue;
        if (call.step === 'heartbeat' && call.outcome.kind === 'unknown') expect(next.step).toBe('register');
        if (call.step === 'register') expect(next.step).toBe(call.outcome.kind === 'taken' ? 'heartbeat' : 'register');
        if (call.step === 'register' && call.outcome.kind !== 'taken') expect(next.at - call.at).toBeGreaterThanOrEqual(500);
        if (call.step === 'heartbeat' && next.step === 'heartbeat') expect(next.at - call.at).toBeGreaterThanOrEqual(30_000);
      }
      expect(loop.state.condition).toBe('registered');
      loop.stop();
    }),
    { numRuns: 150 },
  );
});
