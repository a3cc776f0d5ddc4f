import type { Worker } from '../../worker.js';
import { endpoint, type Endpoint } from '../endpoint.js';
import { jsonOrForm, stagedFileOf } from '../file-body.js';
import { invalidRequest } from '../parse.js';
import { isAsynchronous, PREFERENCE } from '../preference.js';
import { queuedJson } from '../queue-json.js';
import { SendAnswer, SendHeaders, SendMessage } from '../schemas/send.js';
import { SessionPath } from '../schemas/session.js';
import { iso } from '../session-json.js';
import { FILE_ERRORS, readyContent } from './media-content.js';

export const sendEndpoints = (worker: Worker): Endpoint[] => [
  endpoint({
    ...{ method: 'post', path: '/session/:id/send', tag: 'send' },
    summary: 'Sends a message, and answers when WhatsApp has acknowledged it, or when it is sure to be sent.',
    params: SessionPath,
    headers: SendHeaders,
    body: SendMessage,
    readers: jsonOrForm(worker),
    bodyForms: { 'multipart/form-data': 'the same fields, and the file of the message.' },
    data: SendAnswer,
    accepted: 'The message is kept and sent in its turn; events and history tell the outcome.',
    errors: [
      ...(['SESSION_NOT_FOUND', 'SESSION_NOT_CONNECTED', 'SESSION_LOGGED_OUT', 'IDEMPOTENCY_CONFLICT', 'MESSAGE_REJECTED'] as const),
      ...(['MESSAGE_NOT_FOUND', 'NOT_YOUR_MESSAGE', 'NOT_SUPPORTED'] as const),
      ...FILE_ERRORS,
      ...(['RECIPIENT_NOT_ON_WHATSAPP', 'OUTCOME_UNKNOWN', 'DEADLINE_EXCEEDED', 'BUSY', 'DRAINING', 'STORAGE_UNAVAILABLE'] as const),
      ...(['RATE_LIMITED', 'QUEUE_FULL', 'SEND_CANCELLED', 'GROUP_NOT_FOUND', 'NOT_GROUP_MEMBER', 'NOT_GROUP_ADMIN'] as const),
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
      queued: {
        params: { id: 'alice' },
        headers: { prefer: 'respond-async' },
        body: { to: '6281200000002', type: 'text', message: 'Your order is on its way.' },
        data: { messageId: '3EB0B4D1E0C3A96F27C5D8', status: 'queued', position: 3, estimatedAt: '2026-11-22T16:19:19.000Z' },
      },
      reaction: {
        params: { id: 'alice' },
        body: { to: '6281200000002', type: 'reaction', messageId: '3A5C1E0F7B2D9468AC13', emoji: '👍' },
      },
      edit: {
        params: { id: 'alice' },
        body: { to: '6281200000002', type: 'edit', messageId: '3EB008A2FED8F031B81973', message: 'Your order is on its way.' },
      },
      delete: { params: { id: 'alice' }, body: { to: '6281200000002', type: 'delete', messageId: '3EB008A2FED8F031B81973' } },
      pin: {
        params: { id: 'alice' },
        body: { to: '120363000000000000@g.us', type: 'pin', messageId: '3EB008A2FED8F031B81973', seconds: 86_400 },
      },
      unpin: { params: { id: 'alice' }, body: { to: '120363000000000000@g.us', type: 'unpin', messageId: '3EB008A2FED8F031B81973' } },
      forward: { params: { id: 'alice' }, body: { to: '6281200000003', type: 'forward', messageId: '3A5C1E0F7B2D9468AC13' } },
    },
    handle: async ({ params: { id: sessionId }, headers, body: { to, content: asked, clientMessageId, async } }, { request, response }) => {
      const idempotencyKey = oneKey(headers['idempotency-key'], clientMessageId ?? undefined);
      const wanted = { sessionId, to, ...readyContent(worker, sessionId, asked, stagedFileOf(request)), idempotencyKey };
      const preferred = isAsynchronous(headers.prefer);
      const sent = (async ?? preferred) ? await worker.messages.enqueue(wanted) : await worker.messages.send(wanted);
      if ('timestamp' in sent) return { messageId: sent.messageId, status: sent.status, timestamp: iso(sent.timestamp) };
      if (preferred) response.setHeader('Preference-Applied', PREFERENCE);
      response.status(202);
      const { status, position, estimatedAt } = queuedJson(sent);
      return { messageId: sent.messageId, status, position, estimatedAt };
    },
  }),
];

const oneKey = (header: string | undefined, body: string | undefined): string | undefined => {
  if (header !== undefined && body !== undefined && header !== body) {
    throw invalidRequest([{ path: 'clientMessageId', message: 'clientMessageId and the Idempotency-Key header differ' }]);
  }
  return header ?? body;
};
