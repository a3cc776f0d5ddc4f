// A web server on loopback that counts what reaches it.
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface FileServer {
  readonly port: number;
  readonly url: string;
  /** Every request that arrived. */
  readonly requests: IncomingMessage[];
  /** Connections made to it, with or without a request. */
  readonly connections: () => number;
}

export const serveFiles = async (answer: RequestListener, host = '127.0.0.1', wanted = 0): Promise<FileServer> => {
  const requests: IncomingMessage[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  server.on('connection', () => connections++);
  server.listen(wanted, host);
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://${host}:${port}`, requests, connections: () => connections };
};
