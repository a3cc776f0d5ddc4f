import { AppError, messageOf } from '../../../../shared/errors.js';
import type { OutgoingContent } from '../../../../shared/domain/message.js';
import type { Logger } from '../../../../shared/logging.js';
import { fingerprintOf } from '../../../messages/send-rules.js';
import { newUntoldKey } from '../../../messages/untold-sends.js';
import type { Worker } from '../../../worker.js';
import { sessionIdOf, type Endpoint } from '../../endpoint.js';
import { messageText, parse, SendHeaders } from '../../schemas.js';
import { iso } from '../../session-json.js';
import { sendTwice } from './answer.js';
import { linkText, ManageMessage, NOT_SENT, SEND_BODIES, SendKind } from './bodies.js';
import { RepeatedSends, WINDOW_MS, type Earlier, type Try } from './repeated-sends.js';

export const whatsamMessageEndpoints = ({ sessions, messages }: Worker, log: Logger): Endpoint[] => {
  const repeated = new RepeatedSends(newUntoldKey, { earlier: earlier(messages) });
  const settle = (sessionId: string, attempt: Try, told: boolean): void => {
    attempt.settle(told);
    if (!told) return;
    messages.told(sessionId, attempt.key).catch((error: unknown) => {
      // It only stays longer than needed.
      log.debug({ sessionId, cause: messageOf(error) }, 'a key of an answered send could not be forgotten');
    });
  };
  return [
    {
      method: 'post',
      path: '/api/:id/send',
      handle: async (request, response) => {
        const sessionId = sessionIdOf(request);
        const { 'idempotency-key': given } = parse(SendHeaders, request.headers);
        const wish = readSend(request.body ?? {});
        // A session that is gone is the more useful answer.
        sessions.get(sessionId);
        if (wish.content === undefined) throw notSupported(`send ${NOT_SENT[wish.kind]}`);
        const { to, content } = wish;
        const wanted = { sessionId, to, content };
        const attempt = given === undefined ? repeated.begin(identityOf(sessionId, fingerprintOf(wanted)), performance.now()) : undefined;
        response.once('close', () => {
          if (attempt) settle(sessionId, attempt, response.writableFinished && response.statusCode < 500);
        });
        const { messageId, status, timestamp } = await messages.send({ ...wanted, idempotencyKey: given ?? attempt?.key });
        sendTwice(response, { messageId, status: status.toUpperCase(), to, timestamp: iso(timestamp) });
      },
    },
    // The path changed between revisions.
    ...['/api/message/:id/manage', '/api/messages/:id/manage'].map((path): Endpoint => ({
      method: 'post',
      path,
      handle: (request) => {
        const sessionId = sessionIdOf(request);
        const { action } = parse(ManageMessage, request.body ?? {});
        sessions.get(sessionId);
        throw notSupported(`do "${action}" on messages`);
      },
    })),
  ];
};

type Wish = { to: string; content: OutgoingContent } | { kind: keyof typeof NOT_SENT; content: undefined };

/** @throws INVALID_REQUEST, also for kinds that cannot be sent */
const readSend = (body: unknown): Wish => {
  const { type } = parse(SendKind, body);
  switch (type) {
    case 'text': {
      const { to, message } = parse(SEND_BODIES.text, body);
      return { to, content: { type: 'text', text: message } };
    }
    case 'link': {
      const { to, parts } = parse(SEND_BODIES.link, body);
      return { to, content: { type: 'text', text: parse(messageText('text'), linkText(parts)) } };
    }
    default:
      parse(SEND_BODIES[type], body);
      return { kind: type, content: undefined };
  }
};

/** A 4xx, since the gateway repeats a 5xx. */
const notSupported = (what: string): AppError => new AppError('NOT_SUPPORTED', `This version cannot ${what} yet.`);

/** What makes two requests identical. */
const identityOf = (sessionId: string, fingerprint: string): string => `${sessionId} ${fingerprint}`;

/** What was being sent when the worker ended, with times of this process's clock. */
const earlier = (messages: Worker['messages']): Earlier[] => {
  const [now, wall] = [performance.now(), Date.now()];
  return messages
    .untold(wall - WINDOW_MS)
    .map(({ sessionId, key, fingerprint, at }) => ({ request: identityOf(sessionId, fingerprint), key, firstAt: now - (wall - at) }));
};
