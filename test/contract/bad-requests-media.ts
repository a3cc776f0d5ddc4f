// Wrong messages with files, and wrong uploads.
import type { ErrorCode } from '../../shared/errors.js';
import { post } from './bad-requests-body.js';
import type { BadRequest } from './bad-requests.js';

const TO = '6281234567890';
const URL_OF_NOTHING = 'https://example.org/a.png';
const FORM = { 'Content-Type': 'multipart/form-data; boundary=edge' };
const FIELDS =
  'Content-Disposition: form-data; name="type"\r\n\r\nimage\r\n--edge\r\nContent-Disposition: form-data; name="to"\r\n\r\n6281234567890';
const FILE = 'Content-Disposition: form-data; name="file"; filename="a.png"\r\n\r\nbytes';

const form = (...parts: string[]): string => `${parts.map((part) => `--edge\r\n${part}\r\n`).join('')}--edge--\r\n`;

export const mediaRows = (sessionId: string): BadRequest[] => [...sendRows(sessionId), ...uploadRows(sessionId)];

const sendRows = (sessionId: string): BadRequest[] => {
  const path = `/session/${sessionId}/send`;
  const image = (name: string, fields: Record<string, unknown>, code?: ErrorCode): BadRequest =>
    post(`image: ${name}`, path, { to: TO, type: 'image', ...fields }, code);
  const inForm = (name: string, body: string, code: ErrorCode = 'INVALID_REQUEST', headers: Record<string, string> = FORM): BadRequest =>
    post(`form: ${name}`, path, body, code, headers);
  return [
    image('no file', {}),
    image('two sources', { mediaUrl: URL_OF_NOTHING, media: 'AAAA' }),
    image('a URL of a file', { mediaUrl: 'file:///etc/passwd' }),
    image('a URL of data', { mediaUrl: 'data:image/png;base64,AAAA' }),
    image('a URL with a password', { mediaUrl: 'https://a:b@example.org/a.png' }),
    image('a URL without a host', { mediaUrl: 'https://' }),
    image('half a URL', { mediaUrl: '/a.png' }),
    image('a URL of 3000 characters', { mediaUrl: `${URL_OF_NOTHING}?${'a'.repeat(3_000)}` }),
    image('a number as URL', { mediaUrl: 1 }),
    image('what is no base64', { media: '%%%' }),
    image('an empty file', { media: '' }),
    image('a file as a list', { media: [1, 2, 3] }),
    image('a key that is no text', { mediaKey: { session: 'alice' } }),
    image('a word as viewOnce', { mediaUrl: URL_OF_NOTHING, viewOnce: 'yes' }),
    image('a caption of 65 537 characters', { mediaUrl: URL_OF_NOTHING, caption: 'a'.repeat(65_537) }),
    image('half a surrogate pair as caption', { mediaUrl: URL_OF_NOTHING, caption: 'a\ud800' }),
    image('a group as mentioned', { mediaUrl: URL_OF_NOTHING, mentions: ['120363000000000000@g.us'] }),
    image('nothing as quoted', { mediaUrl: URL_OF_NOTHING, quoted: '' }),
    image('9 MB in base64', { media: 'A'.repeat(9_000_000) }, 'PAYLOAD_TOO_LARGE'),
    image('from a URL, by a session that is not connected', { mediaUrl: URL_OF_NOTHING }, 'SESSION_NOT_CONNECTED'),
    inForm('without boundary', form(FIELDS, FILE), 'INVALID_REQUEST', { 'Content-Type': 'multipart/form-data' }),
    inForm('that is none', 'hello'),
    inForm('that is cut', form(FIELDS, FILE).slice(0, -9)),
    inForm('without a file', form(FIELDS)),
    inForm('with two files', form(FIELDS, FILE, FILE)),
    inForm('with a field twice', form(FIELDS, FIELDS, FILE)),
    inForm('compressed', form(FIELDS, FILE), 'UNSUPPORTED_MEDIA_TYPE', { ...FORM, 'Content-Encoding': 'gzip' }),
    inForm('by a session that is not connected', form(FIELDS, FILE), 'SESSION_NOT_CONNECTED'),
    post('form: an unknown session', '/session/no-such/send', form(FIELDS, FILE), 'SESSION_NOT_FOUND', FORM),
  ];
};

const uploadRows = (sessionId: string): BadRequest[] => {
  const path = `/session/${sessionId}/media`;
  const upload = (name: string, body: string, code: ErrorCode, headers: Record<string, string> = {}, to = path): BadRequest =>
    post(`upload: ${name}`, to, body, code, { 'Content-Type': 'image/png', ...headers });
  return [
    { name: 'upload: no body', request: { method: 'POST', path }, code: 'INVALID_REQUEST' },
    { name: 'upload: by PUT', request: { method: 'PUT', path, body: 'x' }, code: 'METHOD_NOT_ALLOWED' },
    { name: 'upload: by GET', request: { method: 'GET', path }, code: 'METHOD_NOT_ALLOWED' },
    upload('an empty body', '', 'INVALID_REQUEST'),
    upload('nothing in chunks', '0\r\n\r\n', 'INVALID_REQUEST', { 'Transfer-Encoding': 'chunked' }),
    upload('a form without a file', form(FIELDS), 'INVALID_REQUEST', FORM),
    upload('a form of two files', form(FILE, FILE), 'INVALID_REQUEST', FORM),
    upload('a form that is none', 'hello', 'INVALID_REQUEST', FORM),
    upload('compressed', 'x', 'UNSUPPORTED_MEDIA_TYPE', { 'Content-Encoding': 'gzip' }),
    upload('3 GiB announced', 'x', 'PAYLOAD_TOO_LARGE', { 'Content-Length': String(3 * 1024 ** 3) }),
    upload('an unknown session', 'x', 'SESSION_NOT_FOUND', {}, '/session/no-such/media'),
  ];
};
