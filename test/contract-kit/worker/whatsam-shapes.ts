// What the whatsam dialect says, as schemas. Fields beyond them are allowed.
import { z } from 'zod';
import { count, isoTime, percent, success, text } from '../formats.js';

const WHATSAM_STATUSES = ['INIT', 'QR_REQUIRED', 'CONNECTED', 'DISCONNECTED', 'RECONNECTING', 'ERROR'] as const;

const status = z.enum(WHATSAM_STATUSES, `must be one of ${WHATSAM_STATUSES.join(', ')}`);
const phoneNumber = z.string('must be left out or a text').regex(/^\+?[1-9]\d{1,14}$/, 'must be digits with or without +');
/** Longer ones are refused. */
const QR_LIMIT = 2_000;

/** The same fields twice: in `data`, and beside it. */
const flatAndNested = <Shape extends z.ZodRawShape>(shape: Shape) => success.extend({ ...shape, data: z.looseObject(shape) });

export const startAnswer = flatAndNested({ status: z.enum(['INIT', 'QR_REQUIRED'], 'must be INIT or QR_REQUIRED') });

export const sessionAnswer = flatAndNested({ status });

export const sendAnswer = flatAndNested({ messageId: text });

export const registration = z.looseObject({
  workerId: z.string('must be a text').regex(/^[A-Za-z0-9_-]{3,50}$/, 'must be 3 to 50 of A-Z a-z 0-9 _ -'),
  endpoint: z.url({ protocol: /^https?$/, error: 'must be an http address' }),
  maxSessions: count.min(1, 'must be at least 1').max(1_000, 'must be at most 1000'),
  version: text.regex(/^\d+\.\d+\.\d+$/, 'must be x.y.z'),
  environment: text.regex(/^[A-Z]+$/, 'must be in capitals'),
  description: text.optional(),
});

export const heartbeat = z.looseObject({
  sessions: z.array(
    z.looseObject({ sessionId: text, status, phoneNumber: phoneNumber.optional(), lastActivity: isoTime.optional() }),
    'must be a list',
  ),
  metrics: z.looseObject({
    cpuUsage: percent,
    memoryUsage: percent,
    uptime: count,
    messageCount: count,
    totalSessions: count,
    activeSessions: count,
  }),
});

export const report = z.looseObject({
  sessionId: text,
  status,
  workerId: text,
  qrCode: text.max(QR_LIMIT, `must not be longer than ${QR_LIMIT} characters`).optional(),
  phoneNumber: phoneNumber.optional(),
  displayName: text.optional(),
  timestamp: isoTime.optional(),
});
