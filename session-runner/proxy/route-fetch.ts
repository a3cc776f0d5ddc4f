// Baileys downloads history and settings of the account with the global fetch, to which it gives the `dispatcher` of its options.
import type { Agent } from 'node:http';
import { fetchThrough } from './fetch-through.js';

/** In the place of a dispatcher: the agent to go through. */
export class Dispatcher {
  readonly agent: Agent;

  constructor(agent: Agent) {
    this.agent = agent;
  }
}

const direct = globalThis.fetch;

/** What has no such dispatcher is fetched as ever. May be called again. */
export const routeFetch = (): void => {
  globalThis.fetch = async (input, init) => {
    const dispatcher: unknown = (init as { dispatcher?: unknown } | undefined)?.dispatcher;
    if (!(dispatcher instanceof Dispatcher)) return direct(input, init);
    return fetchThrough(dispatcher.agent, input instanceof Request ? input.url : input, { headers: init?.headers, signal: init?.signal });
  };
};
