import { expect, it } from 'vitest';
import { AppError, ERRORS, isErrorCode, messageOf } from '../../../shared/errors.js';

it('gives every code an HTTP status of an error', () => {
  for (const [code, { status, retryable }] of Object.entries(ERRORS)) {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(status, code).toBeGreaterThanOrEqual(400);
    expect(status, code).toBeLessThan(600);
    // Whoever is told to come back later must be allowed to.
    if (status === 503 || status === 504 || status === 429) expect(retryable, code).toBe(true);
  }
});

it('does not invite to repeat what may have been done already', () => {
  expect(ERRORS.OUTCOME_UNKNOWN.retryable).toBe(false);
});

it('knows its own codes and no inherited name', () => {
  expect(Object.keys(ERRORS).every(isErrorCode)).toBe(true);
  for (const name of ['toString', 'constructor', '__proto__', 'ENOENT', '']) expect(isErrorCode(name), name).toBe(false);
});

it('carries what a client may see, and the cause apart from it', () => {
  const cause = new Error('inside');
  const error = new AppError('BUSY', 'Try again.', { details: { method: 'x' }, retryAfterSeconds: 3, cause });
  expect(error).toMatchObject({
    name: 'AppError',
    code: 'BUSY',
    message: 'Try again.',
    details: { method: 'x' },
    retryAfterSeconds: 3,
    cause,
  });
  expect(error).toBeInstanceOf(Error);
  expect('cause' in new AppError('BUSY', 'Try again.')).toBe(false);
});

it.each([
  [new Error('why'), 'why'],
  ['why', 'why'],
  [undefined, 'undefined'],
  [null, 'null'],
  [42, '42'],
])('finds words for %s', (thrown, words) => {
  expect(messageOf(thrown)).toBe(words);
});
