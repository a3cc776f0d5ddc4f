import { CheckScope } from './check-scope.js';
import { ContractBroken } from './check.js';
import { HttpClient } from './http-client.js';
import { waitUntil } from './wait-until.js';

/** The target cannot be asked at all. */
export class TargetUnreachable extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TargetUnreachable';
  }
}

/** Resolves as soon as anything is answered. @throws TargetUnreachable when nothing is within `timeoutMs` */
export const reachTarget = async (url: string, path: string, timeoutMs: number, signal?: AbortSignal): Promise<void> => {
  const http = new HttpClient(url, undefined, new CheckScope(), 10_000);
  let failure = '';
  const reached = await waitUntil(
    async () => {
      try {
        await http.request({ method: 'GET', path });
        return true;
      } catch (error) {
        if (!(error instanceof ContractBroken)) throw error;
        failure = error.exchange?.failure ?? error.message;
        return undefined;
      }
    },
    { timeoutMs, everyMs: 250, signal: signal ?? new AbortController().signal },
  );
  if (!reached) throw new TargetUnreachable(`${url} cannot be reached: ${failure}`);
};
