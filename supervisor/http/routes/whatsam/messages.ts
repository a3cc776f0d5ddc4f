import type { Response } from 'express';
import { z } from 'zod';
import { messageOf, type ErrorCode } from '../../../../shared/errors.js';
import type { Logger } from '../../../../shared/logging.js';
import { fingerprintOf } from '../../../messages/send-rules.js';
import { newUntoldKey } from '../../../messages/untold-sends.js';
import type { Worker } from '../../../worker.js';
import { endpoint, type Endpoint } from '../../endpoint.js';
import { jsonBodyWithFile } from '../../json-body.js';
import { Time } from '../../schemas/fields.js';
import { SendHeaders } from '../../schemas/send.js';
import { SessionPath } from '../../schemas/session.js';
import { iso } from '../../session-json.js';
import { FILE_ERRORS, readyContent } from '../media-content.js';
import { ManageMessage, SendBody } from './bodies.js';
import { RepeatedSends, WINDOW_MS, type Earlier, type Try } from './repeated-sends.js';
import { manageWish, sendWish, type Asked } from './wishes.js';

const Sent = z.object({ messageId: z.string(), status: z.string(), to: z.string(), timestamp: Time });
const Managed = Sent.extend({ action: z.string() });
const SEND_ERRORS = [
  ...(['SESSION_NOT_FOUND', 'SESSION_NOT_CONNECTED', 'SESSION_LOGGED_OUT', 'IDEMPOTENCY_CONFLICT', 'MESSAGE_REJECTED'] as const),
  ...(['RECIPIENT_NOT_ON_WHATSAPP', 'DEADLINE_EXCEEDED', 'BUSY', 'DRAINING', 'STORAGE_UNAVAILABLE'] as const),
] satisfies ErrorCode[];

export const whatsamMessageEndpoints = (worker: Worker, log: Logger): Endpoint[] => {
  const { sessions, messages, chats } = worker;
  const repeated = new RepeatedSends(newUntoldKey, { earlier: earlier(messages) });
  const settle = (sessionId: string, attempt: Try, told: boolean): void => {
    attempt.settle(told);
    if (!told) return;
    messages.told(sessionId, attempt.key).catch((error: unknown) => {
      // It only stays longer than needed.
      log.debug({ sessionId, cause: messageOf(error) }, 'a key of an answered send could not be forgotten');
    });
  };
  /** Once, however often the gateway asks for it. */
  const send = async (
    sessionId: string,
    { to, content }: Asked,
    given: string | undefined,
    response: Response,
  ): Promise<z.input<typeof Sent>> => {
    const wanted = { sessionId, to, ...readyContent(worker, sessionId, content) };
    const attempt = given === undefined ? repeated.begin(identityOf(sessionId, fingerprintOf(wanted)), performance.now()) : undefined;
    response.once('close', () => {
      if (attempt) settle(sessionId, attempt, response.writableFinished && response.statusCode < 500);
    });
    const { messageId, status, timestamp } = await messages.send({ ...wanted, idempotencyKey: given ?? attempt?.key });
    return { messageId, status: status.toUpperCase(), to, timestamp: iso(timestamp) };
  };
  return [
    endpoint({
      ...{ method: 'post', path: '/api/:id/send', tag: 'whatsam', envelope: 'twice' },
      summary: 'Sends a message of a whatsam gateway.',
      params: SessionPath,
      headers: SendHeaders,
      body: SendBody,
      readers: jsonBodyWithFile,
      data: Sent,
      errors: [...SEND_ERRORS, ...FILE_ERRORS],
      examples: {
        text: {
          params: { id: 'alice' },
          body: { type: 'text', to: '6281200000002', message: 'Your order is ready.' },
          data: {
            ...{ messageId: '3EB008A2FED8F031B81973', status: 'SENT' },
            ...{ to: '6281200000002@s.whatsapp.net', timestamp: '2026-11-22T16:19:13.000Z' },
          },
        },
      },
      handle: async ({ params: { id: sessionId }, headers: { 'idempotency-key': given }, body }, { response }) => {
        const { to } = body;
        const wish = sendWish(body);
        // A session that is gone is the more useful answer.
        sessions.get(sessionId);
        if (typeof wish !== 'function') return send(sessionId, wish, given, response);
        const messageId = await wish(chats, sessionId);
        return { messageId, status: 'SENT', to, timestamp: iso(Date.now()) };
      },
    }),
    // The path changed between revisions.
    ...['/api/message/:id/manage', '/api/messages/:id/manage'].map((path) =>
      endpoint({
        ...{ method: 'post', path, tag: 'whatsam' },
        summary: 'Acts on a message.',
        params: SessionPath,
        headers: SendHeaders,
        body: ManageMessage,
        data: Managed,
        errors: [...SEND_ERRORS, 'NOT_SUPPORTED', 'MESSAGE_NOT_FOUND', 'NOT_YOUR_MESSAGE', 'PAYLOAD_TOO_LARGE'],
        examples: {
          edit: {
            params: { id: 'alice' },
            body: { action: 'edit', messageId: '3EB008A2FED8F031B81973', phone: '6281200000002', content: 'Soon.' },
            data: {
              ...{ action: 'edit', messageId: '3EB008A2FED8F031B81973', status: 'SENT' },
              ...{ to: '6281200000002@s.whatsapp.net', timestamp: '2026-11-22T16:19:13.000Z' },
            },
          },
        },
        handle: async ({ params: { id: sessionId }, headers: { 'idempotency-key': given }, body }, { response }) => {
          const { action, messageId } = body;
          const wish = manageWish(body);
          sessions.get(sessionId);
          if (typeof wish !== 'function') return { ...(await send(sessionId, wish, given, response)), action, messageId };
          await wish(chats, sessionId);
          return { action, messageId, status: 'SENT', to: body.phone, timestamp: iso(Date.now()) };
        },
      }),
    ),
  ];
};

/** What makes two requests identical. */
const identityOf = (sessionId: string, fingerprint: string): string => `${sessionId} ${fingerprint}`;

/** What was being sent when the worker ended, with times of this process's clock. */
const earlier = (messages: Worker['messages']): Earlier[] => {
  const [now, wall] = [performance.now(), Date.now()];
  return messages
    .untold(wall - WINDOW_MS)
    .map(({ sessionId, key, fingerprint, at }) => ({ request: identityOf(sessionId, fingerprint), key, firstAt: now - (wall - at) }));
};
