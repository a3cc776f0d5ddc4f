// How a session looks to a whatsam gateway, in reports, heartbeats and answers alike.
import type { OutwardStatus } from '../../../shared/domain/session.js';
import { qrDataUrl } from '../../qr-image.js';

type WhatsamStatus = 'INIT' | 'QR_REQUIRED' | 'CONNECTED' | 'DISCONNECTED' | 'RECONNECTING' | 'ERROR';

const QR_MAX = 2_000;
const PHONE = /^\+?[1-9]\d{1,14}$/;

const STATUSES: Record<OutwardStatus, WhatsamStatus> = {
  disconnected: 'DISCONNECTED',
  qr_required: 'QR_REQUIRED',
  connected: 'CONNECTED',
  reconnecting: 'RECONNECTING',
  error: 'ERROR',
};

/** @param connecting whether a connection is being made: the first one of a pairing is INIT, where other backends see `disconnected` */
export const whatsamStatus = (status: OutwardStatus, connecting: boolean): WhatsamStatus =>
  connecting && status === 'disconnected' ? 'INIT' : STATUSES[status];

/** What the gateway stores of a QR code: the picture when it is short enough, else the text to draw; undefined when neither is. */
export const whatsamQr = (value: string): string | undefined => [qrDataUrl(value), value].find(({ length }) => length <= QR_MAX);

/** `6281:12@s.whatsapp.net`, `+6281:12` → the number without device and domain; undefined for what the gateway would refuse. */
export const whatsamPhoneNumber = (phoneNumber: string | undefined): string | undefined => {
  const bare = phoneNumber?.replace(/[:@].*$/s, '');
  return bare !== undefined && PHONE.test(bare) ? bare : undefined;
};

/** Trimmed and cut as the gateway demands; undefined when nothing is left. */
export const whatsamText = (text: string | undefined, maxLength: number): string | undefined => {
  // A cut through a surrogate pair would leave half of it.
  const short = text
    ?.trim()
    .slice(0, maxLength)
    .replace(/[\uD800-\uDBFF]$/, '')
    .trim();
  return short === '' ? undefined : short;
};
