import type { ErrorRequestHandler, Request, Response } from 'express';
import { AppError, ERRORS, type ErrorCode } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import { LINGER_MS } from './client-error.js';
import { failureBody, jsonOf } from './envelope.js';
import { isBodyComing } from './json-body.js';
import { requestIdOf } from './request-id.js';

/** What the body parser and the router throw, by status; anything else of theirs below 500 is an invalid request. */
const FRAMEWORK_ERRORS: Partial<Record<number, { code: ErrorCode; message: string }>> = {
  400: { code: 'INVALID_REQUEST', message: 'The request could not be read: its path or JSON body is malformed.' },
  413: { code: 'PAYLOAD_TOO_LARGE', message: 'The request body is too large.' },
  415: { code: 'UNSUPPORTED_MEDIA_TYPE', message: 'Send the body as uncompressed application/json in UTF-8.' },
};

/** Turns anything thrown into the failure envelope. What nobody foresaw becomes INTERNAL, with its cause in the log and nowhere else. */
export const errorHandler =
  (log: Logger): ErrorRequestHandler =>
  // Four parameters are what marks an error handler.
  (thrown: unknown, request, response, _next) => {
    const error = toAppError(thrown);
    const requestId = requestIdOf(response);
    const { status } = ERRORS[error.code];
    if (status >= 500) {
      const line = { requestId, code: error.code, err: error.cause ?? error };
      if (error.code === 'INTERNAL') log.error(line, 'request failed');
      else log.warn(line, 'request failed');
    }
    if (response.headersSent) {
      // Half an answer is out already; cutting the connection is the only way left to say that it is not whole.
      response.destroy();
      return;
    }
    if (error.retryAfterSeconds !== undefined) response.setHeader('Retry-After', String(Math.max(1, Math.ceil(error.retryAfterSeconds))));
    response.statusCode = status;
    endAfterBody(request, response, jsonOf(response, failureBody(error, requestId)));
  };

/**
 * Answers at once, but ends the answer after the request: many clients look for an answer only after their last byte, and where the connection
 * ends with the answer, what they sent meanwhile makes the kernel throw the answer away.
 */
const endAfterBody = (request: Request, response: Response, body: Buffer): void => {
  if (!isBodyComing(request)) {
    response.end(body);
    return;
  }
  response.write(body);
  const end = (): void => {
    clearTimeout(late);
    response.end();
  };
  const late = setTimeout(end, LINGER_MS);
  request.once('end', end).once('close', end).resume();
};

export const toAppError = (thrown: unknown): AppError => {
  if (thrown instanceof AppError) return thrown;
  const status = thrown instanceof Error && 'status' in thrown && typeof thrown.status === 'number' ? thrown.status : 500;
  if (status >= 400 && status < 500) {
    const { code, message } = FRAMEWORK_ERRORS[status] ?? { code: 'INVALID_REQUEST', message: 'The request could not be understood.' };
    return new AppError(code, status === 413 ? tooLarge(thrown) : message);
  }
  return new AppError('INTERNAL', 'The worker failed on this request; its log has the cause under this requestId.', { cause: thrown });
};

/** The body parser says which limit it was. */
const tooLarge = (thrown: unknown): string => {
  const { limit } = thrown as { limit?: unknown };
  return typeof limit === 'number' ? `The request body is larger than ${limit / 1024 / 1024} MiB.` : 'The request body is too large.';
};
