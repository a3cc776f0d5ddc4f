import { createServer, type RequestListener, type ServerOptions } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { expect, it, onTestFinished } from 'vitest';
import { bornForExpress } from '../../../supervisor/http/born-for-express.js';

/** What an app of Express sees of one request to a server made with `options`. */
const seen = async (app: express.Express, options: ServerOptions): Promise<unknown> => {
  const born = new WeakMap<object, unknown>();
  const prototypeOf = (object: object): unknown => Reflect.getPrototypeOf(object);
  app.get('/seen', (request, response) => {
    response.set('Content-Type', 'application/json');
    response.send(
      JSON.stringify({
        left: [request, response].map((each) => born.get(each) === prototypeOf(each)),
        host: request.get('host'),
        own: [request.app, response.app].map((each) => each === app),
      }),
    );
  });
  const listener: RequestListener = (request, response) => {
    for (const each of [request, response]) born.set(each, prototypeOf(each));
    app(request, response);
  };
  const server = createServer(options, listener).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  const { port } = await new Promise<AddressInfo>((resolve) =>
    server.once('listening', () => {
      resolve(server.address() as AddressInfo);
    }),
  );
  const answer = (await (await fetch(`http://127.0.0.1:${port}/seen`)).json()) as { host: string };
  return { ...answer, host: answer.host === `127.0.0.1:${port}` };
};

it('leaves Express nothing to change in the prototype of a request or an answer', async () => {
  const app = express();
  expect(await seen(app, bornForExpress(app))).toEqual({ left: [true, true], host: true, own: [true, true] });
});

it('would find them changed in a server like any other', async () => {
  expect(await seen(express(), {})).toEqual({ left: [false, false], host: true, own: [true, true] });
});

it('keeps what belongs to one app apart from another', () => {
  const [one, other] = [express(), express()];
  for (const app of [one, other]) bornForExpress(app);
  expect([one.request.app, one.response.app, other.request.app]).toEqual([one, one, other]);
  expect([express.request, express.response].some((shared) => 'app' in shared)).toBe(false);
});
