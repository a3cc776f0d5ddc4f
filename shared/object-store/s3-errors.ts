import { messageOf } from '../errors.js';
import { ObjectStoreError, type ObjectStoreTrouble } from './object-store.js';

/** What a server answered instead of doing as asked. */
export class S3AnswerError extends Error {
  readonly status: number;
  /** `NoSuchKey`; undefined when the answer was none of S3's. */
  readonly code: string | undefined;

  constructor(status: number, code: string | undefined) {
    super(`${status} ${code ?? 'without an S3 error code'}`);
    this.name = 'S3AnswerError';
    this.status = status;
    this.code = code;
  }
}

/** The S3 error code in the body of an answer. */
export const s3CodeOf = (body: string): string | undefined =>
  /<Error\b[^>]*>[\s\S]*?<Code>\s*([A-Za-z0-9.:_-]{1,100})\s*<\/Code>/.exec(body)?.[1];

const BY_CODE: Readonly<Record<string, ObjectStoreTrouble>> = {
  InvalidAccessKeyId: 'credentials',
  SignatureDoesNotMatch: 'credentials',
  InvalidToken: 'credentials',
  ExpiredToken: 'credentials',
  TokenRefreshRequired: 'credentials',
  XMinioInvalidIAMCredentials: 'credentials',
  AccessDenied: 'denied',
  AllAccessDisabled: 'denied',
  AccountProblem: 'denied',
  UserSuspended: 'denied',
  MethodNotAllowed: 'denied',
  NoSuchBucket: 'bucket',
  InvalidBucketName: 'bucket',
  BucketAlreadyExists: 'bucket',
  TooManyBuckets: 'bucket',
  PermanentRedirect: 'bucket',
  TemporaryRedirect: 'bucket',
  Redirect: 'bucket',
  AuthorizationHeaderMalformed: 'bucket',
  IllegalLocationConstraintException: 'bucket',
  InvalidLocationConstraint: 'bucket',
  InvalidRegion: 'bucket',
  RequestTimeTooSkewed: 'clock',
  RequestExpired: 'clock',
  QuotaExceeded: 'full',
  XMinioStorageFull: 'full',
  XMinioAdminBucketQuotaExceeded: 'full',
  EntityTooLarge: 'invalid',
  PreconditionFailed: 'precondition',
  // Two conditional puts met; neither the one nor the other is known to have won.
  ConditionalRequestConflict: 'unavailable',
  OperationAborted: 'unavailable',
  SlowDown: 'unavailable',
  SlowDownRead: 'unavailable',
  SlowDownWrite: 'unavailable',
  TooManyRequests: 'unavailable',
  Throttling: 'unavailable',
  ServiceUnavailable: 'unavailable',
  InternalError: 'unavailable',
  XMinioServerNotInitialized: 'unavailable',
  // The server waited in vain for the rest of the request.
  RequestTimeout: 'timeout',
  IncompleteBody: 'unreachable',
};

const BY_STATUS: Readonly<Record<number, ObjectStoreTrouble>> = {
  401: 'protocol',
  403: 'denied',
  408: 'timeout',
  412: 'precondition',
  413: 'invalid',
  429: 'unavailable',
  507: 'full',
};

const BY_NODE_CODE: Readonly<Record<string, ObjectStoreTrouble>> = {
  ETIMEDOUT: 'timeout',
  ERR_SOCKET_CONNECTION_TIMEOUT: 'timeout',
  // The answer broke off within its head.
  HPE_INVALID_EOF_STATE: 'unreachable',
  EPROTO: 'protocol',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls',
  // Node spells OpenSSL's verdicts on a certificate in these ways.
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls',
  UNABLE_TO_GET_ISSUER_CERT: 'tls',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls',
  HOSTNAME_MISMATCH: 'tls',
  INVALID_CA: 'tls',
  INVALID_PURPOSE: 'tls',
  PATH_LENGTH_EXCEEDED: 'tls',
};

const BY_PATTERN: readonly (readonly [RegExp, ObjectStoreTrouble])[] = [
  [/^(CERT|CRL)_/, 'tls'],
  [/^HPE_/, 'protocol'],
  [/^ERR_SSL_/, 'protocol'],
  [/^(E(?!RR_)[A-Z0-9_]+|ERR_STREAM_PREMATURE_CLOSE)$/, 'unreachable'],
];

/** Errors of the client itself, which have names only. */
const BY_NAME: Readonly<Record<string, ObjectStoreTrouble>> = {
  InvalidBucketNameError: 'bucket',
  InvalidEndpointError: 'protocol',
  InvalidXMLError: 'protocol',
  // An error within an answer of 200, to which the server came while it worked.
  S3Error: 'unavailable',
};

/** What a failed request means to the user of the store. `doing` names the operation. */
export const s3Error = (doing: string, error: unknown): ObjectStoreError => {
  if (error instanceof ObjectStoreError) return error;
  const seen = error instanceof S3AnswerError ? error.message : (nodeCodeOf(error) ?? messageOf(error));
  return new ObjectStoreError(kindOf(error), `${doing}: ${seen}`, { cause: error });
};

const kindOf = (error: unknown): ObjectStoreTrouble => {
  if (error instanceof S3AnswerError) return kindOfAnswer(error);
  const code = nodeCodeOf(error);
  if (code !== undefined) return BY_NODE_CODE[code] ?? BY_PATTERN.find(([pattern]) => pattern.test(code))?.[1] ?? 'invalid';
  // What is left is an answer the client could not read.
  return (error instanceof Error && BY_NAME[error.name]) || 'protocol';
};

const kindOfAnswer = ({ status, code }: S3AnswerError): ObjectStoreTrouble => {
  const known = (code !== undefined && BY_CODE[code]) || BY_STATUS[status];
  if (known) return known;
  if (status >= 500) return 'unavailable';
  return code === undefined ? 'protocol' : 'invalid';
};

const nodeCodeOf = (error: unknown): string | undefined => {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : undefined;
};
