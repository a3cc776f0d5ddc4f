// Wrong paths, methods, ids and queries.
import type { ErrorCode } from '../../shared/errors.js';
import type { BadRequest } from './bad-requests.js';

type Row = readonly [name: string, method: string, path: string, code: ErrorCode];

export const routeRows = (sessionId: string): BadRequest[] => {
  const own = `/session/${sessionId}`;
  const rows: Row[] = [
    ['the root', 'GET', '/', 'NOT_FOUND'],
    ['an unknown path', 'GET', '/nothing', 'NOT_FOUND'],
    ['an unknown path, posted', 'POST', '/nothing', 'NOT_FOUND'],
    ['a path of another version', 'GET', '/api/v1/sessions', 'NOT_FOUND'],
    ['a path in upper case', 'GET', '/SESSIONS', 'NOT_FOUND'],
    ['a doubled slash', 'GET', '//sessions', 'NOT_FOUND'],
    ['session without an id', 'GET', '/session', 'NOT_FOUND'],
    ['one segment too many', 'GET', `${own}/status/now`, 'NOT_FOUND'],
    ['the asterisk form', 'OPTIONS', '*', 'NOT_FOUND'],
    ['health by PUT', 'PUT', '/health', 'METHOD_NOT_ALLOWED'],
    ['health by POST', 'POST', '/health', 'METHOD_NOT_ALLOWED'],
    ['sessions by DELETE', 'DELETE', '/sessions', 'METHOD_NOT_ALLOWED'],
    ['sessions by OPTIONS', 'OPTIONS', '/sessions', 'METHOD_NOT_ALLOWED'],
    ['sessions by TRACE', 'TRACE', '/sessions', 'METHOD_NOT_ALLOWED'],
    ['create by GET', 'GET', '/session/create', 'METHOD_NOT_ALLOWED'],
    ['create by PATCH', 'PATCH', '/session/create', 'METHOD_NOT_ALLOWED'],
    ['a session by GET', 'GET', own, 'METHOD_NOT_ALLOWED'],
    ['connect by GET', 'GET', `${own}/connect`, 'METHOD_NOT_ALLOWED'],
    ['messages by POST', 'POST', `${own}/messages`, 'METHOD_NOT_ALLOWED'],
    ['status by PUT', 'PUT', `${own}/status`, 'METHOD_NOT_ALLOWED'],
    ['a cut percent-encoding in the id', 'GET', '/session/%E0%A4%A/status', 'INVALID_REQUEST'],
    ['a malformed percent-encoding in an unknown path', 'GET', '/%zz', 'INVALID_REQUEST'],
    ['an encoded NUL as id', 'GET', '/session/%00/status', 'INVALID_REQUEST'],
    ['an encoded slash in the id', 'GET', '/session/a%2Fb/status', 'INVALID_REQUEST'],
    ['dots as id', 'GET', '/session/../status', 'INVALID_REQUEST'],
    ['encoded dots as id', 'DELETE', '/session/%2e%2e', 'INVALID_REQUEST'],
    ['a blank in the id', 'POST', '/session/a%20b/connect', 'INVALID_REQUEST'],
    ['an emoji as id', 'GET', '/session/%F0%9F%98%80/status', 'INVALID_REQUEST'],
    ['an id of 101 characters', 'GET', `/session/${'a'.repeat(101)}/status`, 'INVALID_REQUEST'],
    ['an id with a line feed', 'GET', '/session/a%0Ab/status', 'INVALID_REQUEST'],
    ['__proto__ as id', 'GET', '/session/__proto__/status', 'SESSION_NOT_FOUND'],
    ['constructor as id', 'GET', '/session/constructor/messages', 'SESSION_NOT_FOUND'],
    ['dead reports by POST', 'POST', '/reports/dead', 'METHOD_NOT_ALLOWED'],
    ['replay by GET', 'GET', '/reports/replay', 'METHOD_NOT_ALLOWED'],
    ['dead reports without a limit', 'GET', '/reports/dead?limit=0', 'INVALID_REQUEST'],
    ['status of an unknown session', 'GET', '/session/no-such/status', 'SESSION_NOT_FOUND'],
    ['status of a session with the right prefix', 'GET', `${own.slice(0, -1)}/status`, 'SESSION_NOT_FOUND'],
    ['history of an unknown session', 'GET', '/session/no-such/messages', 'SESSION_NOT_FOUND'],
    ['QR of an unknown session', 'GET', '/session/no-such/qr', 'SESSION_NOT_FOUND'],
    ['delete of an unknown session', 'DELETE', '/session/no-such', 'SESSION_NOT_FOUND'],
    ['delete of a session called create', 'DELETE', '/session/create', 'SESSION_NOT_FOUND'],
    ['connect of an unknown session', 'POST', '/session/no-such/connect', 'SESSION_NOT_FOUND'],
    ['disconnect of an unknown session', 'POST', '/session/no-such/disconnect', 'SESSION_NOT_FOUND'],
    ['restart of an unknown session', 'POST', '/session/no-such/restart', 'SESSION_NOT_FOUND'],
    ['logout of an unknown session', 'POST', '/session/no-such/logout', 'SESSION_NOT_FOUND'],
    ['QR when there is none', 'GET', `${own}/qr`, 'QR_NOT_AVAILABLE'],
    ['an unknown QR format', 'GET', `${own}/qr?format=gif`, 'INVALID_REQUEST'],
    ['an empty QR format', 'GET', `${own}/qr?format=`, 'INVALID_REQUEST'],
    ['two QR formats', 'GET', `${own}/qr?format=png&format=svg`, 'INVALID_REQUEST'],
    ...['0', '501', '-1', '+5', '1.5', '1e2', '0x10', 'abc', '', '%zz', 'NaN', '99999999999999999999', '%20', '5%00'].map((limit): Row => [
      `limit=${limit}`,
      'GET',
      `${own}/messages?limit=${limit}`,
      'INVALID_REQUEST',
    ]),
    ...['-1', 'x', '1e9', '', '99999999999999999999'].map((offset): Row => [
      `offset=${offset}`,
      'GET',
      `${own}/messages?offset=${offset}`,
      'INVALID_REQUEST',
    ]),
    ...['after=-1', 'after=x', 'after=', 'after=99999999999999999999', 'limit=0', 'limit=501', 'createdAt=today', 'after=1&after=1'].map(
      (query): Row => [`events: ${query}`, 'GET', `${own}/events?${query}`, 'INVALID_REQUEST'],
    ),
    ['events of an unknown session', 'GET', '/session/no-such/events', 'SESSION_NOT_FOUND'],
    ['events after one that there is not', 'GET', `${own}/events?after=999999999`, 'EVENTS_GONE'],
    ['events by POST', 'POST', `${own}/events`, 'METHOD_NOT_ALLOWED'],
    ['limit given twice', 'GET', `${own}/messages?limit=5&limit=5`, 'INVALID_REQUEST'],
    ['an unknown key given twice', 'GET', '/sessions?a=1&a=2', 'INVALID_REQUEST'],
  ];
  return [
    ...rows.map(([name, method, path, code]): BadRequest => ({ name, request: { method, path }, code })),
    { name: 'a QR as sound', request: { method: 'GET', path: `${own}/qr`, headers: { Accept: 'audio/mpeg' } }, code: 'NOT_ACCEPTABLE' },
  ];
};
