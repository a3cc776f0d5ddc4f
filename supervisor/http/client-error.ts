import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { AppError, ERRORS } from '../../shared/errors.js';
import { failureBody } from './envelope.js';

/** How long whoever is answered may go on sending. */
export const LINGER_MS = 1_000;

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
}

/** What node's HTTP parser refuses never becomes a request; it gets the same envelope all the same, and its connection is closed. */
export const answerBrokenRequests = (server: Server): void => {
  const latest = new WeakMap<Duplex, Exchange>();
  const answered = new WeakSet<Duplex>();
  for (const event of ['request', 'checkContinue', 'checkExpectation']) {
    server.prependListener(event, (request: IncomingMessage, response: ServerResponse) => {
      latest.set(request.socket, { request, response });
    });
  }
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // What follows bytes that were refused is refused, too, and to cut the connection for it would take the answer along.
    if (answered.has(socket)) return;
    const exchange = latest.get(socket);
    const wouldMislead = exchange !== undefined && isOwedAnother(exchange);
    if (error.code === 'ECONNRESET' || !socket.writable || wouldMislead) socket.destroy();
    else {
      answered.add(socket);
      socket.end(rawAnswer(toAppError(error.code)));
      setTimeout(() => socket.destroy(), LINGER_MS).unref();
    }
  });
};

/** Its answer has begun, or it came whole and is being worked on: a client would take what is said about the bytes behind it for its answer. */
const isOwedAnother = ({ request, response }: Exchange): boolean =>
  !response.writableFinished && (response.headersSent || request.complete);

const toAppError = (code: string | undefined): AppError => {
  if (code === 'HPE_HEADER_OVERFLOW') return new AppError('PAYLOAD_TOO_LARGE', 'The headers of the request are too large.');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new AppError('REQUEST_TIMEOUT', 'The request did not arrive completely in time.');
  return new AppError('INVALID_REQUEST', 'This is not a well-formed HTTP request.');
};

const rawAnswer = (error: AppError): string => {
  const requestId = randomUUID();
  const body = JSON.stringify(failureBody(error, requestId));
  const { status } = ERRORS[error.code];
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    'X-Content-Type-Options: nosniff',
    'Connection: close',
    '',
    body,
  ].join('\r\n');
};
