import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { AppError } from '../../../shared/errors.js';
import type { MediaFile, Worker } from '../../worker.js';
import { byteRange } from '../byte-range.js';
import { ANSWERED, endpoint, type Endpoint } from '../endpoint.js';
import { fileBody, stagedFileOf } from '../file-body.js';
import { dispositionOf, harmlessType } from '../media-headers.js';
import { invalidRequest } from '../parse.js';
import { KeptFile, MediaPath, MediaQuery } from '../schemas/media.js';
import { SessionPath } from '../schemas/session.js';

/** Files that are being sent at once; each has one piece in memory and one open file. */
const AT_ONCE = 512;

export const mediaEndpoints = (worker: Worker): Endpoint[] => {
  let sending = 0;
  return [
    endpoint({
      ...{ method: 'get', path: '/session/:id/media/:messageId', tag: 'messages' },
      summary: 'The file of a message, whole or a range of it; downloaded from WhatsApp first when it is not here.',
      params: MediaPath,
      query: MediaQuery,
      data: z.never(),
      forms: { 'application/octet-stream': 'the file, under its own media type where that is harmless.' },
      errors: [
        ...(['SESSION_NOT_FOUND', 'MESSAGE_NOT_FOUND', 'MEDIA_NOT_FOUND', 'SESSION_NOT_CONNECTED', 'MEDIA_UNAVAILABLE'] as const),
        ...(['RANGE_NOT_SATISFIABLE', 'BUSY', 'STORAGE_UNAVAILABLE', 'DEADLINE_EXCEEDED'] as const),
      ],
      examples: { received: { params: { id: 'alice', messageId: 'ACABA167907F0EE7C11866CEED3E7336' } } },
      handle: async ({ params: { id, messageId }, query: { from } }, { request, response }): Promise<typeof ANSWERED> => {
        if (sending >= AT_ONCE)
          throw new AppError('BUSY', 'Too many files are being sent; try again in a moment.', { retryAfterSeconds: 1 });
        sending++;
        const gone = new AbortController();
        response.once('close', () => gone.abort());
        try {
          const file = await worker.media.file(id, { messageId, from }, gone.signal);
          await send(file, request, response).finally(file.release);
        } finally {
          sending--;
        }
        return ANSWERED;
      },
    }),
    endpoint({
      ...{ method: 'post', path: '/session/:id/media', tag: 'send' },
      summary: 'Keeps a file, to be sent by its mediaKey as often as wanted.',
      params: SessionPath,
      readers: [fileBody(worker)],
      bodyForms: { '*/*': 'the file, with its Content-Type.', 'multipart/form-data': 'a form with one file.' },
      data: KeptFile,
      errors: ['SESSION_NOT_FOUND', 'STORAGE_UNAVAILABLE', 'DRAINING'],
      examples: {
        picture: {
          params: { id: 'alice' },
          data: {
            mediaKey: 'media/alice/images/5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef',
            mimetype: 'image/png',
            bytes: 8452,
            sha256: '5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef',
          },
        },
      },
      handle: async ({ params: { id } }, { request }) => {
        const staged = stagedFileOf(request);
        if (!staged || staged.bytes === 0) throw invalidRequest([{ path: '', message: 'the file is empty' }]);
        const { key, mimetype, bytes, sha256 } = await worker.media.keep(id, staged);
        return { mediaKey: key, mimetype, bytes, sha256 };
      },
    }),
  ];
};

const send = async (file: MediaFile, request: Request, response: Response): Promise<void> => {
  const etag = `"${file.sha256}"`;
  response.set({
    ETag: etag,
    'Accept-Ranges': 'bytes',
    // Its content never changes, but who may read it can.
    'Cache-Control': 'private, no-cache',
    // Whatever the file is, a browser is to save it and to run nothing of it.
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Content-Disposition': dispositionOf(file),
    'Content-Type': harmlessType(file.mimetype),
  });
  if (names(request.headers['if-none-match'], etag)) {
    response.status(304).end();
    return;
  }
  const ifRange = request.headers['if-range'];
  const asked = ifRange === undefined || ifRange === etag ? request.headers.range : undefined;
  const range = byteRange(asked, file.bytes);
  if (range === 'unsatisfiable') {
    for (const name of ['ETag', 'Content-Disposition', 'Content-Type', 'Cache-Control']) response.removeHeader(name);
    response.set({ 'Content-Range': `bytes */${file.bytes}`, 'Cache-Control': 'no-store' });
    throw new AppError('RANGE_NOT_SATISFIABLE', `The file has ${file.bytes} bytes; ask for one range of them.`);
  }
  if (range) response.status(206).set('Content-Range', `bytes ${range.start}-${range.end}/${file.bytes}`);
  response.set('Content-Length', String(range ? range.end - range.start + 1 : file.bytes));
  if (request.method === 'HEAD' || file.bytes === 0) {
    response.end();
    return;
  }
  // A client that went away is no failure of ours, and has nobody to tell.
  await pipeline(createReadStream(file.path, range), response).catch((error: unknown) => {
    if (!response.destroyed && !response.closed) throw error;
  });
};

const names = (header: string | undefined, etag: string): boolean =>
  header !== undefined && (header.trim() === '*' || header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag));
