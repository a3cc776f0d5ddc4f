import type { Request, Response } from 'express';
import { REASONS } from '../../../shared/domain/session.js';
import { AppError } from '../../../shared/errors.js';
import type { Qr, Worker } from '../../worker.js';
import { ANSWERED, endpoint, type Endpoint } from '../endpoint.js';
import { qrDataUrl, qrPng, qrSvg } from '../../qr-image.js';
import { QrAnswer, QrQuery, SessionPath, type QrFormat } from '../schemas/session.js';
import { iso } from '../session-json.js';

/** Beside JSON. */
const PICTURES: Record<Exclude<QrFormat, 'json'>, (response: Response, qr: Qr) => void | Promise<void>> = {
  png: (response, { value }) => {
    response.type('png').send(qrPng(value));
  },
  svg: async (response, { value }) => {
    response.type('svg').send(await qrSvg(value));
  },
  raw: (response, { value }) => {
    response.type('text/plain').send(value);
  },
};

export const qrEndpoints = ({ sessions }: Worker): Endpoint[] => [
  endpoint({
    ...{ method: 'get', path: '/session/:id/qr', tag: 'sessions' },
    summary: 'The QR code to scan now, in the form that `format` or the Accept header says.',
    params: SessionPath,
    query: QrQuery,
    data: QrAnswer,
    forms: { 'image/png': 'a picture.', 'image/svg+xml': 'a drawing.', 'text/plain': 'the text to draw.' },
    errors: ['SESSION_NOT_FOUND', 'QR_NOT_AVAILABLE', 'NOT_ACCEPTABLE', 'STORAGE_UNAVAILABLE'],
    examples: {
      json: {
        params: { id: 'alice' },
        query: { format: 'json' },
        data: {
          ...{ sessionId: 'alice', qr: 'https://wa.me/settings/linked_devices#2@opTDDAsNFbT_d3XG…,1', attempt: 1 },
          ...{ qrCode: 'data:image/png;base64,iVBORw0KGgo…', expiresAt: '2026-11-22T16:19:43.979Z' },
        },
      },
    },
    handle: async ({ params: { id: sessionId }, query }, { request, response }) => {
      const format = query.format ?? acceptedFormat(request);
      const { qr, status, reason } = sessions.get(sessionId);
      if (!qr) {
        throw new AppError('QR_NOT_AVAILABLE', `There is no QR code to scan now. ${REASONS[reason]}`, { details: { status, reason } });
      }
      response.vary('Accept');
      if (format === 'json') {
        const { value, expiresAt, attempt } = qr;
        return { sessionId, qr: value, qrCode: qrDataUrl(value), expiresAt: iso(expiresAt), attempt };
      }
      await PICTURES[format](response, qr);
      return ANSWERED;
    },
  }),
];

/** Asked when the query does not say it, so that the address alone works in an `<img>`. @throws NOT_ACCEPTABLE */
const acceptedFormat = (request: Request): QrFormat => {
  switch (request.accepts(['application/json', 'image/png', 'image/svg+xml', 'text/plain'])) {
    case 'application/json':
      return 'json';
    case 'image/png':
      return 'png';
    case 'image/svg+xml':
      return 'svg';
    case 'text/plain':
      return 'raw';
    default:
      throw new AppError('NOT_ACCEPTABLE', 'A QR code comes as application/json, image/png, image/svg+xml or text/plain.');
  }
};
