// What the owner of a session may set for it. Whatever is missing is as the worker is configured.
import { z } from 'zod';

const flag = (name: string) => z.boolean({ error: `${name} must be true or false` }).optional();
const group = <S extends z.ZodRawShape>(name: string, shape: S) =>
  z.strictObject(shape, {
    error: ({ code, keys }) =>
      code === 'unrecognized_keys'
        ? `${name} has no ${keys.join(', ')}; it has ${Object.keys(shape).join(', ')}`
        : `${name} must be a JSON object`,
  });

/** Unknown keys are refused, so that somebody who misspelt one learns of it. */
export const SessionSettings = group('settings', {
  /** Received from there: confirmed to WhatsApp, and not kept. */
  ignore: group('ignore', { groups: flag('ignore.groups'), status: flag('ignore.status'), channels: flag('ignore.channels') }).optional(),
  /** Marks what is received as read. */
  readReceipts: flag('readReceipts'),
  /** Shows the account as online while it is connected. */
  markOnline: flag('markOnline'),
});
export type SessionSettings = z.infer<typeof SessionSettings>;

/** The part that a runner goes by. */
export const RunnerSettings = SessionSettings.pick({ ignore: true, readReceipts: true, markOnline: true });
export type RunnerSettings = z.infer<typeof RunnerSettings>;

export const runnerSettings = ({ ignore, readReceipts, markOnline }: SessionSettings): RunnerSettings => ({
  ...(ignore && { ignore }),
  ...(readReceipts !== undefined && { readReceipts }),
  ...(markOnline !== undefined && { markOnline }),
});

/** Whether what is received in this chat is not wanted. Status updates are wanted only when somebody said so. */
export const isIgnored = ({ ignore }: Pick<SessionSettings, 'ignore'>, chat: string): boolean => {
  if (chat === 'status@broadcast') return ignore?.status ?? true;
  if (chat.endsWith('@g.us')) return ignore?.groups ?? false;
  return chat.endsWith('@newsletter') && (ignore?.channels ?? false);
};
