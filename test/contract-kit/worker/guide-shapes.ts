// The guide's answers of a worker, as schemas. Fields beyond them are allowed.
import { z } from 'zod';
import { count, isoTime, percent, phoneNumber, success, text } from '../formats.js';

export const GUIDE_STATUSES = ['disconnected', 'qr_required', 'connected', 'reconnecting', 'error'] as const;

export const sessionStatus = z.enum(GUIDE_STATUSES, `must be one of ${GUIDE_STATUSES.join(', ')}`);

export const healthAnswer = success.extend({
  data: z.looseObject({
    status: z.literal('online', 'must be "online"'),
    sessionCount: count,
    cpuUsage: percent,
    memoryUsage: percent,
    uptime: count,
    maxSessions: count.min(1, 'must be at least 1'),
  }),
});

export const createAnswer = success.extend({
  data: z.looseObject({ sessionId: text, status: z.literal('disconnected', 'must be "disconnected"'), message: text }),
});

export const connectAnswer = success.extend({
  data: z.discriminatedUnion(
    'status',
    [
      z.looseObject({ status: z.literal('connecting'), sessionId: text }),
      z.looseObject({
        status: z.literal('qr_required'),
        sessionId: text,
        qrCode: text.startsWith('data:image/png;base64,', 'must be a PNG data URL'),
      }),
    ],
    'must have the status connecting or qr_required',
  ),
});

/** Of a session that is connected already, too. */
export const anyConnectAnswer = success.extend({
  data: z.looseObject({ sessionId: text, status: z.enum(['connecting', ...GUIDE_STATUSES], 'must be one of the guide') }),
});

export const statusAnswer = success.extend({
  data: z.looseObject({
    sessionId: text,
    status: sessionStatus,
    // A session that was never paired has none.
    phoneNumber: phoneNumber.nullish(),
    lastActivity: isoTime,
  }),
});

export const deleteAnswer = success.extend({ message: text });

export const sendAnswer = success.extend({
  data: z.looseObject({ messageId: text, status: z.literal('sent', 'must be "sent"'), timestamp: isoTime }),
});

export const messagesAnswer = success.extend({
  data: z.looseObject({
    messages: z.array(
      z.looseObject({
        id: text,
        from: text,
        to: text,
        type: text,
        // A picture without a caption says nothing.
        content: z.string('must be a text or null').nullable(),
        timestamp: isoTime,
        status: text,
      }),
      'must be a list',
    ),
    pagination: z.looseObject({ total: count, limit: count, offset: count }),
  }),
});
