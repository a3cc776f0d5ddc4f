// Under which address the backend is told to reach this worker.
import { isLoopback } from '../loopback.js';

export interface EndpointSources {
  /** WORKER_ENDPOINT. */
  configured: string | undefined;
  backendUrl: string;
  /** What the server listens on; `0.0.0.0` and `::` are all addresses. */
  listening: { host: string; port: number };
  /** POD_IP. */
  podIp: string | undefined;
  inKubernetes: boolean;
  /** IPv4 addresses of this machine that are not internal. */
  addresses: readonly string[];
  hostName: string;
}

export interface AdvertisedEndpoint {
  endpoint: string;
  /** Why the backend will not reach it. */
  warning: string | undefined;
}

const ALL_ADDRESSES: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

export const advertisedEndpoint = (sources: EndpointSources): AdvertisedEndpoint => {
  const endpoint = sources.configured ?? addressOf(hostFor(sources), sources.listening.port);
  return { endpoint, warning: warningAbout(endpoint, sources) };
};

const hostFor = ({ backendUrl, listening, podIp, inKubernetes, addresses, hostName }: EndpointSources): string => {
  const bound = ALL_ADDRESSES.has(listening.host) ? undefined : listening.host;
  // On the same machine; a server that listens on one other address is not reached through this one.
  if (isLoopback(hostIn(backendUrl)) && (bound === undefined || isLoopback(bound))) return bound === '::1' ? '::1' : '127.0.0.1';
  // In a pod the host name is the pod's, which other pods cannot look up.
  return podIp ?? bound ?? (inKubernetes ? addresses[0] : undefined) ?? hostName;
};

const addressOf = (host: string, port: number): string => `http://${host.includes(':') ? `[${host}]` : host}:${port}`;

const hostIn = (url: string): string => new URL(url).hostname.replace(/^\[|\]$/g, '');

const warningAbout = (endpoint: string, { configured, backendUrl, listening }: EndpointSources): string | undefined => {
  if (isLoopback(hostIn(backendUrl))) return undefined;
  if (isLoopback(hostIn(endpoint))) {
    return `The backend is told to reach this worker at ${endpoint}, which is this machine only: set WORKER_HOST and WORKER_ENDPOINT to an address the backend reaches.`;
  }
  // With an address of its own choice there may be a proxy in front.
  if (configured === undefined && isLoopback(listening.host)) {
    return `The backend is told to reach this worker at ${endpoint}, but the worker listens on ${listening.host} only: set WORKER_AUTH_TOKEN, or WORKER_HOST.`;
  }
  return undefined;
};
