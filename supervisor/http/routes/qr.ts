import type { Request, Response } from 'express';
import { REASONS } from '../../../shared/domain/session.js';
import { AppError } from '../../../shared/errors.js';
import type { Qr, Worker } from '../../worker.js';
import { sessionIdOf, type Endpoint } from '../endpoint.js';
import { sendData } from '../envelope.js';
import { qrDataUrl, qrPng, qrSvg } from '../../qr-image.js';
import { parse, QrQuery, type QrFormat } from '../schemas.js';
import { iso } from '../session-json.js';

const ANSWERS: Record<QrFormat, (response: Response, sessionId: string, qr: Qr) => void | Promise<void>> = {
  json: (response, sessionId, { value, expiresAt, attempt }) => {
    sendData(response, { sessionId, qr: value, qrCode: qrDataUrl(value), expiresAt: iso(expiresAt), attempt });
  },
  png: (response, _sessionId, { value }) => {
    response.type('png').send(qrPng(value));
  },
  svg: async (response, _sessionId, { value }) => {
    response.type('svg').send(await qrSvg(value));
  },
  raw: (response, _sessionId, { value }) => {
    response.type('text/plain').send(value);
  },
};

export const qrEndpoints = ({ sessions }: Worker): Endpoint[] => [
  {
    method: 'get',
    path: '/session/:id/qr',
    handle: async (request, response) => {
      const sessionId = sessionIdOf(request);
      const format = formatOf(request);
      const { qr, status, reason } = sessions.get(sessionId);
      if (!qr) {
        throw new AppError('QR_NOT_AVAILABLE', `There is no QR code to scan now. ${REASONS[reason]}`, { details: { status, reason } });
      }
      response.vary('Accept');
      await ANSWERS[format](response, sessionId, qr);
    },
  },
];

/** The query wins over `Accept`, so that the address alone works in an `<img>`. */
const formatOf = (request: Request): QrFormat => {
  const { format } = parse(QrQuery, request.query);
  if (format) return format;
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
