import { z } from 'zod';
import { SessionId } from '../../../shared/domain/ids.js';
import { RestrictionKind } from '../../../shared/domain/restriction.js';
import { Reason } from '../../../shared/domain/session.js';
import { Amount, label, object, string, Time } from './fields.js';
import { SettingsPatch } from './settings.js';

export const SessionPath = z.object({ id: SessionId });

export const CreateSession = object({
  sessionId: string('sessionId').pipe(SessionId),
  userId: label('userId'),
  sessionName: label('sessionName'),
  settings: SettingsPatch('settings').nullish(),
});
export const MoveSession = object({
  slot: z
    .int({ error: 'slot must be a whole number' })
    .nonnegative('slot must not be negative')
    .nullish()
    .transform((slot) => slot ?? undefined),
});
export const PairingCode = object({
  phoneNumber: string('phoneNumber')
    .regex(/^\+?[1-9]\d{5,14}$/, 'phoneNumber must be the country code and number, digits only, with or without a leading +')
    .transform((number) => number.replace('+', '')),
});
const QR_FORMATS = ['json', 'png', 'svg', 'raw'] as const;
export type QrFormat = (typeof QR_FORMATS)[number];
export const QrQuery = z.object({ format: z.enum(QR_FORMATS, { error: `format must be one of ${QR_FORMATS.join(', ')}` }).optional() });

export const SessionStatus = z.enum(['disconnected', 'qr_required', 'connected', 'reconnecting', 'error']);

const PNG = 'The QR code as a PNG, in a data URL.';
const qr = {
  qrCode: z.string().meta({ description: PNG }),
  expiresAt: Time,
  attempt: z.int().meta({ description: 'Counts the codes of one pairing, from 1.' }),
};

/** A session as every answer about one shows it. */
export const Session = z
  .object({
    sessionId: SessionId,
    status: SessionStatus,
    phoneNumber: z.string().optional().meta({ description: 'Of the paired phone, with a plus sign.' }),
    lastActivity: Time,
    reason: Reason.meta({ description: 'Why it has this status, for programs.' }),
    message: z.string().meta({ description: 'The same, for people.' }),
    since: Time,
    seq: Amount.meta({ description: 'Rises by one with every change of state.' }),
    desired: z.enum(['connected', 'disconnected']),
    createdAt: Time,
    userId: z.string().optional(),
    sessionName: z.string().optional(),
    pushName: z.string().optional(),
    jid: z.string().optional(),
    lid: z.string().optional(),
    slot: z.int().optional().meta({ description: 'The slot of its runner, once it was connected.' }),
    restricted: z
      .object({
        kind: RestrictionKind,
        since: Time,
        until: Time,
        told: z.boolean().meta({ description: 'Whether WhatsApp told when it ends.' }),
      })
      .optional()
      .meta({ description: 'What WhatsApp does not let the account do now.' }),
    deaf: z.object({ times: z.int(), rung: z.literal([1, 2, 3]), lastAt: Time }).optional(),
    suspect: z
      .object({
        deaths: z.array(
          z.object({ at: Time, operation: z.enum(['connect', 'decrypt', 'send', 'idle']), verdict: z.enum(['crash', 'oom']) }),
        ),
        isolated: z.boolean(),
      })
      .optional(),
  })
  .meta({ id: 'Session' });

export const Sessions = z.object({ sessions: z.array(Session), total: z.int() });
export const CreatedSession = z.object({ sessionId: SessionId, status: SessionStatus, message: z.string() });
export const DoneMessage = z.object({ message: z.string() });
/** Where a session got to while its connect was waited for. */
export const ConnectAnswer = z.object({
  sessionId: SessionId,
  status: z.enum([...SessionStatus.options, 'connecting']),
  qrCode: qr.qrCode.optional(),
  expiresAt: Time.optional(),
  attempt: qr.attempt.optional(),
  phoneNumber: z.string().optional(),
  reason: Reason.optional(),
  message: z.string(),
});
export const QrAnswer = z.object({ sessionId: SessionId, qr: z.string().meta({ description: 'The text to draw.' }), ...qr });
export const PairingCodeAnswer = z.object({ sessionId: SessionId, code: z.string(), raw: z.string(), expiresAt: Time });

export const EXAMPLE_SESSION = {
  sessionId: 'alice',
  status: 'connected',
  phoneNumber: '+6281200000001',
  lastActivity: '2026-11-22T16:42:04.329Z',
  reason: 'opened',
  message: 'The session is connected to WhatsApp.',
  since: '2026-11-22T16:42:04.329Z',
  seq: 5,
  desired: 'connected',
  createdAt: '2026-11-22T16:42:02.942Z',
  userId: 'user123',
  sessionName: 'Alice on her phone',
  pushName: 'Alice',
  jid: '6281200000001:1@s.whatsapp.net',
  lid: '100000000000001:1@lid',
  slot: 0,
} as const satisfies z.input<typeof Session>;
