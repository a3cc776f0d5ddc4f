import type { Dialect } from '../dialects/dialect.js';
import type { Answer, Endpoint } from '../endpoint.js';
import { GatewayError } from '../gateway-error.js';
import type { SessionReports } from '../session-reports.js';
import { WebhookBudget } from '../webhook-budget.js';

export const webhookEndpoints = (reports: SessionReports, dialect: Dialect, now: () => number): Endpoint[] => {
  const { webhooksPerMinute } = dialect;
  const budget = webhooksPerMinute === undefined ? undefined : new WebhookBudget(webhooksPerMinute);
  const webhook = (kind: string, take: (body: unknown) => Answer): Endpoint => ({
    kind,
    method: 'post',
    path: `${dialect.webhooks}/${kind}`,
    access: 'worker',
    handle: ({ body }) => {
      const waitSeconds = budget?.take(now());
      if (waitSeconds !== undefined) {
        throw new GatewayError('RATE_LIMITED', `All webhooks together may make ${webhooksPerMinute} a minute.`, {
          headers: { 'Retry-After': String(waitSeconds) },
        });
      }
      return take(body ?? {});
    },
  });
  const sessionStatus = webhook('session-status', (body) => reports.takeStatus(body));
  if (dialect.name === 'guide') return [sessionStatus];
  return [sessionStatus, webhook('message-status', (body) => reports.takeMessageStatus(body))];
};
