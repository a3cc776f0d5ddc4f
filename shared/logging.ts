import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';

/** Keys whose values never reach a log, wherever they stand at the top or one level down. */
const SECRET_KEYS = [
  'authorization',
  'token',
  'password',
  'secretKey',
  'qr',
  'qrCode',
  'pairingCode',
  'creds',
  'text',
  'content',
  'message',
  'raw',
  'idempotencyKey',
];

/** `6281234567890@…` and `+6281234567890` keep their first three and last two digits. */
export const maskNumbers = (value: string): string => value.replace(/(?<![\w.:-])(\+?\d{3})\d{3,}(\d{2})(?=$|[^\w.-])/g, '$1…$2');

export interface LoggingOptions {
  level: string;
  /** Fixed keys on every line, e.g. `{ process: 'supervisor' }`. */
  base: Record<string, unknown>;
}

/** pino, JSON lines on stdout, object first. Fixed keys: sessionId, runnerId, incarnation, requestId, code. */
export const createLogger = ({ level, base }: LoggingOptions): Logger =>
  pino({
    level,
    base,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`]), censor: '[redacted]' },
    serializers: { phoneNumber: maskJson, jid: maskJson, lid: maskJson, to: maskJson, from: maskJson },
  });

const maskJson = (value: unknown): unknown => (typeof value === 'string' ? maskNumbers(value) : value);
