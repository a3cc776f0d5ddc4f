// One HTTP request as bytes, so that a test can send what no client library would.
import { connect } from 'node:net';

export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export interface RequestParts {
  method: string;
  path: string;
  /** Added to Host, Connection and Content-Length, or instead of them. */
  headers?: Record<string, string>;
  body?: string | Buffer;
}

export const requestBytes = ({ method, path, headers = {}, body }: RequestParts): Buffer => {
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const all: Record<string, string> = { ...headers };
  if (!names.has('host')) all['Host'] = 'localhost';
  if (!names.has('connection')) all['Connection'] = 'close';
  if (body !== undefined && !names.has('content-length') && !names.has('transfer-encoding')) {
    all['Content-Length'] = String(Buffer.byteLength(body));
  }
  const lines = [`${method} ${path} HTTP/1.1`, ...Object.entries(all).map(([name, value]) => `${name}: ${value}`), '', ''];
  return Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), Buffer.from(body ?? '')]);
};

/** Resolves when the server closes the connection; rejects when it does not within `timeoutMs` or answered nothing readable. */
export const sendRaw = async (baseUrl: string, bytes: Buffer, timeoutMs = 60_000): Promise<RawAnswer> => {
  const { hostname, port } = new URL(baseUrl);
  const received = await new Promise<Buffer>((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(bytes));
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no end of the answer within ${timeoutMs} ms`)));
    socket.on('data', (chunk) => chunks.push(chunk));
    // A server that answers before it read everything may reset the connection afterwards; the answer still counts.
    socket.on('error', (error) => (chunks.length > 0 ? resolve(Buffer.concat(chunks)) : reject(error)));
    socket.on('close', () => resolve(Buffer.concat(chunks)));
  });
  return parseAnswer(received);
};

const parseAnswer = (bytes: Buffer): RawAnswer => {
  const end = bytes.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = bytes.subarray(0, Math.max(0, end)).toString('latin1').split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1]);
  if (!Number.isInteger(status)) throw new Error(`not an HTTP answer: ${JSON.stringify(bytes.subarray(0, 80).toString('latin1'))}`);
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()] as const),
  );
  return { status, headers, body: bytes.subarray(end + 4).toString('utf8') };
};
