import type { Agent } from 'node:http';
import { proxyInUse } from '../../shared/domain/proxy.js';
import type { RunnerSettings } from '../../shared/domain/session-settings.js';
import type { proxyAgent } from './proxy-agent.js';
import { routeFetch } from './route-fetch.js';

/** Makes an agent that goes through a proxy. @param onFailure see `proxyAgent` */
export type Through = (onFailure: (why: string) => void) => Agent;

/** The proxy of one session, whatever that is at the time. */
export class SessionProxies {
  readonly #worker: string | undefined;
  #proxyAgent: typeof proxyAgent | undefined;

  /** @param worker for sessions that set none */
  constructor(worker: string | undefined) {
    this.#worker = worker;
  }

  urlFor({ proxy }: Pick<RunnerSettings, 'proxy'>): string | undefined {
    return proxyInUse(proxy, this.#worker);
  }

  /** To be awaited before these settings hold: what is needed for a proxy is loaded only with the first one. */
  async load(settings: Pick<RunnerSettings, 'proxy'>): Promise<string | undefined> {
    const url = this.urlFor(settings);
    if (url !== undefined) {
      ({ proxyAgent: this.#proxyAgent } = await import('./proxy-agent.js'));
      routeFetch();
    }
    return url;
  }

  /** Undefined: without a proxy. */
  through(settings: Pick<RunnerSettings, 'proxy'>): Through | undefined {
    const url = this.urlFor(settings);
    if (url === undefined) return undefined;
    const make = this.#proxyAgent;
    if (!make) throw new Error('the proxy of the session was not loaded');
    return (onFailure) => make(url, onFailure);
  }
}
