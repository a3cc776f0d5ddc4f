import { AppError } from '../../shared/errors.js';

/** A disk on which nothing more of a file can be written. */
export const noRoom = (cause?: unknown): AppError =>
  new AppError('STORAGE_UNAVAILABLE', 'The disk of the worker has no room left for media; make room.', { cause, retryAfterSeconds: 10 });

/** What the file system said, in our words where it is that the disk is full. */
export const unlessNoRoom = (error: unknown): unknown =>
  ['ENOSPC', 'EDQUOT'].includes(String((error as NodeJS.ErrnoException).code)) ? noRoom(error) : error;
