// Requests without the right token; nothing else about them may matter.
import type { BadRequest } from './bad-requests.js';
import type { RequestParts } from './raw-request.js';

const JSON_TYPE = { 'Content-Type': 'application/json' };

export const authRows = (token: string): BadRequest[] => {
  const row = (name: string, parts: Partial<RequestParts>): BadRequest => ({
    name: `token: ${name}`,
    request: { method: 'GET', path: '/sessions', ...parts, anonymous: true },
    code: 'UNAUTHORIZED',
  });
  const as = (name: string, authorization: string): BadRequest => row(name, { headers: { Authorization: authorization } });
  return [
    row('none', {}),
    as('another', 'Bearer wrong'),
    as('its beginning', `Bearer ${token.slice(0, -1)}`),
    as('one character more', `Bearer ${token}x`),
    as('in other case', `Bearer ${swapCase(token)}`),
    as('without a scheme', token),
    as('an empty bearer', 'Bearer'),
    as('as basic', `Basic ${Buffer.from(`worker:${token}`).toString('base64')}`),
    as('twice', `Bearer ${token} ${token}`),
    row('in the query', { path: `/sessions?token=${encodeURIComponent(token)}` }),
    row('none, unknown path', { path: '/nothing' }),
    row('none, wrong method', { method: 'PUT' }),
    row('none, path around the health check', { path: '/health/../sessions' }),
    row('none, doubled slash before the health check', { path: '//health' }),
    row('none, malformed path', { path: '/%zz' }),
    row('none, broken JSON', { method: 'POST', path: '/session/create', headers: JSON_TYPE, body: '{' }),
    row('none, wrong content type', { method: 'POST', path: '/session/create', headers: { 'Content-Type': 'text/plain' }, body: 'x' }),
    row('none, 2 MB announced', { method: 'POST', path: '/session/create', headers: { ...JSON_TYPE, 'Content-Length': '2000000' } }),
    row('none, no Host', { headers: { Host: '' } }),
  ];
};

const swapCase = (text: string): string => {
  const swapped = [...text].map((letter) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase())).join('');
  // A token without letters has no other case.
  return swapped === text ? `${text}X` : swapped;
};
