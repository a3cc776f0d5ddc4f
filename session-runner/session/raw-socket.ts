import type { WASocket } from '../baileys.js';
import type { Outlet } from './frame-gate.js';

/** What is used of the WebSocket below Baileys. */
export interface RawSocket extends Outlet {
  close(): void;
  terminate(): void;
  once(event: 'close', listener: () => void): void;
}

/** Patience with a peer that does not answer our close frame; a frozen one would hold us for 30 s. */
const CLOSE_GRACE_MS = 1_000;

/** The WebSocket below Baileys' client, until it is gone. Baileys keeps it protected, but only it can end a frozen connection. */
export const rawSocket = (sock: WASocket): RawSocket | undefined =>
  (sock.ws as unknown as { socket: RawSocket | null }).socket ?? undefined;

/** Bounds Baileys' wait for the peer when it closes the connection. */
export const closePolitely = (sock: WASocket): void => {
  sock.ws.close = async () => {
    const socket = rawSocket(sock);
    if (!socket) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        socket.terminate();
      }, CLOSE_GRACE_MS);
      socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      socket.close();
    });
  };
};
