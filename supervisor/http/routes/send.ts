import type { Worker } from '../../worker.js';
import { endpoint, type Endpoint } from '../endpoint.js';
import { jsonOrForm, stagedFileOf } from '../file-body.js';
import { invalidRequest } from '../parse.js';
import { readyContent } from './media-content.js';
import { SendHeaders, SendMessage, SentMessage } from '../schemas/send.js';
import { SessionPath } from '../schemas/session.js';
import { iso } from '../session-json.js';

export const sendEndpoints = (worker: Worker): Endpoint[] => [
  endpoint({
    ...{ method: 'post', path: '/session/:id/send', tag: 'send' },
    summary: 'Sends a message, and answers when WhatsApp has acknowledged it.',
    params: SessionPath,
    headers: SendHeaders,
    body: SendMessage,
    readers: jsonOrForm(worker),
    bodyForms: { 'multipart/form-data': 'the same fields, and the file of the message.' },
    data: SentMessage,
    errors: [
      ...(['SESSION_NOT_FOUND', 'SESSION_NOT_CONNECTED', 'SESSION_LOGGED_OUT', 'IDEMPOTENCY_CONFLICT', 'MESSAGE_REJECTED'] as const),
      ...(['MEDIA_NOT_FOUND', 'UNSUPPORTED_MEDIA', 'MEDIA_URL_REFUSED', 'MEDIA_FETCH_FAILED', 'STORAGE_CORRUPT'] as const),
      ...(['RECIPIENT_NOT_ON_WHATSAPP', 'OUTCOME_UNKNOWN', 'DEADLINE_EXCEEDED', 'BUSY', 'DRAINING', 'STORAGE_UNAVAILABLE'] as const),
    ],
    examples: {
      text: {
        params: { id: 'alice' },
        headers: { 'idempotency-key': 'order-1042' },
        body: { to: '6281200000002', type: 'text', message: 'Your order is ready.' },
        data: { messageId: '3EB008A2FED8F031B81973', status: 'sent', timestamp: '2026-11-22T16:19:13.000Z' },
      },
      image: {
        params: { id: 'alice' },
        body: { to: '6281200000002', type: 'image', mediaUrl: 'https://example.com/menu.jpg', caption: 'Today' },
      },
      document: {
        params: { id: 'alice' },
        body: {
          ...{ to: '6281200000002', type: 'document', fileName: 'invoice.pdf' },
          mediaKey: 'media/alice/documents/5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef',
        },
      },
      location: {
        params: { id: 'alice' },
        body: { to: '6281200000002', type: 'location', latitude: -6.1754, longitude: 106.8272, name: 'Monas' },
      },
      contacts: {
        params: { id: 'alice' },
        body: { to: '6281200000002', type: 'contacts', contacts: [{ name: 'Anna', phones: ['+6281234567890'] }] },
      },
      poll: {
        params: { id: 'alice' },
        body: { to: '120363000000000000@g.us', type: 'poll', question: 'Lunch?', options: ['rice', 'noodles'], selectable: 1 },
      },
    },
    handle: async ({ params: { id: sessionId }, headers, body: { to, content: asked, clientMessageId } }, { request }) => {
      const idempotencyKey = oneKey(headers['idempotency-key'], clientMessageId ?? undefined);
      const content = readyContent(worker, sessionId, asked, stagedFileOf(request));
      const { messageId, status, timestamp } = await worker.messages.send({ sessionId, to, content, idempotencyKey });
      return { messageId, status, timestamp: iso(timestamp) };
    },
  }),
];

const oneKey = (header: string | undefined, body: string | undefined): string | undefined => {
  if (header !== undefined && body !== undefined && header !== body) {
    throw invalidRequest([{ path: 'clientMessageId', message: 'clientMessageId and the Idempotency-Key header differ' }]);
  }
  return header ?? body;
};
