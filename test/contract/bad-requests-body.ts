// Wrong bodies and headers of endpoints that exist.
import type { ErrorCode } from '../../shared/errors.js';
import type { BadRequest } from './bad-requests.js';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const TO = '6281234567890@s.whatsapp.net';

/** A POST of JSON; a string goes out as it is. */
export const post = (
  name: string,
  path: string,
  body: unknown,
  code: ErrorCode = 'INVALID_REQUEST',
  headers: Record<string, string> = {},
): BadRequest => ({
  name,
  request: {
    method: 'POST',
    path,
    headers: { ...JSON_TYPE, ...headers },
    body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  },
  code,
});

export const bodyRows = (sessionId: string): BadRequest[] => [
  ...createRows(sessionId),
  ...sendRows(sessionId),
  ...actionRows(sessionId),
  ...contentRows(),
  ...settingsRows(sessionId),
];

const createRows = (sessionId: string): BadRequest[] => {
  const create = (name: string, body: unknown, code?: ErrorCode): BadRequest => post(`create: ${name}`, '/session/create', body, code);
  return [
    { name: 'create: no body', request: { method: 'POST', path: '/session/create' }, code: 'INVALID_REQUEST' },
    create('an empty body', ''),
    create('an empty object', {}),
    create('an array', [{ sessionId: 'x' }]),
    create('null', 'null'),
    create('a string', '"x"'),
    create('a number', '1'),
    create('broken JSON', '{"sessionId":'),
    create('two documents', '{"sessionId":"x"}{"sessionId":"y"}'),
    create('single quotes', "{'sessionId':'x'}"),
    create('a trailing comma', '{"sessionId":"x",}'),
    create('100 000 open brackets', '['.repeat(100_000)),
    create('a number as sessionId', { sessionId: 1 }),
    create('null as sessionId', { sessionId: null }),
    create('an object as sessionId', { sessionId: { $ne: '' } }),
    create('an empty sessionId', { sessionId: '' }),
    create('a sessionId of 101 characters', { sessionId: 'a'.repeat(101) }),
    create('a slash in sessionId', { sessionId: '../../etc' }),
    create('a dot in sessionId', { sessionId: 'a.b' }),
    create('a line feed after sessionId', { sessionId: 'a\n' }),
    create('a NUL in sessionId', { sessionId: 'a\0' }),
    create('a number as userId', { sessionId: 'unused', userId: 1 }),
    create('a userId of 256 characters', { sessionId: 'unused', userId: 'u'.repeat(256) }),
    create('an object as sessionName', { sessionId: 'unused', sessionName: {} }),
    create('its fields only in __proto__', '{"__proto__":{"sessionId":"polluted"}}'),
    create('settings that are none', { sessionId: 'unused', settings: true }),
    create('settings with an unknown key', { sessionId: 'unused', settings: { readReciepts: true } }),
    create('a session that exists', { sessionId }, 'SESSION_ALREADY_EXISTS'),
  ];
};

const sendRows = (sessionId: string): BadRequest[] => {
  const path = `/session/${sessionId}/send`;
  const good = { to: TO, type: 'text', message: 'Hello!' };
  const send = (name: string, changes: Record<string, unknown>, code?: ErrorCode, headers?: Record<string, string>): BadRequest =>
    post(`send: ${name}`, path, { ...good, ...changes }, code, headers);
  return [
    { name: 'send: no body', request: { method: 'POST', path }, code: 'INVALID_REQUEST' },
    send('no to', { to: undefined }),
    send('a number as to', { to: 6281234567890 }),
    send('a list as to', { to: [TO] }),
    send('an empty to', { to: '' }),
    send('a word as to', { to: 'mother' }),
    send('a mail address as to', { to: 'a@example.com' }),
    send('blanks in to', { to: '+62 812 3456 7890' }),
    send('a national number as to', { to: '081234567890' }),
    send('too short a number', { to: '1234' }),
    send('too long a number', { to: '1234567890123456' }),
    send('the status list as to', { to: 'status@broadcast' }),
    send('a line feed after to', { to: `${TO}\n` }),
    send('no type', { type: undefined }),
    send('an unknown type', { type: 'hologram' }),
    send('no message', { message: undefined }),
    send('an empty message', { message: '' }),
    send('a number as message', { message: 1 }),
    send('an object as message', { message: { text: 'Hello!' } }),
    send('a message of 65 537 characters', { message: 'a'.repeat(65_537) }),
    send('half a surrogate pair', { message: 'a\ud800b' }),
    send('a number as clientMessageId', { clientMessageId: 1 }),
    send('an empty clientMessageId', { clientMessageId: '' }),
    send('a clientMessageId of 256 characters', { clientMessageId: 'k'.repeat(256) }),
    send('a key of 256 characters', {}, 'INVALID_REQUEST', { 'Idempotency-Key': 'k'.repeat(256) }),
    send('an empty key', {}, 'INVALID_REQUEST', { 'Idempotency-Key': '' }),
    send('a key outside ASCII', {}, 'INVALID_REQUEST', { 'Idempotency-Key': 'schl\u00fcssel' }),
    send('two different keys', { clientMessageId: 'a' }, 'INVALID_REQUEST', { 'Idempotency-Key': 'b' }),
    post('send: an unknown session', '/session/no-such/send', good, 'SESSION_NOT_FOUND'),
    send('a session that is not connected', {}, 'SESSION_NOT_CONNECTED'),
  ];
};

