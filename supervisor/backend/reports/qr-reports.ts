import type { SessionRow } from '../../supervisor-store.js';
import type { Report, ReportedQr } from '../report.js';

interface QrFacts {
  /** The session as it is now. */
  row: Pick<SessionRow, 'state' | 'seq'>;
  /** Its newest QR code. */
  qr: ReportedQr | undefined;
  /** Value of the last one that the backend has. */
  told: string | undefined;
  /** Unix milliseconds. */
  now: number;
}

/** The QR code that goes with a report: only with that of the session's state now, and only while it can be scanned. */
export const qrFor = (report: Pick<Report, 'seq'>, { row, qr, now }: Omit<QrFacts, 'told'>): ReportedQr | undefined =>
  row.state === 'qr_required' && report.seq === row.seq && qr && qr.expiresAt > now
    ? { value: qr.value, expiresAt: qr.expiresAt }
    : undefined;

/** The QR code to tell although the state did not change: a new one that can be scanned. */
export const newQr = ({ row, qr, told, now }: QrFacts): ReportedQr | undefined => {
  const current = qrFor(row, { row, qr, now });
  return current && current.value !== told ? current : undefined;
};
