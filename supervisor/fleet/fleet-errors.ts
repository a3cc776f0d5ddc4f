import { AppError } from '../../shared/errors.js';

export const draining = (): AppError =>
  new AppError('DRAINING', 'The worker takes no new work; try again later.', { retryAfterSeconds: 5 });

export const unavailable = (why: string, waitMs = 1_000): AppError =>
  new AppError('RUNNER_UNAVAILABLE', `${why}; try again.`, { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1_000)) });
