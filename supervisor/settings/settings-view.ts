// Settings as clients see them: without secrets, and with what applies where nothing was set.
import { isMaskedProxy, maskedProxy } from '../../shared/domain/proxy.js';
import { MASK, type SessionSettings, type WebhookEvent } from '../../shared/domain/session-settings.js';
import type { SendPace } from '../messages/send-pace.js';

/** What applies to a session that sets nothing. */
export interface SettingsDefaults {
  markOnline: boolean;
  pace: SendPace;
  proxy: string | undefined;
}

export interface SettingsView {
  /** Null: the worker's own webhook, if it has one. */
  webhook: { url: string; secret: typeof MASK | null; events: WebhookEvent[] | null } | null;
  ignore: { groups: boolean; status: boolean; channels: boolean };
  readReceipts: boolean;
  markOnline: boolean;
  /** Null: none. */
  proxy: string | null;
  /** A rate of 0: as fast as it can. */
  pace: { sendRatePerMinute: number; burst: number; typing: boolean };
}

/** How fast a session sends that sets this. */
export const paceOf = ({ pace }: Pick<SessionSettings, 'pace'>, worker: SendPace): SendPace => {
  const { sendRatePerMinute = worker.perMinute ?? 0, burst = worker.burst, typing = worker.typing } = pace ?? {};
  return { perMinute: sendRatePerMinute === 0 ? undefined : sendRatePerMinute, burst, typing };
};

export const settingsView = (settings: SessionSettings, defaults: SettingsDefaults): SettingsView => {
  const { webhook, ignore = {}, readReceipts = false, markOnline } = settings;
  const { perMinute, burst, typing } = paceOf(settings, defaults.pace);
  const proxy = settings.proxy ?? defaults.proxy;
  return {
    webhook: webhook ? { url: webhook.url, secret: webhook.secret === undefined ? null : MASK, events: webhook.events ?? null } : null,
    ignore: { groups: ignore.groups ?? false, status: ignore.status ?? true, channels: ignore.channels ?? false },
    readReceipts,
    markOnline: markOnline ?? defaults.markOnline,
    proxy: proxy === undefined ? null : maskedProxy(proxy),
    pace: { sendRatePerMinute: perMinute ?? 0, burst, typing },
  };
};

/**
 * `patch` with secrets that are only shown masked as they are set, so that an answer can be sent back.
 * @param workerProxy what is shown where none is set
 */
export const unmasked = (
  patch: Readonly<Record<string, unknown>>,
  { webhook, proxy }: SessionSettings,
  workerProxy: string | undefined,
): Record<string, unknown> => {
  const given = { ...patch };
  const hook = given['webhook'];
  const isMasked = typeof hook === 'object' && hook !== null && 'secret' in hook && hook.secret === MASK;
  if (isMasked && webhook?.secret !== undefined) given['webhook'] = { ...hook, secret: webhook.secret };
  const shown = proxy ?? workerProxy;
  const address = given['proxy'];
  // Only with all of its address: a password is for one proxy.
  if (typeof address === 'string' && isMaskedProxy(address) && shown !== undefined && address === maskedProxy(shown))
    given['proxy'] = proxy ?? null;
  return given;
};
