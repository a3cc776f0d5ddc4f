/** The one catalogue of errors a client can meet: code → HTTP status, and whether repeating the same request can help. */
export const ERRORS = {
  INVALID_REQUEST: { status: 400, retryable: false },
  UNAUTHORIZED: { status: 401, retryable: false },
  NOT_PERMITTED: { status: 403, retryable: false },
  NOT_GROUP_ADMIN: { status: 403, retryable: false },
  NOT_GROUP_MEMBER: { status: 403, retryable: false },
  NOT_FOUND: { status: 404, retryable: false },
  SESSION_NOT_FOUND: { status: 404, retryable: false },
  MESSAGE_NOT_FOUND: { status: 404, retryable: false },
  MEDIA_NOT_FOUND: { status: 404, retryable: false },
  GROUP_NOT_FOUND: { status: 404, retryable: false },
  INVITE_NOT_VALID: { status: 404, retryable: false },
  METHOD_NOT_ALLOWED: { status: 405, retryable: false },
  NOT_ACCEPTABLE: { status: 406, retryable: false },
  REQUEST_TIMEOUT: { status: 408, retryable: true },
  SESSION_ALREADY_EXISTS: { status: 409, retryable: false },
  SESSION_NOT_CONNECTED: { status: 409, retryable: true },
  SESSION_LOGGED_OUT: { status: 409, retryable: false },
  SESSION_ALREADY_PAIRED: { status: 409, retryable: false },
  SESSION_ISOLATED: { status: 409, retryable: false },
  QR_NOT_AVAILABLE: { status: 409, retryable: true },
  ALREADY_GROUP_MEMBER: { status: 409, retryable: false },
  CONFLICT: { status: 409, retryable: true },
  STORAGE_CORRUPT: { status: 409, retryable: false },
  IDEMPOTENCY_CONFLICT: { status: 409, retryable: false },
  MESSAGE_NOT_QUEUED: { status: 409, retryable: false },
  SEND_CANCELLED: { status: 409, retryable: false },
  EVENTS_GONE: { status: 410, retryable: false },
  MEDIA_UNAVAILABLE: { status: 410, retryable: false },
  PAYLOAD_TOO_LARGE: { status: 413, retryable: false },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, retryable: false },
  RANGE_NOT_SATISFIABLE: { status: 416, retryable: false },
  NOT_YOUR_MESSAGE: { status: 422, retryable: false },
  RECIPIENT_NOT_ON_WHATSAPP: { status: 422, retryable: false },
  MESSAGE_REJECTED: { status: 422, retryable: false },
  UNSUPPORTED_MEDIA: { status: 422, retryable: false },
  MEDIA_URL_REFUSED: { status: 422, retryable: false },
  MEDIA_FETCH_FAILED: { status: 422, retryable: true },
  NOT_SUPPORTED: { status: 422, retryable: false },
  WHATSAPP_REFUSED: { status: 422, retryable: false },
  RATE_LIMITED: { status: 429, retryable: true },
  REACH_OUT_LIMITED: { status: 429, retryable: true },
  QUEUE_FULL: { status: 429, retryable: true },
  INTERNAL: { status: 500, retryable: true },
  OUTCOME_UNKNOWN: { status: 502, retryable: false },
  WHATSAPP_UNAVAILABLE: { status: 503, retryable: true },
  AT_CAPACITY: { status: 503, retryable: true },
  BUSY: { status: 503, retryable: true },
  RUNNER_UNAVAILABLE: { status: 503, retryable: true },
  DRAINING: { status: 503, retryable: true },
  STORAGE_UNAVAILABLE: { status: 503, retryable: true },
  DEADLINE_EXCEEDED: { status: 504, retryable: true },
} as const satisfies Record<string, { status: number; retryable: boolean }>;

export type ErrorCode = keyof typeof ERRORS;

/** True when `code` names an entry of the catalogue. */
export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code);

export interface AppErrorOptions {
  /** Safe to show to a client. */
  details?: Record<string, unknown>;
  /** Seconds for the `Retry-After` header. */
  retryAfterSeconds?: number;
  /** Logged, never sent. */
  cause?: unknown;
}

/** An error with a code of the catalogue; its message is one sentence that a client may read. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: Record<string, unknown> | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.details = options.details;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** The message of anything thrown, for logs. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
