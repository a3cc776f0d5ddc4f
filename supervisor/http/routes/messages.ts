import type { Worker } from '../../worker.js';
import { sessionIdOf, type Endpoint } from '../endpoint.js';
import { sendData } from '../envelope.js';
import { messageJson } from '../message-json.js';
import { invalidRequest, PageQuery, parse, SendHeaders, SendMessage } from '../schemas.js';
import { iso } from '../session-json.js';

export const messageEndpoints = ({ sessions, messages }: Worker): Endpoint[] => [
  {
    method: 'post',
    path: '/session/:id/send',
    handle: async (request, response) => {
      const sessionId = sessionIdOf(request);
      const { to, type, message, clientMessageId } = parse(SendMessage, request.body ?? {});
      const { 'idempotency-key': header } = parse(SendHeaders, request.headers);
      const idempotencyKey = oneKey(header, clientMessageId ?? undefined);
      const sent = await messages.send({ sessionId, to, content: { type, text: message }, idempotencyKey });
      sendData(response, { messageId: sent.messageId, status: sent.status, timestamp: iso(sent.timestamp) });
    },
  },
  {
    method: 'get',
    path: '/session/:id/messages',
    handle: async (request, response) => {
      const sessionId = sessionIdOf(request);
      const range = parse(PageQuery, request.query);
      // A session without history and no session at all are different answers.
      sessions.get(sessionId);
      const page = await messages.page(sessionId, range);
      sendData(response, { messages: page.messages.map(messageJson), pagination: { total: page.total, ...range } });
    },
  },
];

const oneKey = (header: string | undefined, body: string | undefined): string | undefined => {
  if (header !== undefined && body !== undefined && header !== body) {
    throw invalidRequest([{ path: 'clientMessageId', message: 'clientMessageId and the Idempotency-Key header differ' }]);
  }
  return header ?? body;
};
