import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import tls, { createServer, type TLSSocket } from 'node:tls';
import { expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { tlsAgent } from '../../../session-runner/session/tls-agent.js';
import { certifyLoopback, makeAuthority } from '../../whatsapp/wire/certificate-authority.js';

/** What a server saw of `count` connections that came one after the other, and how many contexts the client made for them. */
const connectTo = async (count: number, agent?: ReturnType<typeof tlsAgent>): Promise<{ contexts: number; seen: unknown[] }> => {
  const server = createServer(certifyLoopback(makeAuthority()));
  const seen: unknown[] = [];
  server.on('secureConnection', (socket: TLSSocket) => {
    seen.push({ resumed: socket.isSessionReused(), alpn: socket.alpnProtocol });
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end('HTTP/1.1 503 Later\r\n\r\n'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const made = vi.spyOn(tls, 'createSecureContext');
  onTestFinished(() => void server.close());
  for (let n = 0; n < count; n++) {
    const url = `wss://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const socket = new WebSocket(url, { agent, rejectUnauthorized: false });
    await once(socket, 'error');
  }
  const contexts = made.mock.calls.length;
  made.mockRestore();
  return { contexts, seen };
};

it('is one for all, has one TLS context for all connections, and no connection resumes the TLS session of another', async () => {
  const agent = tlsAgent();
  expect(tlsAgent()).toBe(agent);
  const alone = { resumed: false, alpn: false };
  expect(await connectTo(3)).toEqual({ contexts: 3, seen: [alone, alone, alone] });
  expect(await connectTo(3, agent)).toEqual({ contexts: 0, seen: [alone, alone, alone] });
});
