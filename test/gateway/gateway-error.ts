/** Every way in which the gateway refuses or fails, with its HTTP status. */
const STATUS = {
  INVALID_REQUEST: 400,
  UNAUTHORIZED: 401,
  NOT_FOUND: 404,
  WORKER_NOT_FOUND: 404,
  SESSION_NOT_FOUND: 404,
  MESSAGE_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  WORKER_CONFLICT: 409,
  SESSION_ALREADY_EXISTS: 409,
  SESSION_ALREADY_CONNECTED: 409,
  SESSION_NOT_ASSIGNED: 409,
  SESSION_ELSEWHERE: 409,
  QR_NOT_AVAILABLE: 409,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  WORKER_FAILED: 502,
  WORKER_UNREACHABLE: 503,
  NO_WORKER_AVAILABLE: 503,
  WORKER_TIMEOUT: 504,
} as const;

export type GatewayErrorCode = keyof typeof STATUS;

export interface GatewayErrorOptions {
  /** Becomes `details` of the answer. */
  readonly details?: Record<string, unknown>;
  readonly headers?: Record<string, string>;
  /** Logged, never sent. */
  readonly cause?: unknown;
}

/** A refusal or failure; its message is the sentence a client reads. */
export class GatewayError extends Error {
  readonly code: GatewayErrorCode;
  readonly details: Record<string, unknown> | undefined;
  readonly headers: Record<string, string>;

  constructor(code: GatewayErrorCode, sentence: string, options: GatewayErrorOptions = {}) {
    super(sentence, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'GatewayError';
    this.code = code;
    this.details = options.details;
    this.headers = options.headers ?? {};
  }

  get status(): number {
    return STATUS[this.code];
  }

  /** `{success: false, error, code, details?}`; `error` is a string because clients print it. */
  get body(): Record<string, unknown> {
    return { success: false, error: this.message, code: this.code, ...(this.details && { details: this.details }) };
  }
}
