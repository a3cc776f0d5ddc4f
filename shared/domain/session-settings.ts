// What the owner of a session may set for it. Whatever is missing is as the worker is configured.
import { z } from 'zod';
import { DIRECT, isMaskedProxy, isProxyUrl, PROXY_RULE } from './proxy.js';

/** What webhooks can be asked for; notices about the log itself come with any of them. */
export const WEBHOOK_EVENTS = ['message', 'message.status', 'media', 'session'] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

/** Stands for a secret in answers; sent back, it leaves the secret as it is. */
export const MASK = '********';

const LONGEST_URL = 2_048;
const PRINTABLE = /^[\x21-\x7e]+$/;

const flag = (name: string) => z.boolean({ error: `${name} must be true or false` }).optional();
const wholeNumber = (name: string, least: number, most: number) => {
  const error = `${name} must be a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, error).max(most, error).optional();
};
const group = <S extends z.ZodRawShape>(name: string, shape: S) =>
  z.strictObject(shape, {
    error: ({ code, keys }) =>
      code === 'unrecognized_keys'
        ? `${name} has no ${keys.join(', ')}; it has ${Object.keys(shape).join(', ')}`
        : `${name} must be a JSON object`,
  });

/** @param protocols with their colon */
const address = (name: string, protocols: readonly string[], example: string, check: (url: URL) => boolean) => {
  const error = `${name} must be ${example}`;
  return z
    .string({ error })
    .max(LONGEST_URL, `${name} must be at most ${LONGEST_URL} characters`)
    .regex(PRINTABLE, error)
    .refine((value) => {
      const url = URL.canParse(value) ? new URL(value) : undefined;
      return url !== undefined && protocols.includes(url.protocol) && url.hostname !== '' && check(url);
    }, error);
};

/** A secret shorter than this could be guessed from one signed request. */
const SHORTEST_SECRET = 16;
const secretRule = `must be ${SHORTEST_SECRET} to 256 printable ASCII characters without spaces, such as whsec_ and 32 random bytes in base64`;
/** A webhook secret; `whsec_` introduces base64, as Standard Webhooks have it. */
export const isWebhookSecret = (secret: string): boolean => {
  if (secret.length < SHORTEST_SECRET || secret.length > 256 || !PRINTABLE.test(secret)) return false;
  return !secret.startsWith('whsec_') || /^[A-Za-z0-9+/]{16,}={0,2}$/.test(secret.slice('whsec_'.length));
};

const WebhookEvents = z
  .array(z.enum(WEBHOOK_EVENTS, { error: `webhook.events must be some of ${WEBHOOK_EVENTS.join(', ')}` }), {
    error: 'webhook.events must be a list',
  })
  .min(1, 'webhook.events must not be empty: set webhook to null to have none')
  .max(WEBHOOK_EVENTS.length, 'webhook.events must name each once');

const webhookUrl = address(
  'webhook.url',
  ['http:', 'https:'],
  'an http or https URL without credentials and fragment',
  ({ username, password, hash }) => username === '' && password === '' && hash === '',
);

/** Unknown keys are refused, so that somebody who misspelt one learns of it. */
export const SessionSettings = group('settings', {
  webhook: group('webhook', {
    url: webhookUrl,
    /** Never shown. */
    secret: z
      .string({ error: `webhook.secret ${secretRule}` })
      .refine(isWebhookSecret, `webhook.secret ${secretRule}`)
      .optional(),
    events: WebhookEvents.optional(),
  }).optional(),
  /** Received from there: confirmed to WhatsApp, and not kept. */
  ignore: group('ignore', { groups: flag('ignore.groups'), status: flag('ignore.status'), channels: flag('ignore.channels') }).optional(),
  /** Marks what is received as read. */
  readReceipts: flag('readReceipts'),
  /** Shows the account as online while it is connected. */
  markOnline: flag('markOnline'),
  /** Through which it connects; never shown with its password. */
  proxy: z
    .string({ error: `proxy ${PROXY_RULE}, or ${DIRECT}` })
    .refine((value) => value === DIRECT || isProxyUrl(value), `proxy ${PROXY_RULE}, or ${DIRECT}`)
    .refine((value) => !isMaskedProxy(value), `proxy must have its password; ${MASK} stands for it only in the proxy that is set already`)
    .optional(),
  /** How fast it sends. */
  pace: group('pace', {
    /** 0: as fast as it can. */
    sendRatePerMinute: wholeNumber('pace.sendRatePerMinute', 0, 6_000),
    burst: wholeNumber('pace.burst', 1, 1_000),
    typing: flag('pace.typing'),
  }).optional(),
});
export type SessionSettings = z.infer<typeof SessionSettings>;

/** The part that a runner goes by. */
export const RunnerSettings = SessionSettings.pick({ ignore: true, readReceipts: true, markOnline: true, proxy: true });
export type RunnerSettings = z.infer<typeof RunnerSettings>;

export const runnerSettings = ({ ignore, readReceipts, markOnline, proxy }: SessionSettings): RunnerSettings => ({
  ...(ignore && { ignore }),
  ...(readReceipts !== undefined && { readReceipts }),
  ...(markOnline !== undefined && { markOnline }),
  ...(proxy !== undefined && { proxy }),
});

/** Whether what is received in this chat is not wanted. Status updates are wanted only when somebody said so. */
export const isIgnored = ({ ignore }: Pick<SessionSettings, 'ignore'>, chat: string): boolean => {
  if (chat === 'status@broadcast') return ignore?.status ?? true;
  if (chat.endsWith('@g.us')) return ignore?.groups ?? false;
  return chat.endsWith('@newsletter') && (ignore?.channels ?? false);
};
