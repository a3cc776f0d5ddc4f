import { tmpdir } from 'node:os';
import { beforeEach, expect, test } from 'vitest';
import { AppError } from '../../../shared/errors.js';
import type { SessionRow } from '../../../supervisor/supervisor-store.js';
import { newSession } from '../../../supervisor/supervisor-store.js';
import { SessionQueries } from '../../../supervisor/queries/session-queries.js';
import { MemoryFleet } from '../placement/memory-fleet.js';

let row: SessionRow;
let fleet: MemoryFleet;
let queries: SessionQueries;
beforeEach(async () => {
  row = { ...newSession('s', 0), state: 'connected', slot: 3 };
  fleet = new MemoryFleet();
  await fleet.ensure(3);
  queries = new SessionQueries({ registry: { get: () => row }, fleet, temporaryFolder: tmpdir() });
});

const check = async (sessionId = 's') => queries.ask(sessionId, 'numbers.check', { numbers: ['628123'] });
const create = async () => queries.ask('s', 'groups.create', { subject: 'x', participants: ['628123@s.whatsapp.net'] });
const failing = (code: ConstructorParameters<typeof AppError>[0]) => async () => Promise.reject(new AppError(code, 'No.'));

test('a question goes to the runner of the session', async () => {
  fleet.answer = () => ({ result: { numbers: [{ number: '628123', exists: false }] } });
  expect(await check()).toEqual({ numbers: [{ number: '628123', exists: false }] });
  expect(fleet.calls).toEqual([
    { slot: 3, method: 'session.query', params: { sessionId: 's', name: 'numbers.check', params: { numbers: ['628123'] } } },
  ]);
});

test('a session that is not connected is asked nothing', async () => {
  row.state = 'reconnecting';
  await expect(check()).rejects.toMatchObject({ code: 'SESSION_NOT_CONNECTED', retryAfterSeconds: 5 });
  row.state = 'logged_out';
  await expect(check()).rejects.toMatchObject({ code: 'SESSION_LOGGED_OUT' });
  expect(fleet.calls).toEqual([]);
});

test('more than eight questions at once of one session are refused; those of another are not, and a settled one makes room', async () => {
  let settle: (answer: unknown) => void = () => undefined;
  const answer = new Promise((resolve) => (settle = resolve));
  fleet.answer = async () => answer;
  const waiting = Array.from({ length: 8 }, async () => check());
  await expect(check()).rejects.toMatchObject({ code: 'BUSY', retryAfterSeconds: 1 });
  const other = check('another');
  settle({ result: { numbers: [] } });
  await Promise.all([...waiting, other]);
  expect(await check()).toEqual({ numbers: [] });
});

test('a failed question makes room too, and clients are told when to come again', async () => {
  fleet.answer = failing('RATE_LIMITED');
  for (let n = 0; n < 20; n++) await expect(check()).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: 60 });
});

test.each(['DEADLINE_EXCEEDED', 'RUNNER_UNAVAILABLE'] as const)('%s leaves open whether a group was made', async (code) => {
  fleet.answer = failing(code);
  await expect(create()).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  await expect(check()).rejects.toMatchObject({ code });
});
