import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import { S3AnswerError, s3CodeOf } from './s3-errors.js';

export interface TransportOptions {
  useSsl: boolean;
  /** Without a sign of life of the other side for this long a request fails; so does one that finds no connection. */
  idleMs: number;
  /** For the whole of it, waiting for a free connection included; none for streams. */
  totalMs?: number;
}

/** Enough for any S3 error; a longer answer costs its connection. */
const LONGEST_ERROR_BODY = 64 * 1024;

/**
 * The way of the S3 client to the server. Adds what the client lacks: deadlines, and every answer that is no success is read to its end,
 * so that its connection is free again, and becomes one kind of error.
 */
export const createTransport = ({ useSsl, idleMs, totalMs }: TransportOptions): { request: typeof http.request } => {
  const send = useSsl ? https.request : http.request;
  const request = (options: RequestOptions, answered: (response: IncomingMessage) => void): ClientRequest => {
    let response: IncomingMessage | undefined;
    const fail = (waitedMs: number): void => {
      const error = new NoAnswerInTime(waitedMs);
      // Destroying the request alone would show the reader of the answer a plain connection reset.
      if (response) response.destroy(error);
      else sent.destroy(error);
    };
    const sent = send(options, (answer) => {
      response = answer;
      if (isSuccess(answer)) answered(answer);
      else readError(answer, (error) => sent.emit('error', error));
    });
    watchIdle(sent, idleMs, () => {
      // Bytes that wait here wait for the reader, not for the server.
      if (response && response.readableLength > 0) return true;
      fail(idleMs);
      return false;
    });
    if (totalMs !== undefined) {
      const deadline = setTimeout(() => fail(totalMs), totalMs);
      sent.once('close', () => clearTimeout(deadline));
    }
    return sent;
  };
  return { request: request as typeof http.request };
};

class NoAnswerInTime extends Error {
  readonly code = 'ETIMEDOUT';

  constructor(waitedMs: number) {
    super(`no answer within ${waitedMs} ms`);
    this.name = 'NoAnswerInTime';
  }
}

/** A page of HTML is what proxies, portals and other servers give; no object is stored as one. */
const isSuccess = ({ statusCode = 0, headers }: IncomingMessage): boolean =>
  statusCode >= 200 && statusCode < 300 && !headers['content-type']?.startsWith('text/html');

/** A socket's own timeout begins when it is connected, so connecting has a timer. `expired` tells whether to wait on. */
const watchIdle = (request: ClientRequest, idleMs: number, expired: () => boolean): void => {
  request.once('socket', (socket) => {
    const watch = (): void => {
      request.on('timeout', () => {
        if (expired()) socket.setTimeout(idleMs);
      });
      request.setTimeout(idleMs);
    };
    if (!socket.connecting) {
      watch();
      return;
    }
    const connecting = setTimeout(expired, idleMs);
    const stop = (): void => clearTimeout(connecting);
    request.once('close', stop);
    socket.once(request.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
      stop();
      watch();
    });
  });
};

const readError = (response: IncomingMessage, done: (error: Error) => void): void => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const error = (): S3AnswerError => new S3AnswerError(response.statusCode ?? 0, s3CodeOf(Buffer.concat(chunks).toString()));
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > LONGEST_ERROR_BODY) response.destroy(error());
  });
  response.once('error', done);
  response.once('end', () => done(error()));
};
