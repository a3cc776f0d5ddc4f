// How a whatsam gateway reads answers: flat in some places, under `data` in others.
import type { Response } from 'express';
import { REASONS } from '../../../../shared/domain/session.js';
import { whatsamPhoneNumber, whatsamQr, whatsamStatus, whatsamText } from '../../../backend/dialects/whatsam-session.js';
import type { SessionView } from '../../../worker.js';
import { iso } from '../../session-json.js';

/** 200 `{success:true, data, …data}` */
export const sendTwice = (response: Response, data: Record<string, unknown>): void => {
  response.json({ ...data, success: true, data });
};

export const whatsamSessionJson = (view: SessionView): Record<string, unknown> => {
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
