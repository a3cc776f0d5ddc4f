// Wrong requests of a whatsam gateway, for a worker that has its routes.
import type { ErrorCode } from '../../shared/errors.js';
import { post } from './bad-requests-body.js';
import type { BadRequest } from './bad-requests.js';

const TO = '6281234567890';

export const whatsamRows = (sessionId: string, token: string | undefined): BadRequest[] => [
  ...routeRows(sessionId),
  ...sessionRows(sessionId),
  ...sendRows(sessionId),
  ...manageRows(sessionId),
  ...(token === undefined ? [] : tokenRows(sessionId)),
];

const routeRows = (sessionId: string): BadRequest[] => {
  const own = `/api/sessions/${sessionId}`;
  const rows: (readonly [name: string, method: string, path: string, code: ErrorCode])[] = [
    ['a list of sessions', 'GET', '/api/sessions', 'NOT_FOUND'],
    ['an unknown verb', 'POST', `${own}/pause`, 'NOT_FOUND'],
    ['a path in upper case', 'GET', `/API/sessions/${sessionId}/status`, 'NOT_FOUND'],
    ['start by GET', 'GET', '/api/sessions/start', 'METHOD_NOT_ALLOWED'],
    ['status by POST', 'POST', `${own}/status`, 'METHOD_NOT_ALLOWED'],
    ['restart by GET', 'GET', `${own}/restart`, 'METHOD_NOT_ALLOWED'],
    ['delete by POST', 'POST', own, 'METHOD_NOT_ALLOWED'],
    ['send by GET', 'GET', `/api/${sessionId}/send`, 'METHOD_NOT_ALLOWED'],
    ['manage by PUT', 'PUT', `/api/message/${sessionId}/manage`, 'METHOD_NOT_ALLOWED'],
    ['an encoded slash in the id', 'GET', '/api/sessions/a%2Fb/status', 'INVALID_REQUEST'],
    ['a blank in the id', 'POST', '/api/a%20b/send', 'INVALID_REQUEST'],
    ['encoded dots as id', 'DELETE', '/api/sessions/%2e%2e', 'INVALID_REQUEST'],
    ['an id of 101 characters', 'GET', `/api/sessions/${'a'.repeat(101)}/status`, 'INVALID_REQUEST'],
    ['a cut percent-encoding in the id', 'POST', '/api/sessions/%E0%A4%A/logout', 'INVALID_REQUEST'],
    ['status of an unknown session', 'GET', '/api/sessions/no-such/status', 'SESSION_NOT_FOUND'],
    ['status of __proto__', 'GET', '/api/sessions/__proto__/status', 'SESSION_NOT_FOUND'],
    ['restart of an unknown session', 'POST', '/api/sessions/no-such/restart', 'SESSION_NOT_FOUND'],
    ['disconnect of an unknown session', 'POST', '/api/sessions/no-such/disconnect', 'SESSION_NOT_FOUND'],
    ['logout of an unknown session', 'POST', '/api/sessions/no-such/logout', 'SESSION_NOT_FOUND'],
    ['delete of an unknown session', 'DELETE', '/api/sessions/no-such', 'SESSION_NOT_FOUND'],
    ['delete of a session called start', 'DELETE', '/api/sessions/start', 'SESSION_NOT_FOUND'],
  ];
  return rows.map(([name, method, path, code]): BadRequest => ({ name: `whatsam: ${name}`, request: { method, path }, code }));
};

const sessionRows = (sessionId: string): BadRequest[] => {
  const start = (name: string, body: unknown): BadRequest => post(`whatsam start: ${name}`, '/api/sessions/start', body);
  const own = `/api/sessions/${sessionId}`;
  return [
    { name: 'whatsam start: no body', request: { method: 'POST', path: '/api/sessions/start' }, code: 'INVALID_REQUEST' },
    start('an empty object', {}),
    start('an array', [{ sessionId: 'x' }]),
    start('broken JSON', '{"sessionId":'),
    start('a number as sessionId', { sessionId: 1 }),
    start('an empty sessionId', { sessionId: '' }),
    start('a slash in sessionId', { sessionId: '../../etc' }),
    start('a line feed after sessionId', { sessionId: 'a\n' }),
    start('a number as userId', { sessionId: 'unused', userId: 1 }),
    start('a sessionName of 256 characters', { sessionId: 'unused', sessionName: 'n'.repeat(256) }),
    post('whatsam start: plain text', '/api/sessions/start', '{"sessionId":"unused"}', 'UNSUPPORTED_MEDIA_TYPE', {
      'Content-Type': 'text/plain',
    }),
    post('whatsam restart: an array', `${own}/restart`, []),
    post('whatsam disconnect: a string', `${own}/disconnect`, '"now"'),
    post('whatsam logout: broken JSON', `${own}/logout`, '{'),
  ];
};

