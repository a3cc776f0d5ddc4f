import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { GatewayOptions } from './start-gateway.js';

const MAIN = fileURLToPath(new URL(import.meta.url.includes('/dist/') ? './main.js' : '../../dist/test/gateway/main.js', import.meta.url));

/** A gateway in a process of its own; it ends with this one. */
export interface SpawnedGateway {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Asks it to stop. @returns its exit code */
  stop(): Promise<number | null>;
}

export type SpawnOptions = Pick<GatewayOptions, 'port' | 'stateFile' | 'dialect' | 'workerToken' | 'admin' | 'staleMs'>;

/** Starts the built gateway. Rejects with what it printed when it ends before it listens. */
export const spawnGateway = async ({
  port = 0,
  stateFile,
  dialect,
  workerToken,
  admin,
  staleMs,
}: SpawnOptions): Promise<SpawnedGateway> => {
  const flags = [
    ...['--port', String(port), '--with-parent'],
    ...(stateFile === undefined ? [] : ['--state', stateFile]),
    ...(dialect === undefined ? [] : ['--dialect', dialect]),
    ...(staleMs === undefined ? [] : ['--stale-seconds', String(staleMs / 1000)]),
  ];
  const child = spawn(process.execPath, [MAIN, ...flags], {
    env: {
      PATH: process.env['PATH'] ?? '',
      WORKER_AUTH_TOKEN: workerToken,
      ...(admin && { GATEWAY_ADMIN_EMAIL: admin.email, GATEWAY_ADMIN_PASSWORD: admin.password }),
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let printed = '';
  child.stderr.on('data', (data) => (printed = (printed + String(data)).slice(-10_000)));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const early = once(child, 'close').then(([code]) => {
    throw new Error(`the gateway ended with ${String(code)} before it listened: ${printed}`);
  });
  const [line] = (await Promise.race([once(createInterface({ input: child.stdout }), 'line'), early])) as [string];
  early.catch(() => undefined);
  const address = JSON.parse(line) as { url: string; port: number };
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> => {
    child.kill(signal);
    return exited;
  };
  return {
    url: address.url,
    port: address.port,
    pid: child.pid ?? 0,
    kill: async () => {
      await end('SIGKILL');
    },
    stop: async () => end('SIGTERM'),
  };
};
