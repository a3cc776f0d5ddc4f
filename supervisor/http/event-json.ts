// An event of a session as consumers see it.
import type { z } from 'zod';
import { REASONS } from '../../shared/domain/session.js';
import type { LoggedEvent } from '../events/event-page.js';
import type { NextEvent } from '../webhooks/webhook-log.js';
import { messageJson } from './message-json.js';
import type { SessionEvent } from './schemas/event.js';
import { iso } from './session-json.js';

export const eventJson = (sessionId: string, event: LoggedEvent): z.input<typeof SessionEvent> => {
  const { seq } = event;
  switch (event.type) {
    case 'message': {
      const { type, at, messageId, message } = event;
      return { sessionId, seq, type, at: iso(at), messageId, message: message ? messageJson(message) : null };
    }
    case 'message.status': {
      const { type, at, messageId, status, failure } = event;
      return { sessionId, seq, type, at: iso(at), messageId, status, ...(failure && { error: failure }) };
    }
    case 'media':
      return { sessionId, seq, type: event.type, at: iso(event.at), messageId: event.messageId, media: event.media };
    case 'session': {
      const { type, at, from, to, status, reason } = event;
      return { sessionId, seq, type, at: iso(at), from, to, status, reason, message: REASONS[reason] };
    }
    case 'restored':
      return { sessionId, seq, type: event.type, at: iso(event.at), after: event.after };
    case 'void':
      return { sessionId, seq, type: event.type };
  }
};

/** The same as a webhook has it, which also tells of what is no longer kept. */
export const webhookJson = (sessionId: string, event: NextEvent): unknown =>
  event.type === 'gone' ? { sessionId, seq: event.seq, type: event.type, after: event.after } : eventJson(sessionId, event);
