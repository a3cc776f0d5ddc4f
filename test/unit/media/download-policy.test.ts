import { expect, it } from 'vitest';
import { AppError } from '../../../shared/errors.js';
import { afterFailure, afterNoAnswer } from '../../../supervisor/media/download-policy.js';

it.each(['gone', 'too_large', 'unreadable'] as const)('tries no second time what is %s', (reason) => {
  expect(afterFailure(1, reason, 0, 0.5)).toEqual({ reason });
});

it('pauses longer after every failure, up to a quarter of an hour, and gives up in the end', () => {
  const verdicts = Array.from({ length: 10 }, (_, index) => afterFailure(index + 1, 'unreachable', 1_000, 1));
  const pauses = verdicts.flatMap((verdict) => ('job' in verdict ? [verdict.job.dueAt - 1_000] : []));
  expect(pauses).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 512_000]);
  expect(verdicts[9]).toEqual({ reason: 'unreachable' });
  expect(afterFailure(3, 'damaged', 0, 0)).toEqual({ reason: 'damaged' });
});

it('waits for ever for room on the disk', () => {
  expect(afterFailure(1_000, 'disk', 0, 1)).toEqual({ job: { attempts: 1_000, dueAt: 900_000 } });
  expect(afterNoAnswer(1_000, new AppError('STORAGE_UNAVAILABLE', 'full'), 0, 1)).toMatchObject({ job: { attempts: 1_000 } });
});

it('counts a runner that ended, and nothing that was not tried', () => {
  expect(afterNoAnswer(2, new AppError('SESSION_NOT_CONNECTED', 'away'), 0, 1)).toMatchObject({ job: { attempts: 1 } });
  expect(afterNoAnswer(2, new AppError('RUNNER_UNAVAILABLE', 'gone'), 0, 1)).toMatchObject({ job: { attempts: 2 } });
  expect(afterNoAnswer(10, new AppError('RUNNER_UNAVAILABLE', 'gone'), 0, 1)).toEqual({ reason: 'unreachable' });
});
