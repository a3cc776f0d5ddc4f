import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { AppError, ERRORS } from '../../shared/errors.js';
import { failureBody } from './envelope.js';

/** What node's HTTP parser refuses never becomes a request; it gets the same envelope all the same, and its connection is closed. */
export const answerBrokenRequests = (server: Server): void => {
  const answering = new WeakMap<Duplex, ServerResponse>();
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    answering.set(request.socket, response);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const response = answering.get(socket);
    // An answer that has begun cannot be replaced by another one.
    const begun = response !== undefined && response.headersSent && !response.writableFinished;
    if (error.code === 'ECONNRESET' || !socket.writable || begun) socket.destroy();
    else socket.end(rawAnswer(toAppError(error.code)));
  });
};

const toAppError = (code: string | undefined): AppError => {
  if (code === 'HPE_HEADER_OVERFLOW') return new AppError('PAYLOAD_TOO_LARGE', 'The headers of the request are too large.');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new AppError('INVALID_REQUEST', 'The request did not arrive completely in time.');
  return new AppError('INVALID_REQUEST', 'This is not a well-formed HTTP request.');
};

const rawAnswer = (error: AppError): string => {
  const requestId = randomUUID();
  const body = JSON.stringify(failureBody(error, requestId));
  const { status } = ERRORS[error.code];
  return [
    `HTTP/1.1 ${status} ${status === 413 ? 'Payload Too Large' : 'Bad Request'}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    'X-Content-Type-Options: nosniff',
    'Connection: close',
    '',
    body,
  ].join('\r\n');
};
