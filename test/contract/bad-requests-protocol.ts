// Bytes that are not quite HTTP; no token gets that far, so none is sent.
import type { ErrorCode } from '../../shared/errors.js';
import type { BadRequest } from './bad-requests.js';

const row = (name: string, bytes: string | Buffer, code: ErrorCode = 'INVALID_REQUEST'): BadRequest => ({
  name: `protocol: ${name}`,
  request: Buffer.from(bytes),
  code,
});

const head = (...lines: string[]): string => [...lines, '', ''].join('\r\n');
const CREATE = 'POST /session/create HTTP/1.1';
const HOST = 'Host: localhost';

export const protocolRows = (): BadRequest[] => [
  row('a word', 'hello\r\n\r\n'),
  row('a method in lower case', head('get /health HTTP/1.1', HOST)),
  row('an unknown method', head('FETCH /health HTTP/1.1', HOST)),
  row('no path', head('GET', HOST)),
  row('an unknown version', head('GET /health HTTP/9.9', HOST)),
  row('the start of a TLS connection', Buffer.from('16030100c8010000c40303', 'hex')),
  row('a blank before the colon', head('GET /health HTTP/1.1', 'Host : localhost')),
  row('a line that is no header', head('GET /health HTTP/1.1', HOST, 'nonsense')),
  row('a NUL in a header', head('GET /health HTTP/1.1', HOST, 'X-A: \0')),
  row('a length that is no number', head(CREATE, HOST, 'Content-Length: many')),
  row('a negative length', head(CREATE, HOST, 'Content-Length: -1')),
  row('two lengths', head(CREATE, HOST, 'Content-Length: 1', 'Content-Length: 2')),
  row('a length and chunks', head(CREATE, HOST, 'Content-Length: 5', 'Transfer-Encoding: chunked')),
  row('headers of 40 kB', head('GET /health HTTP/1.1', HOST, `X-A: ${'a'.repeat(40_000)}`), 'PAYLOAD_TOO_LARGE'),
  row('a path of 40 kB', head(`GET /${'a'.repeat(40_000)} HTTP/1.1`, HOST), 'PAYLOAD_TOO_LARGE'),
];
