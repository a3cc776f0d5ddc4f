import { expect, it, vi } from 'vitest';
import { AppError } from '../../../shared/errors.js';
import { ConnectTurns } from '../../../session-runner/session/connect-turns.js';
import { silent } from '../shared/logged.js';

type Ask = ConstructorParameters<typeof ConnectTurns>[0]['ask'];
const turnsWith = (ask: Ask): ConnectTurns => new ConnectTurns({ ask, log: silent, pause: { baseMs: 1, maxMs: 2 } });
const request = (sessionId: string, kind: 'reconnect' | 'pairing' = 'reconnect') => ({ sessionId, epoch: 1, kind });
const GRANTED = { grantedAt: 0 };
/** Answers when it is told to, and rejects when the call is given up. */
const waiting = () => {
  const asked: { sessionId: string; grant: () => void }[] = [];
  const ask: Ask = async ({ sessionId }, signal) =>
    new Promise((resolve, reject) => {
      asked.push({
        sessionId,
        grant: () => {
          resolve(GRANTED);
        },
      });
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
    });
  return { asked, ask };
};

it('asks again until it is granted, whatever the supervisor says, and never takes a refusal for a turn', async () => {
  const answers = ['DEADLINE_EXCEEDED', 'BUSY', 'SESSION_NOT_CONNECTED', 'INTERNAL', 'DEADLINE_EXCEEDED'] as const;
  let asked = 0;
  const turns = turnsWith(async () => {
    const code = answers[asked++];
    return code ? Promise.reject(new AppError(code, 'No.')) : Promise.resolve(GRANTED);
  });
  expect(await turns.take(request('a'), new AbortController().signal)).toBe(true);
  expect(asked).toBe(answers.length + 1);
});

it('ends without a turn when it is given up: before, while it waits for the answer, for its place, or for the next try', async () => {
  const { asked, ask } = waiting();
  const turns = turnsWith(ask);
  const before = new AbortController();
  before.abort();
  expect(await turns.take(request('a'), before.signal)).toBe(false);
  expect(asked).toHaveLength(0);

  const controllers = Array.from({ length: 40 }, () => new AbortController());
  const takes = controllers.map(async ({ signal }, n) => turns.take(request(`s${n}`), signal));
  await vi.waitFor(() => {
    expect(asked.length).toBeGreaterThan(0);
  });
  for (const controller of controllers) controller.abort();
  expect(await Promise.all(takes)).toEqual(takes.map(() => false));

  const refused = new AbortController();
  const refusing = new ConnectTurns({
    ask: async () => Promise.reject(new AppError('BUSY', 'No.')),
    log: silent,
    pause: { baseMs: 600_000, maxMs: 600_000 },
  });
  const given = refusing.take(request('b'), refused.signal);
  await new Promise((resolve) => setImmediate(resolve));
  refused.abort();
  expect(await given).toBe(false);
});

it('keeps few calls open while hundreds of sessions wait, and lets pairings past them', async () => {
  const { asked, ask } = waiting();
  const turns = turnsWith(ask);
  const takes = Array.from({ length: 300 }, async (_, n) => turns.take(request(`s${n}`), new AbortController().signal));
  await vi.waitFor(() => {
    expect(asked).toHaveLength(32);
  });
  const pairing = turns.take(request('new', 'pairing'), new AbortController().signal);
  await vi.waitFor(() => {
    expect(asked.at(-1)?.sessionId).toBe('new');
  });
  asked.at(-1)?.grant();
  expect(await pairing).toBe(true);
  for (let granted = 0; granted < asked.length; granted++) {
    asked[granted]?.grant();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await Promise.all(takes)).toEqual(takes.map(() => true));
  expect(asked.map(({ sessionId }) => sessionId).filter((sessionId) => sessionId !== 'new')).toEqual(takes.map((_, n) => `s${n}`));
});

it('takes a turn of a ramp for what it is as long as it is fresh, and asks for another one when it is not', async () => {
  let now = 1_000_000;
  let late: number[] = [];
  const asked: number[] = [];
  const turns = new ConnectTurns({
    log: silent,
    now: () => now,
    ask: async () => {
      asked.push(now);
      const grantedAt = now;
      now += late.shift() ?? 0;
      return Promise.resolve({ grantedAt });
    },
  });
  const { signal } = new AbortController();
  expect(await turns.inTime(request('fresh'), now - 25, signal)).toBe(true);
  expect(asked).toHaveLength(0);
  expect(await turns.inTime(request('late'), now - 26, signal)).toBe(true);
  expect(asked).toHaveLength(1);
  // A machine on which everything is late connects all the same: each turn may be twice as old as the last.
  late = [1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000];
  expect(await turns.inTime(request('slow'), now - 1_000, signal)).toBe(true);
  expect(asked).toHaveLength(1 + 6);
});

it('gives no turn of a ramp to a session that was given up', async () => {
  const given = new AbortController();
  const turns = turnsWith(async () => Promise.resolve(GRANTED));
  given.abort();
  expect(await turns.inTime(request('a'), Date.now(), given.signal)).toBe(false);
  expect(await turns.inTime(request('a'), 0, given.signal)).toBe(false);
});
