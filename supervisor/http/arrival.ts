// How long requests may take to arrive. Node has one limit for all of them, and a file takes longer than anything else.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { RequestHandler } from 'express';

const timers = new WeakMap<IncomingMessage, NodeJS.Timeout>();

/** @param onLate called with the connection of a request whose body has not come after `ms` */
export const boundArrival =
  (ms: number, onLate: (socket: Socket) => void): RequestHandler =>
  (request, _response, next) => {
    if (Number(request.headers['content-length'] ?? 0) > 0 || request.headers['transfer-encoding'] !== undefined) {
      const timer = setTimeout(() => {
        if (!request.complete) onLate(request.socket);
      }, ms);
      timers.set(request, timer);
      const { socket } = request;
      const over = (): void => {
        clearTimeout(timer);
        socket.off('close', over);
      };
      request.once('end', over);
      socket.once('close', over);
    }
    next();
  };

/** The body is a file, and wanted: only silence and the server's limit for all requests end it. */
export const awaitFile = (request: IncomingMessage): void => {
  clearTimeout(timers.get(request));
};
