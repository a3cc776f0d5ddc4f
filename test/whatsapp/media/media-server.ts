import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FaultOf } from '../faults/fault.js';
import { LOOPBACK } from '../server/listener.js';
import type { Certificate } from '../wire/certificate-authority.js';
import type { World } from '../world.js';
import { bentStream, TransferCut, type Bend } from './bent-stream.js';
import { readByteRange } from './byte-range.js';
import { MediaRefused } from './media-store.js';

/** The media server in service. */
export interface MediaServer {
  readonly port: number;
  close(): Promise<void>;
}

type MediaFault = FaultOf<'media'>;

const KEEP_ALIVE_MS = 120_000;
const UPLOAD = /^\/mms\/([a-z-]+)\/([A-Za-z0-9_-]+)$/;
const PICTURE = /^\/pp\/([0-9]+)$/;

/** Serves uploads, downloads and profile pictures on loopback over TLS; port 0 takes a free one. */
export async function serveMedia(world: World, port: number, certificate: Certificate): Promise<MediaServer> {
  const server = createServer(certificate, (request, response) => {
    respond(world, request, response).catch((error: unknown) => fail(world, response, error));
  });
  server.on('tlsClientError', () => world.stats.count('media', 'untrusted'));
  // A slow transfer may take longer than Node grants one by default.
  server.requestTimeout = 0;
  // An idle connection that ends in the moment it is used again would look like a failed transfer.
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, LOOPBACK, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  world.media.host = `${LOOPBACK}:${bound}`;
  return {
    port: bound,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function respond(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', `https://${LOOPBACK}`);
  const upload = UPLOAD.exec(url.pathname);
  if (request.method === 'POST' && upload) return takeUpload(world, request, response, upload, url.searchParams);
  if (request.method !== 'GET' && request.method !== 'HEAD') throw new MediaRefused(405, 'uploads go to /mms');
  const picture = PICTURE.exec(url.pathname)?.[1];
  return picture === undefined ? giveFile(world, request, response, url.pathname) : givePicture(world, response, picture);
}

async function takeUpload(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
  [, kind = '', name = '']: RegExpExecArray,
  query: URLSearchParams,
): Promise<void> {
  const fault = world.faults.strike('media', ({ on, type }) => on === 'upload' && (type === undefined || type === kind));
  if (fault?.effect === 'status') {
    await drain(request);
    throw new MediaRefused(fault.status ?? 503, 'refused on command');
  }
  if (query.get('auth') !== world.media.auth) {
    await drain(request);
    throw new MediaRefused(401, 'that is not the auth of media_conn');
  }
  const source = bent(request as AsyncIterable<Buffer>, fault, response);
  // Bytes changed on their way would not pass for what their name says.
  const stored = await world.media.add(kind, source, fault?.effect === 'corrupt' ? undefined : name);
  world.stats.count('media', 'uploads');
  json(response, 200, { url: stored.url, direct_path: stored.directPath });
}

async function giveFile(world: World, request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
  const kind = path.split('/')[2];
  const fault = world.faults.strike('media', ({ on, type }) => on === 'download' && (type === undefined || type === kind));
  if (fault?.effect === 'status') throw new MediaRefused(fault.status ?? 410, 'refused on command');
  const file = await world.media.find(path);
  if (!file) throw new MediaRefused(404, 'there is no such file');
  const range = readByteRange(request.headers.range, file.length);
  if (!range) {
    response.setHeader('content-range', `bytes */${file.length}`);
    throw new MediaRefused(416, 'that part is not in the file');
  }
  const partial = range.start > 0 || range.end < file.length - 1;
  response.writeHead(partial ? 206 : 200, {
    'content-type': 'application/octet-stream',
    'content-length': range.end - range.start + 1,
    'accept-ranges': 'bytes',
    ...(partial && { 'content-range': `bytes ${range.start}-${range.end}/${file.length}` }),
  });
  if (request.method === 'HEAD') return void response.end();
  const bytes = createReadStream(file.path, range) as AsyncIterable<Buffer>;
  await pipeline(Readable.from(bent(bytes, fault, response), { objectMode: false }), response);
  world.stats.count('media', 'downloads');
}

function givePicture(world: World, response: ServerResponse, id: string): void {
  const owners = [...[...world.directory.all()].map(({ profile }) => profile), ...world.groups.all()];
  const picture = owners.map((owner) => owner.picture).find((candidate) => candidate?.id === id);
  if (!picture) throw new MediaRefused(404, 'there is no such picture');
  response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': picture.bytes.length }).end(picture.bytes);
}

function bent(source: AsyncIterable<Buffer>, fault: MediaFault | undefined, response: ServerResponse): AsyncIterable<Buffer> {
  if (!fault || fault.effect === 'status') return source;
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return bentStream(source, BENDS[fault.effect](fault), gone.signal);
}

const BENDS: Readonly<Record<Exclude<MediaFault['effect'], 'status'>, (fault: MediaFault) => Bend>> = {
  slow: ({ bytesPerSecond = 16_384 }) => ({ rate: bytesPerSecond }),
  cut: ({ afterBytes = 1_024 }) => ({ cutAfter: afterBytes }),
  corrupt: () => ({ corrupt: true }),
};

/** Takes the rest of a body that nobody wants, so that its sender gets to read the answer. */
async function drain(request: IncomingMessage): Promise<void> {
  for await (const piece of request as AsyncIterable<Buffer>) void piece;
}

function fail(world: World, response: ServerResponse, error: unknown): void {
  world.stats.count('media', error instanceof MediaRefused ? `refused ${error.status}` : 'broken off');
  if (error instanceof TransferCut || response.headersSent || response.destroyed) return void response.destroy();
  const refusal = error instanceof MediaRefused ? error : new MediaRefused(500, error instanceof Error ? error.message : String(error));
  response.setHeader('connection', 'close');
  json(response, refusal.status, { error: refusal.message });
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
