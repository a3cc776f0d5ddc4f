// Requests that bring a file: it is on disk, and belongs to nobody yet, when the handler is called.
import type { IncomingMessage } from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import { AppError } from '../../shared/errors.js';
import type { StagedUpload } from '../media/media-intake.js';
import { isSendableType } from '../media/sendable.js';
import type { Worker } from '../worker.js';
import { awaitFile } from './arrival.js';
import { askForBody, hasBody, jsonBodyWithFile } from './json-body.js';
import { readForm } from './multipart.js';
import { invalidRequest, parse } from './parse.js';
import { SessionPath } from './schemas/session.js';

type Port = Pick<Worker, 'sessions' | 'media'>;

const FORM = /^multipart\/form-data\s*(;|$)/i;
/** Of a form, where everything comes as text. */
const FLAGS = new Set(['viewOnce', 'gifPlayback', 'note', 'async']);
const LISTS = new Set(['mentions']);

const staged = new WeakMap<IncomingMessage, StagedUpload>();

/** The file that came with the request. */
export const stagedFileOf = (request: IncomingMessage): StagedUpload | undefined => staged.get(request);

/** For JSON of up to 8 MiB, or a form whose fields are the body and whose file is the one that the message brings. */
export const jsonOrForm = (port: Port): RequestHandler[] => [
  ...jsonBodyWithFile.map((reader): RequestHandler => (request, response, next) => {
    if (!isForm(request)) return reader(request, response, next);
    next();
    return undefined;
  }),
  async (request, response, next) => {
    if (isForm(request)) request.body = await takeForm(port, request, response);
    next();
  },
];

/** For a file alone: the body itself, or the one file of a form. */
export const fileBody = (port: Port): RequestHandler => {
  return async (request, response, next) => {
    if (isForm(request)) await takeForm(port, request, response);
    else {
      const sessionId = expectFile(port, request, response);
      const bytes = contentLength(request);
      const coming = { bytes, mimetype: request.get('content-type'), fileName: undefined };
      own(port, request, response, await port.media.stage(sessionId, bodyOf(request), port.media.limitOf(), coming));
    }
    if (!staged.has(request)) throw invalidRequest([{ path: '', message: 'the form has no file' }]);
    next();
  };
};

const isForm = (request: Request): boolean => hasBody(request) && FORM.test(request.headers['content-type'] ?? '');

const takeForm = async (port: Port, request: Request, response: Response): Promise<Record<string, unknown>> => {
  const sessionId = expectFile(port, request, response);
  const { fields, file } = await readForm(
    request,
    async (bytes, part, before) =>
      port.media.stage(sessionId, bytes, port.media.limitOf(isSendableType(before['type']) ? before['type'] : undefined), part),
    async (dropped) => port.media.discard(dropped),
  );
  if (file) own(port, request, response, file);
  return Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, valueOf(name, text)]));
};

/** What can be refused is refused before the bytes come. @returns the session they are for */
const expectFile = ({ sessions }: Port, request: Request, response: Response): string => {
  const { id } = parse(SessionPath, request.params);
  sessions.get(id);
  if (!hasBody(request)) throw invalidRequest([{ path: '', message: 'the body with the file is missing' }]);
  if ((request.get('content-encoding') ?? 'identity') !== 'identity') {
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'Send the file uncompressed, without Content-Encoding.');
  }
  awaitFile(request);
  askForBody(request, response);
  return id;
};

const own = ({ media }: Port, request: Request, response: Response, file: StagedUpload): void => {
  staged.set(request, file);
  // Nothing is there any more when it was kept.
  const discard = (): void => void media.discard(file);
  if (response.closed) discard();
  else response.once('close', discard);
};

/** Read in part only, it leaves the connection to the answer. @throws INVALID_REQUEST when it is broken off */
async function* bodyOf(request: Request): AsyncGenerator<Buffer> {
  try {
    yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  } catch {
    throw invalidRequest([{ path: '', message: 'the body was broken off' }]);
  }
}

const contentLength = (request: Request): number | undefined => {
  const length = request.get('content-length');
  return length === undefined ? undefined : Number(length);
};

const valueOf = (name: string, text: string): unknown => {
  if (FLAGS.has(name) && (text === 'true' || text === 'false')) return text === 'true';
  if (LISTS.has(name))
    return text
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean);
  return text;
};