const sendRows = (sessionId: string): BadRequest[] => {
  const path = `/api/${sessionId}/send`;
  const send = (name: string, fields: Record<string, unknown>, code?: ErrorCode, headers?: Record<string, string>): BadRequest =>
    post(`whatsam send: ${name}`, path, { to: TO, ...fields }, code, headers);
  const text = { type: 'text', message: 'Hello!' };
  return [
    { name: 'whatsam send: no body', request: { method: 'POST', path }, code: 'INVALID_REQUEST' },
    send('no type', { message: 'Hello!' }),
    send('an unknown type', { type: 'hologram' }),
    send('a type of every object', { type: 'constructor' }),
    send('no to', { ...text, to: undefined }),
    send('a word as to', { ...text, to: 'mother' }),
    send('no message', { type: 'text' }),
    send('an empty message', { type: 'text', message: '' }),
    send('a number as message', { type: 'text', message: 1 }),
    send('a message of 65 537 characters', { type: 'text', message: 'a'.repeat(65_537) }),
    send('half a surrogate pair', { type: 'text', message: 'a\ud800b' }),
    send('a link without url', { type: 'link', text: 'Look' }),
    send('a link to a script', { type: 'link', url: 'javascript:alert(1)' }),
    send('a link to a file', { type: 'link', url: 'file:///etc/passwd' }),
    send('a link with 65 537 characters', { type: 'link', url: 'https://example.org/', text: 'a'.repeat(65_537) }),
    send('an image without media', { type: 'image', caption: 'A' }),
    send('an image from a file', { type: 'image', mediaUrl: 'file:///etc/passwd' }),
    send('a latitude of 91', { type: 'location', location: { latitude: 91, longitude: 0 } }),
    send('a longitude as text', { type: 'location', location: { latitude: 0, longitude: '0' } }),
    send('a contact without phone', { type: 'contact', contact: { name: 'Bob' } }),
    send('a poll with one option', { type: 'poll', question: 'Which?', options: ['a'] }),
    send('a key of 256 characters', text, 'INVALID_REQUEST', { 'Idempotency-Key': 'k'.repeat(256) }),
    send('an image that is no base64', { type: 'image', media: '%%%' }),
    send('an image of two places', { type: 'image', media: 'AAAA', mediaUrl: 'https://example.org/a.png' }),
    send('an image from a URL with a password', { type: 'image', mediaUrl: 'https://a:b@example.org/a.png' }),
    send('a file that is no text', { type: 'document', media: [1, 2, 3] }),
    send('an image by a session that is not connected', { type: 'image', mediaUrl: 'https://example.org/a.png' }, 'SESSION_NOT_CONNECTED'),
    send('a typing indicator by a session that is not connected', { type: 'typing_start' }, 'SESSION_NOT_CONNECTED'),
    send('a contact without a whole number', { type: 'contact', contact: { name: 'Bob', phone: '12' } }),
    post('whatsam send: an unknown session', '/api/no-such/send', { to: TO, ...text }, 'SESSION_NOT_FOUND'),
    post(
      'whatsam send: what is no message, by an unknown session',
      '/api/no-such/send',
      { to: TO, type: 'seen', messageId: 'a' },
      'SESSION_NOT_FOUND',
    ),
    send('a session that is not connected', text, 'SESSION_NOT_CONNECTED'),
  ];
};

const manageRows = (sessionId: string): BadRequest[] => {
  const good = { action: 'delete', messageId: '3EB0', phone: TO };
  const manage = (name: string, changes: Record<string, unknown>, code?: ErrorCode): BadRequest =>
    post(`whatsam manage: ${name}`, `/api/message/${sessionId}/manage`, { ...good, ...changes }, code);
  return [
    manage('no action', { action: undefined }),
    manage('an unknown action', { action: 'explode' }),
    manage('no messageId', { messageId: undefined }),
    manage('an empty messageId', { messageId: '' }),
    manage('a messageId of 101 characters', { messageId: 'm'.repeat(101) }),
    manage('a word as phone', { phone: 'mother' }),
    manage('an edit without content', { action: 'edit' }),
    manage('a reaction without emoji', { action: 'reaction' }),
    manage('a text as forEveryone', { forEveryone: 'yes' }),
    manage('a word as emoji', { action: 'reaction', emoji: 'ok' }),
    manage('a delete by a session that is not connected', {}, 'SESSION_NOT_CONNECTED'),
    post('whatsam manage: the path of another revision', `/api/messages/${sessionId}/manage`, good, 'SESSION_NOT_CONNECTED'),
    post('whatsam manage: an unknown session', '/api/messages/no-such/manage', good, 'SESSION_NOT_FOUND'),
  ];
};

const tokenRows = (sessionId: string): BadRequest[] =>
  [
    ['start', 'POST', '/api/sessions/start'],
    ['status', 'GET', `/api/sessions/${sessionId}/status`],
    ['delete', 'DELETE', `/api/sessions/${sessionId}`],
    ['send', 'POST', `/api/${sessionId}/send`],
    ['manage', 'POST', `/api/message/${sessionId}/manage`],
  ].map(([name = '', method = '', path = '']): BadRequest => ({
    name: `whatsam ${name}: no token`,
    request: { method, path, anonymous: true },
    code: 'UNAUTHORIZED',
  }));
