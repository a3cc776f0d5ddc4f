// A listening socket that this process got from whoever started it.
import { Socket } from 'node:net';
import { ConfigError } from '../../shared/config.js';
import { messageOf } from '../../shared/errors.js';

export interface InheritedSocket {
  /** What a server can listen on; nothing is accepted before. */
  readonly handle: Socket;
  /** Undefined for a socket in the file system. */
  readonly address: { host: string; port: number } | undefined;
}

/** @throws ConfigError when `fd` is no socket that can listen */
export const inheritSocket = (fd: number): InheritedSocket => {
  try {
    // Neither read nor written: it only carries the descriptor, and Node has set close-on-exec on it.
    const handle = new Socket({ fd, readable: false, writable: false });
    const address = handle.address();
    if (handle.remoteAddress !== undefined) throw new Error('it is the connection of one client; the socket unit needs Accept=no');
    const isInternet = 'address' in address;
    return { handle, address: isInternet ? { host: address.address, port: address.port } : undefined };
  } catch (error) {
    throw new ConfigError([
      { variable: 'LISTEN_FDS', problem: `says that descriptor ${fd} is a socket, and it cannot be used as one (${messageOf(error)})` },
    ]);
  }
};
