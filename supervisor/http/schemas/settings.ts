import { z } from 'zod';
import { MASK, WEBHOOK_EVENTS } from '../../../shared/domain/session-settings.js';

/** Judged against what is set, where settings are. @param name of what it is */
export const SettingsPatch = (name: string) =>
  z
    .record(z.string(), z.unknown(), { error: `${name} must be a JSON object` })
    .meta({ description: 'A JSON merge patch (RFC 7396) of the settings: what is missing stays, null goes back to what the worker does.' });

/** What applies to a session. */
export const EffectiveSettings = z
  .object({
    webhook: z
      .object({
        url: z.string(),
        secret: z.literal(MASK).nullable().meta({ description: 'Whether there is one.' }),
        events: z.array(z.enum(WEBHOOK_EVENTS)).nullable().meta({ description: 'Null: all of them.' }),
      })
      .nullable()
      .meta({ description: 'Null: the webhook of the worker, if it has one.' }),
    ignore: z
      .object({ groups: z.boolean(), status: z.boolean(), channels: z.boolean() })
      .meta({ description: 'What is received there is confirmed to WhatsApp and not kept.' }),
    readReceipts: z.boolean().meta({ description: 'What is received is marked as read.' }),
    markOnline: z.boolean().meta({ description: 'The account appears online while it is connected.' }),
    proxy: z.string().nullable().meta({ description: 'Through which it connects, its password masked; null: none.' }),
    pace: z
      .object({
        sendRatePerMinute: z.int().meta({ description: 'Messages in the long run; 0: as many as WhatsApp takes.' }),
        burst: z.int().meta({ description: 'Messages at once after a quiet time.' }),
        typing: z.boolean().meta({ description: 'The recipient sees "typing" before a text.' }),
      })
      .meta({ description: 'How fast it sends.' }),
  })
  .meta({ id: 'Settings' });

export const EXAMPLE_SETTINGS = {
  webhook: null,
  ignore: { groups: false, status: true, channels: false },
  readReceipts: false,
  markOnline: true,
  proxy: null,
  pace: { sendRatePerMinute: 0, burst: 5, typing: false },
} as const satisfies z.input<typeof EffectiveSettings>;
