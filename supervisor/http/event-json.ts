// An event of a session as consumers see it.
import { REASONS } from '../../shared/domain/session.js';
import type { LoggedEvent } from '../events/event-page.js';
import { messageJson } from './message-json.js';
import { iso } from './session-json.js';

export const eventJson = (sessionId: string, event: LoggedEvent): Record<string, unknown> => {
  const { seq, type } = event;
  if (type === 'void') return { sessionId, seq, type };
  return { sessionId, seq, type, at: iso(event.at), ...membersOf(event) };
};

const membersOf = (event: Exclude<LoggedEvent, { type: 'void' }>): Record<string, unknown> => {
  switch (event.type) {
    case 'message':
      return { messageId: event.messageId, message: event.message ? messageJson(event.message) : null };
    case 'message.status':
      return { messageId: event.messageId, status: event.status };
    case 'session':
      return { from: event.from, to: event.to, status: event.status, reason: event.reason, message: REASONS[event.reason] };
    case 'restored':
      return { after: event.after };
  }
};
