import { createServer as createHttpServer, STATUS_CODES, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Certificate } from '../wire/certificate-authority.js';
import type { World } from '../world.js';
import { Connection } from './connection.js';

/** The address everything here listens on. */
export const LOOPBACK = '127.0.0.1';

/** A listening websocket server. */
export interface Listener {
  readonly url: string;
  readonly port: number;
  /** Cuts every connection and stops listening. */
  close(): Promise<void>;
}

/** Listens for clients on loopback; with a certificate over TLS. `port` 0 takes a free one. */
export async function listen(world: World, port: number, certificate: Certificate | null): Promise<Listener> {
  const server: Server = certificate ? createHttpsServer(certificate) : createHttpServer();
  const websockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 16 * 1024 * 1024 });
  server.on('request', (_request, response) => response.writeHead(404).end());
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => world.stats.count('errors', 'socket'));
    const refusal = world.faults.strike('refuse-connect');
    if (refusal) return refuse(socket, refusal.status);
    websockets.handleUpgrade(request, socket, head, (websocket) => world.switchboard.arrived(new Connection(world, websocket, socket)));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, LOOPBACK, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `${certificate ? 'wss' : 'ws'}://${LOOPBACK}:${bound}/ws/chat`,
    port: bound,
    close: async () => {
      for (const connection of world.switchboard.open()) connection.destroy('server stopped');
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function refuse(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
