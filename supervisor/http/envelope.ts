// The two shapes of every JSON answer.
import type { Response } from 'express';
import { ERRORS, type AppError } from '../../shared/errors.js';

/** 200 `{success:true, data}` */
export const sendData = (response: Response, data: Record<string, unknown>): void => {
  response.json({ success: true, data });
};

/** 200 `{success:true, message}`, for what leaves nothing to show. */
export const sendMessage = (response: Response, message: string): void => {
  response.json({ success: true, message });
};

/** The body of a failure; `error` is a string because the backends in use print it. */
export const failureBody = (error: AppError, requestId: string) => ({
  success: false,
  error: error.message,
  code: error.code,
  requestId,
  retryable: ERRORS[error.code].retryable,
  ...(error.details !== undefined && { details: error.details }),
});
