// Requests at a steady rate over real sockets, and how each of them ended.
import { Agent, request } from 'node:http';

export interface SteadyRequestsOptions {
  port: number;
  perSecond: number;
  keepAlive: boolean;
  headers: Record<string, string>;
  /** The nth request, from 0. */
  make: (n: number) => { method: string; path: string; body?: unknown };
}

export interface SteadyRequestsResult {
  answered: number;
  /** What became of the others: a status other than 200, or the error. */
  failures: string[];
  longestMs: number;
  /** How many answers there were on a connection that had been used before. */
  reused: number;
}

/** @returns what stops it, waits for every answer and counts */
export const startSteadyRequests = (options: SteadyRequestsOptions): (() => Promise<SteadyRequestsResult>) => {
  const agent = new Agent({ keepAlive: options.keepAlive });
  const result: SteadyRequestsResult = { answered: 0, failures: [], longestMs: 0, reused: 0 };
  const open = new Set<Promise<void>>();
  let made = 0;
  const start = (): void => {
    const startedAt = performance.now();
    const one = send(options, agent, made++, result).then(() => {
      result.longestMs = Math.max(result.longestMs, Math.round(performance.now() - startedAt));
      open.delete(one);
    });
    open.add(one);
  };
  // After the sockets had their turn: what the server ended while this process slept is no longer used.
  const timer = setInterval(() => setImmediate(start), 1_000 / options.perSecond);
  return async () => {
    clearInterval(timer);
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all(open);
    agent.destroy();
    return result;
  };
};

const send = async (options: SteadyRequestsOptions, agent: Agent, n: number, result: SteadyRequestsResult): Promise<void> => {
  const { method, path, body } = options.make(n);
  await new Promise<void>((resolve) => {
    const fail = (what: string): void => {
      result.failures.push(`${method} ${path}: ${what}`);
      resolve();
    };
    const outgoing = request(
      {
        agent,
        method,
        path,
        host: '127.0.0.1',
        port: options.port,
        headers: { ...options.headers, ...(body !== undefined && { 'Content-Type': 'application/json' }) },
      },
      (response) => {
        response.once('error', (error) => fail(error.message));
        response.once('end', () => {
          if (response.statusCode !== 200) return fail(`status ${response.statusCode}`);
          result.answered++;
          if (outgoing.reusedSocket) result.reused++;
          resolve();
        });
        response.resume();
      },
    );
    outgoing.once('error', (error) => fail(error.message));
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
};
