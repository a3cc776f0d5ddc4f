import { isUtf8 } from 'node:buffer';
import express, { type RequestHandler } from 'express';
import { AppError } from '../../shared/errors.js';

const BODY_LIMIT_BYTES = 1024 * 1024;

const refuseEarly: RequestHandler = (request, response, next) => {
  const length = Number(request.get('content-length') ?? 0);
  const hasBody = length > 0 || request.get('transfer-encoding') !== undefined;
  if (hasBody && request.is(['json', '+json']) === false) {
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json.');
  }
  // Said before reading: the parser would swallow the whole body first.
  if (length > BODY_LIMIT_BYTES) throw new AppError('PAYLOAD_TOO_LARGE', 'The request body is larger than 1 MiB.');
  if (request.get('expect') !== undefined) response.writeContinue();
  next();
};

const parse = express.json({
  limit: BODY_LIMIT_BYTES,
  inflate: false,
  type: ['json', '+json'],
  verify: (_request, _response, body, encoding) => {
    // Broken UTF-8 would reach the recipient as replacement characters.
    if (encoding !== 'utf-8') throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'Send the body in UTF-8.');
    if (!isUtf8(body)) throw new AppError('INVALID_REQUEST', 'The request body is not valid UTF-8.');
  },
});

/** Reads a JSON body of at most 1 MiB; a request without one is let through. */
export const jsonBody: readonly RequestHandler[] = [refuseEarly, parse];
