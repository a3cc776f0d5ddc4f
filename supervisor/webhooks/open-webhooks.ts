// Wires webhooks to the rest of the supervisor.
import { Resolver } from 'node:dns/promises';
import { messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { Store } from '../../shared/store/store.js';
import type { Config } from '../config.js';
import { DeadLetters } from '../delivery/dead-letters.js';
import type { EventLog } from '../events/event-log.js';
import { FetchTargets, resolverOf } from '../media/fetch-target.js';
import type { RemoteHistory } from '../messages/remote-history.js';
import type { Registry } from '../placement/registry.js';
import { TABLES } from '../supervisor-store.js';
import type { Settings } from '../settings/settings.js';
import type { DeadWebhook } from './dead-webhook.js';
import { WebhookClient } from './webhook-client.js';
import { WebhookLog } from './webhook-log.js';
import { Webhooks, type WebhooksOptions } from './webhooks.js';

const DNS = { timeout: 2_000, tries: 2 };

export interface WebhooksPort {
  /** Events refused for good, newest first. */
  dead(range: { limit: number; offset: number }): { webhooks: DeadWebhook[]; total: number };
  replay(ids?: readonly number[]): Promise<number>;
}

interface OpenWebhooks extends WebhooksPort {
  along: Webhooks['along'];
  /** The sessions are known. */
  start(): Promise<void>;
  stop(withinMs: number): Promise<void>;
}

interface WebhooksParts {
  config: Pick<Config, 'workerId' | 'webhook' | 'webhookAllow'>;
  store: Store;
  registry: Registry;
  settings: () => Settings;
  events: EventLog;
  remote: RemoteHistory | undefined;
  json: WebhooksOptions['json'];
  log: Logger;
}

export const openWebhooks = ({ config, store, registry, settings, events, remote, json, log }: WebhooksParts): OpenWebhooks => {
  const targets = new FetchTargets(config.webhookAllow, resolverOf(new Resolver(DNS)));
  const dead = new DeadLetters<DeadWebhook>({ store, log, table: TABLES.deadWebhooks, what: 'consumers of webhooks refused more events' });
  const webhooks = new Webhooks({
    ...{ store, registry, dead, json, worker: config.webhook, workerId: config.workerId, logger: log },
    settingsOf: (sessionId) => settings().of(sessionId),
    log: new WebhookLog(store, { store, remote }),
    client: new WebhookClient({ allowed: async (url) => targets.of(url) }),
  });
  const ends: (() => void)[] = [];
  return {
    along: (change) => webhooks.along(change),
    dead: (range) => ({ webhooks: dead.page(range), total: dead.size }),
    replay: async (ids) => webhooks.replay(ids),
    start: async () => {
      ends.push(
        events.subscribeAll((sessionId) => {
          webhooks.wake(sessionId);
        }),
        settings().onChange(({ sessionId }) => {
          webhooks.hurry(sessionId);
        }),
      );
      await webhooks.start().catch((error: unknown) => {
        log.error({ cause: messageOf(error) }, 'webhooks could not be begun; they are with the next start');
      });
    },
    stop: async (withinMs) => {
      for (const end of ends) end();
      await webhooks.stop(withinMs);
    },
  };
};
