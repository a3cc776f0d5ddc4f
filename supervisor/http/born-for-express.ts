import { IncomingMessage, ServerResponse, type ServerOptions } from 'node:http';
import express, { type Express } from 'express';

type Classes = Required<Pick<ServerOptions, 'IncomingMessage' | 'ServerResponse'>>;

/**
 * Requests and answers for a server of this app, with the prototypes that Express wants. To others it gives them itself, one by one, and then
 * nothing that V8 knows of their shapes is of use any more, also in Node's own functions: for a short request most of its time.
 */
export const bornForExpress = (app: Express): Classes => {
  class Request extends IncomingMessage {}
  class Response<R extends IncomingMessage = IncomingMessage> extends ServerResponse<R> {}
  const parents = [
    [Request.prototype, app.request, express.request],
    [Response.prototype, app.response, express.response],
  ] as const;
  for (const [prototype, own, shared] of parents)
    Object.defineProperties(Object.setPrototypeOf(prototype, shared), Object.getOwnPropertyDescriptors(own));
  Object.assign(app, { request: Request.prototype, response: Response.prototype });
  return { IncomingMessage: Request, ServerResponse: Response };
};
