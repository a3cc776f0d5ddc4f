import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that systems hand out by themselves, so that nobody gets this one by asking for any. */
const RANGE = { first: 20_000, count: 12_000 };

/** A port that was free a moment ago, for a server whose address has to be known before it starts. */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = RANGE.first + Math.floor(Math.random() * RANGE.count);
    if (await isFree(port)) return port;
  }
};

const isFree = async (port: number): Promise<boolean> => {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
};
