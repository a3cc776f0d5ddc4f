import { pino, type DestinationStream, type Logger } from 'pino';

export type { Logger } from 'pino';

/** Keys whose values never reach a log, at any depth; compared without case, `-` and `_`. */
const SECRET_KEYS = new Set([
  'authorization',
  'cookie',
  'setcookie',
  'qr',
  'qrcode',
  'pairingcode',
  'creds',
  'text',
  'content',
  'message',
  'raw',
  'plaintext',
  'idempotencykey',
]);
/** `WORKER_AUTH_TOKEN`, `MINIO_SECRET_KEY`, … */
const SECRET_ENDING = /(token|password|secret|secretkey|accesskey|encryptionkey)$/;
/** Names of our own choice, which a person needs whole to find a session. */
const PLAIN_KEYS = new Set(['sessionId', 'requestId', 'messageId']);
/** Deeper levels are left out, which also ends circles. */
const MAX_DEPTH = 8;

const NUMBER = /(?<![\w.-])(\+?\d{3})\d{3,}(\d{2})(?=$|[^\w.-]|\.(?!\d)|[._]\d{1,3}(?!\d)|-\d+@g\.us)/g;

/** `6281234567890@…` and `+6281234567890` keep their first three and last two digits. */
export const maskNumbers = (value: string): string => value.replace(NUMBER, '$1…$2');

export interface LoggingOptions {
  level: string;
  /** Fixed keys on every line, e.g. `{ process: 'supervisor' }`. */
  base: Record<string, unknown>;
}

/** pino, JSON lines on stdout, object first. Fixed keys: sessionId, runnerId, incarnation, requestId, code. */
export const createLogger = ({ level, base }: LoggingOptions, destination?: DestinationStream): Logger => {
  const logger = pino(
    {
      level,
      base,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: (object) => clean(object, 0), bindings: (bindings) => clean(bindings, 0) },
      // Errors are cleaned above; pino's own serializer would take the result for another kind of error.
      serializers: { err: (error: unknown) => error },
    },
    destination ?? pino.destination(1),
  );
  // pino applies its formatter of bindings to `base` only; children inherit this method.
  const inherited = Object.getPrototypeOf(logger) as Pick<Logger, 'child'>;
  logger.child = function (this: Logger, ...[bindings, options]: Parameters<Logger['child']>) {
    return inherited.child.call(this, clean(bindings, 0), options);
  } as Logger['child'];
  return logger;
};

const isSecret = (key: string): boolean => {
  const plain = key.toLowerCase().replace(/[-_]/g, '');
  return SECRET_KEYS.has(plain) || SECRET_ENDING.test(plain);
};

const clean = (object: object, depth: number): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(object).map(([key, value]: [string, unknown]) => {
      if (isSecret(key)) return [key, value === undefined ? undefined : '[redacted]'];
      return [key, PLAIN_KEYS.has(key) ? value : cleanValue(value, depth + 1)];
    }),
  );

const cleanValue = (value: unknown, depth: number): unknown => {
  if (typeof value === 'string') return maskNumbers(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (value instanceof Uint8Array) return `[${value.length} bytes]`;
  if (depth > MAX_DEPTH) return '[too deep]';
  if (Array.isArray(value)) return value.map((element) => cleanValue(element, depth + 1));
  if (!(value instanceof Error)) return clean(value, depth);
  const { type, message, stack, ...rest } = pino.stdSerializers.err(value);
  return { type, message: maskNumbers(message), stack: maskNumbers(stack), ...clean(rest, depth) };
};
