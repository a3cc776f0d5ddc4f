import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RecurringWork, type RecurringWorkOptions } from '../../supervisor/recurring-work.js';
import { captureLog, silent } from './shared/logged.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const recurring = (options: Partial<RecurringWorkOptions> & Pick<RecurringWorkOptions, 'work'>): RecurringWork =>
  new RecurringWork({ firstAfterMs: 10, everyMs: 100, complaint: 'not done', log: silent, ...options });

it('runs soon after the start, and again when the interval since the end of a run is over', async () => {
  const begun: number[] = [];
  const startedAt = Date.now();
  recurring({
    work: async () => {
      begun.push(Date.now() - startedAt);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    },
  }).start();
  await vi.advanceTimersByTimeAsync(2_300);
  expect(begun).toEqual([10, 1_110, 2_210]);
});

it('does nothing by itself when there is nothing to do', async () => {
  const work = vi.fn(async () => Promise.resolve());
  const idle = recurring({ work, firstAfterMs: undefined });
  idle.start();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(work).not.toHaveBeenCalled();
  await idle.run();
  expect(work).toHaveBeenCalledOnce();
});

it('gives whoever asks during a run that run', async () => {
  let end = (): void => undefined;
  const work = vi.fn(async () => new Promise<void>((resolve) => (end = resolve)));
  const one = recurring({ work });
  const both = [one.run(), one.run()];
  end();
  await Promise.all(both);
  expect(work).toHaveBeenCalledOnce();
});

it('logs what failed, and runs again', async () => {
  const { log, lines } = captureLog();
  const work = vi.fn(async () => Promise.reject(new Error('the disk is away')));
  recurring({ work, log }).start();
  await vi.advanceTimersByTimeAsync(10 + 100);
  expect(work).toHaveBeenCalledTimes(2);
  expect(lines()).toMatchObject([
    { level: 'warn', cause: 'the disk is away', msg: 'not done' },
    { level: 'warn', cause: 'the disk is away', msg: 'not done' },
  ]);
});

it('tells the run under way that it is to stop, waits for its end, and begins no other', async () => {
  let ended = false;
  const work = vi.fn(async (stopping: AbortSignal) => {
    await new Promise((resolve) => {
      stopping.addEventListener('abort', resolve);
    });
    await Promise.resolve();
    ended = true;
  });
  const one = recurring({ work });
  one.start();
  await vi.advanceTimersByTimeAsync(10);
  await one.stop();
  expect(ended).toBe(true);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(work).toHaveBeenCalledOnce();
});
