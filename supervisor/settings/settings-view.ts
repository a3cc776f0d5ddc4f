// Settings as clients see them: without secrets, and with what applies where nothing was set.
import { MASK, type SessionSettings, type WebhookEvent } from '../../shared/domain/session-settings.js';
import type { SendPace } from '../messages/send-pace.js';

/** What applies to a session that sets nothing. */
export interface SettingsDefaults {
  markOnline: boolean;
  pace: SendPace;
}

export interface SettingsView {
  /** Null: the worker's own webhook, if it has one. */
  webhook: { url: string; secret: typeof MASK | null; events: WebhookEvent[] | null } | null;
  ignore: { groups: boolean; status: boolean; channels: boolean };
  readReceipts: boolean;
  markOnline: boolean;
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
  return {
    webhook: webhook ? { url: webhook.url, secret: webhook.secret === undefined ? null : MASK, events: webhook.events ?? null } : null,
    ignore: { groups: ignore.groups ?? false, status: ignore.status ?? true, channels: ignore.channels ?? false },
    readReceipts,
    markOnline: markOnline ?? defaults.markOnline,
    pace: { sendRatePerMinute: perMinute ?? 0, burst, typing },
  };
};

/** `patch` with a secret that is only shown masked as it is set, so that an answer can be sent back. */
export const unmasked = (patch: Readonly<Record<string, unknown>>, { webhook }: SessionSettings): Record<string, unknown> => {
  const given = patch['webhook'];
  const isMasked = typeof given === 'object' && given !== null && 'secret' in given && given.secret === MASK;
  return isMasked && webhook?.secret !== undefined ? { ...patch, webhook: { ...given, secret: webhook.secret } } : { ...patch };
};
