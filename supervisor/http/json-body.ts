import { isUtf8 } from 'node:buffer';
import express, { type Request, type RequestHandler, type Response } from 'express';
import { AppError } from '../../shared/errors.js';

const MIB = 1024 * 1024;

const refuseEarly =
  (mebibytes: number): RequestHandler =>
  (request, response, next) => {
    const length = Number(request.get('content-length') ?? 0);
    if (hasBody(request) && request.is(['json', '+json']) === false) {
      throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json.');
    }
    // Said before reading: the parser would swallow the whole body first.
    if (length > mebibytes * MIB) throw new AppError('PAYLOAD_TOO_LARGE', `The request body is larger than ${mebibytes} MiB.`);
    askForBody(request, response);
    next();
  };

/** Whether a body comes with the request. */
export const hasBody = (request: Request): boolean =>
  Number(request.get('content-length') ?? 0) > 0 || request.get('transfer-encoding') !== undefined;

const asked = new WeakSet<Request>();

/** Tells who waits for it to send the body. */
export const askForBody = (request: Request, response: Response): void => {
  if (request.get('expect') === undefined) return;
  response.writeContinue();
  asked.add(request);
};

/** Whether more of the body may arrive. */
export const isBodyComing = (request: Request): boolean =>
  hasBody(request) && !request.complete && (request.get('expect') === undefined || asked.has(request));

const parse = (mebibytes: number): RequestHandler =>
  express.json({
    limit: mebibytes * MIB,
    inflate: false,
    // What else has a body was refused before.
    type: (request) => hasBody(request as Request),
    verify: (_request, _response, body, encoding) => {
      // Broken UTF-8 would reach the recipient as replacement characters.
      if (encoding !== 'utf-8') throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'Send the body in UTF-8.');
      if (!isUtf8(body)) throw new AppError('INVALID_REQUEST', 'The request body is not valid UTF-8.');
    },
  });

/** Read a JSON body of at most so many MiB; a request without one is let through. */
const jsonBodyOf = (mebibytes: number): readonly RequestHandler[] => [refuseEarly(mebibytes), parse(mebibytes)];

export const jsonBody = jsonBodyOf(1);
/** For files in base64, which takes a third more than they. */
export const jsonBodyWithFile = jsonBodyOf(8);
