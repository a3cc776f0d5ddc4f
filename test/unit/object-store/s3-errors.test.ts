import { expect, it } from 'vitest';
import { ObjectStoreError, type ObjectStoreTrouble } from '../../../shared/object-store/object-store.js';
import { S3AnswerError, s3CodeOf, s3Error } from '../../../shared/object-store/s3-errors.js';

const answers: [status: number, code: string | undefined, kind: ObjectStoreTrouble][] = [
  [403, 'InvalidAccessKeyId', 'credentials'],
  [403, 'SignatureDoesNotMatch', 'credentials'],
  [403, 'AccessDenied', 'denied'],
  [403, undefined, 'denied'],
  [403, 'SomethingNew', 'denied'],
  [404, 'NoSuchBucket', 'bucket'],
  [400, 'InvalidBucketName', 'bucket'],
  [409, 'BucketAlreadyExists', 'bucket'],
  [301, 'PermanentRedirect', 'bucket'],
  [307, 'TemporaryRedirect', 'bucket'],
  [400, 'AuthorizationHeaderMalformed', 'bucket'],
  [403, 'RequestTimeTooSkewed', 'clock'],
  [507, 'XMinioStorageFull', 'full'],
  [507, undefined, 'full'],
  [403, 'QuotaExceeded', 'full'],
  [412, 'PreconditionFailed', 'precondition'],
  [412, undefined, 'precondition'],
  [409, 'ConditionalRequestConflict', 'unavailable'],
  [429, undefined, 'unavailable'],
  [500, 'InternalError', 'unavailable'],
  [502, undefined, 'unavailable'],
  [503, 'SlowDown', 'unavailable'],
  [504, undefined, 'unavailable'],
  [400, 'RequestTimeout', 'timeout'],
  [408, undefined, 'timeout'],
  [200, undefined, 'protocol'],
  [302, undefined, 'protocol'],
  [400, undefined, 'protocol'],
  [401, undefined, 'protocol'],
  [404, undefined, 'protocol'],
  [400, 'KeyTooLongError', 'invalid'],
  [400, 'EntityTooLarge', 'invalid'],
];
it.each(answers)('takes an answer of %i with the code %s for %s', (status, code, kind) => {
  expect(s3Error('get', new S3AnswerError(status, code))).toMatchObject({ kind });
});

const failures: [code: string, kind: ObjectStoreTrouble][] = [
  ['ECONNREFUSED', 'unreachable'],
  ['ECONNRESET', 'unreachable'],
  ['EPIPE', 'unreachable'],
  ['ENOTFOUND', 'unreachable'],
  ['EAI_AGAIN', 'unreachable'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ERR_STREAM_PREMATURE_CLOSE', 'unreachable'],
  ['HPE_INVALID_EOF_STATE', 'unreachable'],
  ['ETIMEDOUT', 'timeout'],
  ['CERT_HAS_EXPIRED', 'tls'],
  ['CERT_NOT_YET_VALID', 'tls'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'tls'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
  ['EPROTO', 'protocol'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'protocol'],
  ['HPE_INVALID_CONSTANT', 'protocol'],
];
it.each(failures)('takes a failure with %s for %s', (code, kind) => {
  expect(s3Error('get', Object.assign(new Error('failed'), { code }))).toMatchObject({ kind });
});

it('says what it saw, and not what the server said', () => {
  expect(s3Error('list', new S3AnswerError(403, 'SignatureDoesNotMatch')).message).toMatch(/\(list: 403 SignatureDoesNotMatch\)$/);
  const error = new ObjectStoreError('invalid', 'kept');
  expect(s3Error('put', error)).toBe(error);
});

it.each([
  ['<?xml version="1.0" encoding="UTF-8"?><Error><Code>NoSuchKey</Code><Key>a</Key></Error>', 'NoSuchKey'],
  ['<Error xmlns="x">\n <Resource>/a</Resource>\n <Code> SlowDown </Code></Error>', 'SlowDown'],
  ['<Code>OutsideOfAnError</Code>', undefined],
  ['<html><body>Bad gateway</body></html>', undefined],
  ['', undefined],
])('finds the code in %j', (body, code) => {
  expect(s3CodeOf(body)).toBe(code);
});