const settingsRows = (sessionId: string): BadRequest[] => {
  const path = `/session/${sessionId}/settings`;
  const patch = (name: string, body: unknown, code?: ErrorCode, to = path): BadRequest => {
    const row = post(`settings: ${name}`, to, body, code);
    return { ...row, request: { ...row.request, method: 'PATCH' } };
  };
  return [
    patch('a list', []),
    patch('a string', '"x"'),
    patch('broken JSON', '{"markOnline":'),
    patch('100 000 objects in each other', '{"ignore":'.repeat(50_000) + '1' + '}'.repeat(50_000)),
    patch('a key that is misspelt', { readReciepts: true }),
    patch('a misspelt key inside', { ignore: { group: true } }),
    patch('another type', { markOnline: 'yes' }),
    patch('the members of a prototype', '{"ignore":{"__proto__":{"groups":true}},"x":1}'),
    patch('an unknown session', {}, 'SESSION_NOT_FOUND', '/session/no-such/settings'),
  ];
};

const actionRows = (sessionId: string): BadRequest[] => {
  const own = `/session/${sessionId}`;
  const pairing = (name: string, phoneNumber: unknown): BadRequest => post(`pairing code: ${name}`, `${own}/pairing-code`, { phoneNumber });
  return [
    pairing('no number', undefined),
    pairing('a JSON number', 6281234567890),
    pairing('letters', '62abc4567890'),
    pairing('punctuation', '+62 812-3456-7890'),
    pairing('only a plus', '+'),
    pairing('too short', '12345'),
    pairing('too long', '1234567890123456'),
    pairing('a leading zero', '081234567890'),
    post('pairing code: an unknown session', '/session/no-such/pairing-code', { phoneNumber: '6281234567890' }, 'SESSION_NOT_FOUND'),
    post('connect: an array', `${own}/connect`, []),
    post('connect: broken JSON', `${own}/connect`, '{'),
    post('disconnect: a string', `${own}/disconnect`, '"now"'),
  ];
};

const contentRows = (): BadRequest[] => {
  const json = '{"sessionId":"unused"}';
  const path = '/session/create';
  const typed = (name: string, type: string, body: string | Buffer = json, code: ErrorCode = 'UNSUPPORTED_MEDIA_TYPE'): BadRequest =>
    post(`content: ${name}`, path, body, code, { 'Content-Type': type });
  const encoded = (encoding: string): BadRequest =>
    post(`content: encoding ${encoding}`, path, json, 'UNSUPPORTED_MEDIA_TYPE', { 'Content-Encoding': encoding });
  return [
    typed('plain text', 'text/plain'),
    typed('a form', 'application/x-www-form-urlencoded', 'sessionId=x'),
    typed('parts', 'multipart/form-data; boundary=x', '--x--'),
    typed('XML', 'application/xml', '<a/>'),
    typed('a nonsense type', 'json'),
    typed('UTF-16', 'application/json; charset=utf-16le', Buffer.from(json, 'utf16le')),
    typed('an unknown charset', 'application/json; charset=klingon'),
    typed('an unknown utf', 'application/json; charset=utf-99'),
    typed('broken UTF-8', 'application/json', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), 'INVALID_REQUEST'),
    { name: 'content: no type', request: { method: 'POST', path, body: json }, code: 'UNSUPPORTED_MEDIA_TYPE' },
    encoded('gzip'),
    encoded('br'),
    encoded('nonsense'),
    {
      name: 'content: 2 MB announced',
      request: { method: 'POST', path, headers: { ...JSON_TYPE, 'Content-Length': '2000000' } },
      code: 'PAYLOAD_TOO_LARGE',
    },
    post('content: one byte over 1 MiB', path, `"${'a'.repeat(1024 * 1024 - 1)}"`, 'PAYLOAD_TOO_LARGE'),
    {
      name: 'content: more than 1 MiB in chunks',
      request: {
        method: 'POST',
        path,
        headers: { ...JSON_TYPE, 'Transfer-Encoding': 'chunked' },
        body: `${'10000\r\n'.concat('a'.repeat(0x10000), '\r\n').repeat(17)}0\r\n\r\n`,
      },
      code: 'PAYLOAD_TOO_LARGE',
    },
  ];
};
