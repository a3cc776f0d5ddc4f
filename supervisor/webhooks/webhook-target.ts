import type { SessionSettings, WebhookEvent } from '../../shared/domain/session-settings.js';

/** Where the events of a session go. */
export interface WebhookTarget {
  url: string;
  secret: string | undefined;
  /** All of them when undefined. */
  events: readonly WebhookEvent[] | undefined;
  /** The operator named it: it may be inside of the network. */
  trusted: boolean;
}

/** The worker's own webhook. */
export type WorkerWebhook = Omit<WebhookTarget, 'trusted'>;

/** What a session sets for itself takes the place of the worker's webhook as a whole: the worker's secret signs nothing that goes elsewhere. */
export const targetOf = ({ webhook }: SessionSettings, worker: WorkerWebhook | undefined): WebhookTarget | undefined => {
  if (webhook) return { url: webhook.url, secret: webhook.secret, events: webhook.events, trusted: false };
  return worker && { ...worker, trusted: true };
};

/** Whether an event of this type is to be told; notices about the log itself always are, unless they are nothing to know. */
export const isTold = ({ events }: Pick<WebhookTarget, 'events'>, type: string): boolean => {
  if (events === undefined || type === 'restored') return true;
  return (events as readonly string[]).includes(type);
};
