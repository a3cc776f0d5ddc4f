// What is on disk before anybody tries to send a message: its id, its place in history, and the key it was asked for under.
import { withoutDevice } from '../../shared/domain/ids.js';
import type { Message } from '../../shared/domain/message.js';
import type { OutgoingContent, References } from '../../shared/domain/outgoing.js';
import type { Store, Write } from '../../shared/store/store.js';
import { chatWith } from '../chats/identities.js';
import { TABLES, type Intent, type SessionRow } from '../supervisor-store.js';
import type { SendRequest } from '../worker.js';
import type { History } from './history.js';
import { keyWrites } from './idempotency.js';
import type { ReferredMessages } from './referred-messages.js';
import { fingerprintOf, newMessageId, newSecret } from './send-rules.js';
import { shownContent } from './shown-content.js';

/** How it is sent: see `Intent`. */
export type Acceptance = Pick<Intent, 'queued' | 'noted'>;

/** A request whose content is all there. */
export type ReadyRequest = SendRequest & { content: OutgoingContent };

/** @param order its place among the sends of the session */
export const newIntent = (
  { sessionId, to, content, idempotencyKey }: ReadyRequest,
  references: References,
  order: number,
  acceptance: Acceptance,
): Intent => {
  const made = { messageId: newMessageId(), references, secret: newSecret(), createdAt: Date.now() };
  return { sessionId, order, to, content, idempotencyKey, ...made, ...acceptance };
};

/** All of it belongs in one commit. */
export const acceptWrites = (
  intent: Intent,
  request: SendRequest,
  referred: ReferredMessages,
  { jid }: Readonly<SessionRow>,
  { store, history }: { store: Pick<Store, 'get'>; history: History },
): Write[] => {
  const { sessionId, messageId, idempotencyKey, createdAt } = intent;
  return [
    { table: TABLES.intents, key: [sessionId, intent.order], value: intent },
    ...history.append(sessionId, historyRow(intent, referred, withoutDevice(jid ?? ''), chatWith(store, sessionId, intent.to))),
    ...(idempotencyKey === undefined
      ? []
      : keyWrites(sessionId, idempotencyKey, { fingerprint: fingerprintOf(request), messageId, at: createdAt, outcome: undefined })),
  ];
};

const historyRow = (
  { messageId, content, createdAt }: Intent,
  referred: ReferredMessages,
  from: string,
  chat: Pick<Message, 'chat' | 'chatAlt'>,
): Message => ({
  id: messageId,
  ...chat,
  from,
  to: chat.chat,
  fromMe: true,
  ...shownContent(content, referred),
  timestamp: createdAt,
  status: 'pending',
});
