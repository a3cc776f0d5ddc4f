// How a whatsam gateway reads a session.
import { z } from 'zod';
import { SessionId } from '../../../../shared/domain/ids.js';
import { Reason, REASONS } from '../../../../shared/domain/session.js';
import { whatsamPhoneNumber, whatsamQr, whatsamStatus, whatsamText } from '../../../backend/dialects/whatsam-session.js';
import type { SessionView } from '../../../worker.js';
import { Time } from '../../schemas/fields.js';
import { iso } from '../../session-json.js';

export const WhatsamSession = z
  .object({
    sessionId: SessionId,
    status: z.enum(['INIT', 'DISCONNECTED', 'QR_REQUIRED', 'CONNECTED', 'RECONNECTING', 'ERROR']),
    qrCode: z.string().optional(),
    expiresAt: Time.optional(),
    phoneNumber: z.string().optional(),
    displayName: z.string().optional(),
    lastActivity: Time,
    since: Time,
    reason: Reason,
    message: z.string(),
  })
  .meta({ id: 'WhatsamSession' });

export const EXAMPLE_WHATSAM_SESSION = {
  sessionId: 'alice',
  status: 'CONNECTED',
  phoneNumber: '+6281200000001',
  displayName: 'Alice',
  lastActivity: '2026-11-22T16:42:04.329Z',
  since: '2026-11-22T16:42:04.329Z',
  reason: 'opened',
  message: 'The session is connected to WhatsApp.',
} as const satisfies z.input<typeof WhatsamSession>;

export const whatsamSessionJson = (view: SessionView): z.input<typeof WhatsamSession> => {
  const { sessionId, status, state, qr, phoneNumber, pushName, lastActivity, since, reason } = view;
  return {
    sessionId,
    status: whatsamStatus(status, state === 'connecting'),
    ...(qr && { qrCode: whatsamQr(qr.value), expiresAt: iso(qr.expiresAt) }),
    phoneNumber: whatsamPhoneNumber(phoneNumber),
    displayName: whatsamText(pushName, 100),
    lastActivity: iso(lastActivity),
    since: iso(since),
    reason,
    message: REASONS[reason],
  };
};
