import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/errors.js';
import { maskNumbers } from '../../../shared/logging.js';
import { captureLog } from './logged.js';

const SECRET = 'Sesame-9f2c';
const KEYS = [
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
  'authToken',
  'WORKER_AUTH_TOKEN',
  'MINIO_SECRET_KEY',
  'AUTH_ENCRYPTION_KEY',
  'Authorization',
  'set-cookie',
];

describe('a secret', () => {
  it.each(KEYS)('under %s never reaches the output, however deep it lies', (key) => {
    const { log, output, lines } = captureLog();
    const value = { [key]: SECRET };
    log.info(value, 'top');
    log.info({ a: value }, 'one down');
    log.info({ a: { b: value } }, 'two down');
    log.info({ a: { b: { c: { d: [{ e: value }] } } } }, 'deep, in an array');
    log.info({ a: [value, [value]] }, 'in arrays');
    log.info({ a: { [key]: { inner: SECRET, list: [SECRET] } } }, 'an object as the value');
    if (key !== 'message') log.error({ err: Object.assign(new Error('why'), value) }, 'on an error');
    log.error({ err: Object.assign(new Error('why'), { details: { ...value, request: { headers: value } } }) }, 'below an error');
    log.error({ err: new Error('why', { cause: Object.assign(new Error('cause'), { data: value }) }) }, 'on the cause of an error');
    log.error(Object.assign(new Error('why'), { nested: value }), 'an error alone');
    log.error({ failures: [Object.assign(new Error('why'), { nested: value })] }, 'an error in a list');
    log.child(value).info('bound to a child');
    log.child({ a: { b: { c: value } } }).info('deep in a child');
    log
      .child({ runnerId: 1 })
      .child({ a: [value] })
      .info({ b: { c: { d: value } } }, 'in a child of a child');
    expect(output()).not.toContain(SECRET);
    expect(lines()).toHaveLength(key === 'message' ? 13 : 14);
  });

  it('never reaches the output from any place in any object', () => {
    const leaf = fc.oneof(fc.constant('harmless'), fc.nat(), fc.boolean(), fc.constant(null), fc.constant(undefined));
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6 },
        leaf,
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'err', 'cause', 'req'), tie('tree'), { maxKeys: 3 }),
        fc.tuple(fc.constantFrom(...KEYS), tie('tree')).map(([key, rest]) => ({ rest, [key]: SECRET })),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        const { log, output, lines } = captureLog();
        log.info({ value }, 'said');
        log.child({ value }).info('said');
        expect(output()).not.toContain(SECRET);
        expect(lines()).toHaveLength(2);
      }),
    );
  });

  it('in bytes is not printed', () => {
    const { log, output } = captureLog();
    log.info({ key: Buffer.from(SECRET), deep: { noise: { private: new Uint8Array([83, 101, 115]) } } }, 'bytes');
    expect(output()).not.toContain('83');
    expect(output()).toContain('11 bytes');
  });
});

it('prints objects that contain themselves', () => {
  const { log, lines } = captureLog();
  const knot: Record<string, unknown> = { name: 'knot' };
  knot['self'] = knot;
  log.info({ knot }, 'said');
  expect(lines()[0]).toMatchObject({ knot: { name: 'knot' }, msg: 'said' });
});

it('keeps what helps to find a fault', () => {
  const { log, lines } = captureLog({ process: 'supervisor' });
  const at = new Date('2026-01-02T03:04:05.000Z');
  log.child({ sessionId: '6281234567890', runnerId: 3 }).warn({ code: 'BUSY', incarnation: 2, at, list: [1, 'two'] }, 'said');
  log.error({ err: new AppError('INTERNAL', 'It broke.', { details: { method: 'x' }, cause: new Error('disk') }) }, 'failed');
  expect(lines()[0]).toMatchObject({
    level: 'warn',
    process: 'supervisor',
    sessionId: '6281234567890',
    runnerId: 3,
    code: 'BUSY',
    incarnation: 2,
    at: at.toISOString(),
    list: [1, 'two'],
    msg: 'said',
  });
  const err = lines()[1]?.['err'] as Record<string, unknown>;
  expect(err).toMatchObject({ type: 'AppError', code: 'INTERNAL', details: { method: 'x' } });
  expect(err['message']).toContain('It broke.');
  expect(err['message']).toContain('disk');
  expect(err['stack']).toContain('logging.test.ts');
});

describe('a phone number', () => {
  it.each([
    ['+6281234567890', '+628…90'],
    ['6281234567890', '628…90'],
    ['6281234567890@s.whatsapp.net', '628…90@s.whatsapp.net'],
    ['6281234567890:12@s.whatsapp.net', '628…90:12@s.whatsapp.net'],
    ['no session for 6281234567890.', 'no session for 628…90.'],
    ['no session for 6281234567890.0', 'no session for 628…90.0'],
    ['session 123456789012345_1.12 is gone', 'session 123…45_1.12 is gone'],
    ['6281234567890-1600000000@g.us', '628…90-1600000000@g.us'],
    ['jid:6281234567890', 'jid:628…90'],
    ['from +6281234567890 to 4915112345678!', 'from +628…90 to 491…78!'],
  ])('in %j is masked', (text, masked) => {
    expect(maskNumbers(text)).toBe(masked);
  });

  it.each([
    '3EB0123456789ABCDEF012',
    '550e8400-e29b-41d4-a716-446655440000',
    '44665544-e29b-41d4-a716-446655440000',
    'v2.3000.1023868176',
    '2026-01-02T03:04:05.123456789Z',
    'port 8001',
    '',
  ])('is not seen in %j', (text) => {
    expect(maskNumbers(text)).toBe(text);
  });

  it('is masked wherever it stands in what is logged', () => {
    const { log, output } = captureLog();
    const number = '6281234567890';
    log.info({ jid: `${number}@s.whatsapp.net`, cause: `no session for ${number}.0`, list: [`+${number}`] }, 'top');
    log.info({ session: { me: { jid: `${number}:1@s.whatsapp.net` } } }, 'deep');
    log.child({ jid: `${number}@s.whatsapp.net`, a: { b: number } }).info('child');
    log.error({ err: new Error(`no session for ${number}.1`) }, 'error');
    expect(output()).not.toContain(number);
    expect(output()).toContain('628…90');
  });

  it('never shows its middle', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[1-9]\d{7,14}$/),
        fc.constantFrom('', '+'),
        fc.constantFrom('', ':7', '.0', '_1.0'),
        (digits, plus, device) => {
          const masked = maskNumbers(`to ${plus}${digits}${device}@s.whatsapp.net now`);
          expect(masked).toBe(`to ${plus}${digits.slice(0, 3)}…${digits.slice(-2)}${device}@s.whatsapp.net now`);
        },
      ),
    );
  });
});
