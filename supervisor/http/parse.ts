import type { z } from 'zod';
import { AppError } from '../../shared/errors.js';
import { joinedProblems } from '../joined-problems.js';

/** @throws INVALID_REQUEST with `details.issues: [{path, message}]` */
export const parse = <S extends z.ZodType>(schema: S, value: unknown): z.output<S> => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalidRequest(result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })));
};

/** A 400 whose sentence says what is wrong, and whose details say where. */
export const invalidRequest = (issues: { path: string; message: string }[]): AppError =>
  new AppError('INVALID_REQUEST', `The request is not valid: ${joinedProblems(issues)}.`, { details: { issues } });
