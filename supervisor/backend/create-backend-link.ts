// Puts together what stands between this worker and its backend.
import { hostname, networkInterfaces } from 'node:os';
import { messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { Store } from '../../shared/store/store.js';
import type { BackendConfig, Config } from '../config.js';
import type { HostLoad } from '../host-load.js';
import type { History } from '../messages/history.js';
import type { Capacity } from '../placement/capacity.js';
import type { Registry } from '../placement/registry.js';
import { advertisedEndpoint } from './advertised-endpoint.js';
import type { BackendLink } from './backend-link.js';
import type { Dialect, Introduction, Pulse } from './dialects/dialect.js';
import { guide } from './dialects/guide.js';
import { whatsam } from './dialects/whatsam.js';
import { createDuties } from './duties.js';
import { createBackendClient } from './got-client.js';
import { sendHeartbeat } from './heartbeat.js';
import { LinkLoop } from './link-loop.js';
import { takePulse } from './pulse.js';
import { register } from './registration.js';
import { createReports } from './reports/create-reports.js';
import { createWebhookBudget } from './webhook-budget.js';

const DIALECTS: Record<BackendConfig['dialect'], Dialect> = { guide, whatsam };

export interface BackendLinkOptions {
  config: Config;
  backend: BackendConfig;
  store: Store;
  registry: Registry;
  history: History;
  load: HostLoad;
  capacity: Capacity;
  log: Logger;
}

/** To be created before anything changes a session: from then on its changes are kept for the backend. */
export const createBackendLink = (options: BackendLinkOptions): BackendLink => {
  const { config, backend, store, registry, log } = options;
  const dialect = DIALECTS[backend.dialect];
  const prefixes = { ...dialect.prefixes, ...backend.prefixes };
  const access = { baseUrl: backend.url, token: config.authToken, log };
  // Webhooks that are answered slowly must not keep heartbeats waiting.
  const [client, webhooks] = [createBackendClient(access), createBackendClient(access)];
  const parts = { client, dialect, prefixes };
  const budget = createWebhookBudget(dialect.webhooksPerMinute);
  const duties = createDuties({ ...{ dialect, prefixes, budget, registry, log }, client: webhooks });
  let workerId = config.workerId;
  let endpoint = config.endpoint ?? '';

  const introduction = (): Introduction => ({
    workerId: config.workerId,
    endpoint,
    // Backends take no worker without a place.
    maxSessions: Math.max(1, options.capacity.maxSessions()),
    description: config.description,
    version: config.version,
    environment: config.environment,
  });
  const loop = new LinkLoop({
    steps: {
      register: async () => {
        const { outcome, registered } = await register(parts, introduction());
        if (registered) {
          workerId = registered.workerId;
          duties.registered(registered);
        }
        return outcome;
      },
      heartbeat: async () => sendHeartbeat(parts, workerId, pulseOf(options), backend.heartbeatIntervalMs),
    },
    intervalMs: backend.heartbeatIntervalMs,
    onKnown: (mayHaveForgotten) => {
      reports.start();
      if (mayHaveForgotten) {
        reports.tellAll().catch((error: unknown) => {
          log.warn({ cause: messageOf(error) }, 'the backend could not be told again how every session is');
        });
      }
    },
    log,
  });
  const reports = createReports({
    ...{ store, registry, client: webhooks, dialect, prefixes, budget, log },
    workerId: () => workerId,
    registerAgain: async () => loop.registerAgain(),
  });

  return {
    reports,
    duties,
    start: (address) => {
      const advertised = advertisedEndpoint({
        configured: config.endpoint,
        backendUrl: backend.url,
        listening: address,
        podIp: config.podIp,
        inKubernetes: process.env['KUBERNETES_SERVICE_HOST'] !== undefined,
        addresses: outerAddresses(),
        hostName: hostname(),
      });
      ({ endpoint } = advertised);
      log.info({ endpoint, dialect: dialect.name }, 'the backend is told to reach this worker here');
      if (advertised.warning !== undefined) log.warn(advertised.warning);
      loop.start();
    },
    view: () => {
      const { condition, sentence, lastHeartbeat } = loop.state;
      return { state: condition, dialect: dialect.name, workerId, endpoint, lastHeartbeat, sentence, reports: reports.status() };
    },
    stop: async (withinMs) => {
      loop.stop();
      duties.stop();
      await reports.stop(withinMs);
      client.close();
      webhooks.close();
    },
  };
};

const pulseOf = ({ registry, history, load, capacity }: BackendLinkOptions): Pulse =>
  takePulse({
    rows: registry.rows(),
    maxSessions: capacity.maxSessions(),
    load: load.current(),
    uptime: process.uptime(),
    messageCount: history.total(),
  });

const outerAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((interfaces) =>
    (interfaces ?? []).flatMap(({ family, internal, address }) => (family === 'IPv4' && !internal ? [address] : [])),
  );
