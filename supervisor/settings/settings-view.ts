// Settings as clients see them: with what applies where nothing was set.
import type { SessionSettings } from '../../shared/domain/session-settings.js';

/** What applies to a session that sets nothing. */
export interface SettingsDefaults {
  markOnline: boolean;
}

export interface SettingsView {
  ignore: { groups: boolean; status: boolean; channels: boolean };
  readReceipts: boolean;
  markOnline: boolean;
}

export const settingsView = (
  { ignore = {}, readReceipts = false, markOnline }: SessionSettings,
  defaults: SettingsDefaults,
): SettingsView => ({
  ignore: { groups: ignore.groups ?? false, status: ignore.status ?? true, channels: ignore.channels ?? false },
  readReceipts,
  markOnline: markOnline ?? defaults.markOnline,
});
