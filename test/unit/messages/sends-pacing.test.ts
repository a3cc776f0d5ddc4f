import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { SendPace } from '../../../supervisor/messages/send-pace.js';
import { openSupervisorStore } from '../../../supervisor/supervisor-store.js';
import { eventually } from '../../fixtures/eventually.js';
import { closing, tempFolder } from '../store/temp-store.js';
import { addConnected, failureOf, reconnect, disconnect, setUp, startSends, statusOf, text, untilGiven } from './sends-setting.js';

const DEADLINE_MS = 40_000;
/** One every ten seconds, three at once. */
const PACED = { paceOf: () => ({ perMinute: 6, burst: 3, typing: false }) };
const TEN_SECONDS = 10_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const wordsOf = ({ given }: { given: () => { text: string }[] }): string =>
  given()
    .map(({ text: words }) => words)
    .join();

it('sends a burst at once and then at the pace, in order', async () => {
  const setting = await setUp(DEADLINE_MS, PACED);
  const queued = [];
  for (const words of ['a', 'b', 'c', 'd', 'e']) queued.push(await setting.sends.enqueue(text(words)));
  await untilGiven(setting, 3);
  const now = Date.now();
  expect(setting.sends.waiting.page('s', { limit: 10, offset: 0 }).sends.map(({ estimatedAt }) => (estimatedAt ?? 0) - now)).toEqual([
    TEN_SECONDS,
    2 * TEN_SECONDS,
  ]);
  await vi.advanceTimersByTimeAsync(TEN_SECONDS - 1);
  expect(setting.given()).toHaveLength(3);
  await vi.advanceTimersByTimeAsync(1);
  await untilGiven(setting, 4);
  await vi.advanceTimersByTimeAsync(TEN_SECONDS);
  await untilGiven(setting, 5);
  expect(wordsOf(setting)).toBe('a,b,c,d,e');
});

it('answers at once who would wait longer than the deadline, accepts nothing of theirs, and lets others wait their turn', async () => {
  const setting = await setUp(DEADLINE_MS, PACED);
  for (const words of ['a', 'b', 'c', 'd', 'e']) await setting.sends.enqueue(text(words));
  const waits = setting.sends.send(text('in time'));
  await eventually(() => statusOf(setting).length === 6, 'it is accepted');
  expect(await failureOf(setting.sends.send(text('too late', 'key')))).toMatchObject({
    code: 'RATE_LIMITED',
    retryAfterSeconds: TEN_SECONDS / 1000,
    details: { waitSeconds: 40 },
  });
  expect(statusOf(setting)).toHaveLength(6);
  for (let n = 0; n < 3; n++) {
    await vi.advanceTimersByTimeAsync(TEN_SECONDS);
    await untilGiven(setting, 4 + n);
  }
  expect(await waits).toMatchObject({ status: 'sent' });
});

it('begins no new burst after a restart', async () => {
  const folder = tempFolder();
  const before = await startSends(await openSupervisorStore(folder), DEADLINE_MS, PACED);
  await addConnected(before.registry);
  for (const words of ['a', 'b', 'c', 'd']) await before.sends.enqueue(text(words));
  await untilGiven(before, 3);
  await eventually(() => before.sends.size === 1, 'three are sent');
  before.sends.stop();
  await before.store.close();

  const after = await startSends(closing(await openSupervisorStore(folder)), DEADLINE_MS, PACED);
  await disconnect(after);
  await reconnect(after);
  expect(after.given()).toEqual([]);
  await vi.advanceTimersByTimeAsync(TEN_SECONDS);
  await untilGiven(after, 1);
  expect(wordsOf(after)).toBe('d');
});

it('goes on at the pace when the session comes back after a while', async () => {
  const setting = await setUp(DEADLINE_MS, PACED);
  await disconnect(setting);
  for (const words of ['a', 'b', 'c', 'd']) await setting.sends.enqueue(text(words));
  await vi.advanceTimersByTimeAsync(10 * TEN_SECONDS);
  await reconnect(setting);
  await untilGiven(setting, 3);
  await vi.advanceTimersByTimeAsync(TEN_SECONDS);
  await untilGiven(setting, 4);
});

it('does not take for a day and more what comes too late anyway', async () => {
  const setting = await setUp(DEADLINE_MS, { paceOf: () => ({ perMinute: 1 / 600, burst: 1, typing: false }) });
  await disconnect(setting);
  for (const words of ['a', 'b', 'c']) await setting.sends.enqueue(text(words));
  expect(await failureOf(setting.sends.enqueue(text('d')))).toMatchObject({ code: 'QUEUE_FULL' });
});

it('types one text after the other, for as long as each asks for', async () => {
  const setting = await setUp(DEADLINE_MS, { paceOf: () => ({ perMinute: undefined, burst: 1, typing: true }) });
  await Promise.all([setting.sends.send(text('x'.repeat(20))), setting.sends.send(text('x'.repeat(30)))]);
  expect(setting.fleet.of('session.send').map(({ params }) => params.typingMs)).toEqual([1_200, 1_800]);
});

it('goes by another pace at once, also with what waits already', async () => {
  let current: SendPace = { perMinute: 1, burst: 1, typing: false };
  const setting = await setUp(DEADLINE_MS, { paceOf: () => current });
  const change = async (next: SendPace): Promise<void> => {
    const writes = setting.sends.repace('s', current, next);
    current = next;
    await setting.store.commit(writes);
    setting.sends.pump('s');
  };
  for (const words of ['a', 'b', 'c', 'd', 'e']) await setting.sends.enqueue(text(words));
  await untilGiven(setting, 1);
  await change({ perMinute: 60, burst: 1, typing: false });
  await vi.advanceTimersByTimeAsync(1_000);
  await untilGiven(setting, 2);
  await change({ perMinute: 1, burst: 1, typing: false });
  await vi.advanceTimersByTimeAsync(2_000);
  expect(setting.given()).toHaveLength(2);
  await change({ perMinute: undefined, burst: 1, typing: false });
  await untilGiven(setting, 5);
  expect(wordsOf(setting)).toBe('a,b,c,d,e');
});
