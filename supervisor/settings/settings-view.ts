// Settings as clients see them: without secrets, and with what applies where nothing was set.
import { MASK, type SessionSettings, type WebhookEvent } from '../../shared/domain/session-settings.js';

/** What applies to a session that sets nothing. */
export interface SettingsDefaults {
  markOnline: boolean;
}

export interface SettingsView {
  /** Null: the worker's own webhook, if it has one. */
  webhook: { url: string; secret: typeof MASK | null; events: WebhookEvent[] | null } | null;
  ignore: { groups: boolean; status: boolean; channels: boolean };
  readReceipts: boolean;
  markOnline: boolean;
}

export const settingsView = (
  { webhook, ignore = {}, readReceipts = false, markOnline }: SessionSettings,
  defaults: SettingsDefaults,
): SettingsView => ({
  webhook: webhook ? { url: webhook.url, secret: webhook.secret === undefined ? null : MASK, events: webhook.events ?? null } : null,
  ignore: { groups: ignore.groups ?? false, status: ignore.status ?? true, channels: ignore.channels ?? false },
  readReceipts,
  markOnline: markOnline ?? defaults.markOnline,
});

/** `patch` with a secret that is only shown masked as it is set, so that an answer can be sent back. */
export const unmasked = (patch: Readonly<Record<string, unknown>>, { webhook }: SessionSettings): Record<string, unknown> => {
  const given = patch['webhook'];
  const isMasked = typeof given === 'object' && given !== null && 'secret' in given && given.secret === MASK;
  return isMasked && webhook?.secret !== undefined ? { ...patch, webhook: { ...given, secret: webhook.secret } } : { ...patch };
};
