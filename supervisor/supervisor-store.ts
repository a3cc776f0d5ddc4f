import type { MessageStatus, OutgoingContent } from '../shared/domain/message.js';
import type { Reason, SessionState } from '../shared/domain/session.js';
import type { ErrorCode } from '../shared/errors.js';
import { openStore } from '../shared/store/open-store.js';
import type { Store, Write } from '../shared/store/store.js';

/** Version of the rows below; raised with a migration. */
const SCHEMA_VERSION = 1;

/** Tables of the supervisor's store, and the keys of their rows. */
export const TABLES = {
  /** [sessionId] → SessionRow: the catalog. */
  sessions: 'sessions',
  /** [sessionId, second, n] → Message: history in its order. WhatsApp's times are seconds; within one, `n` is the order of arrival. */
  messages: 'messages',
  /** [sessionId, 'in' | 'out', sender, messageId] → [second, n]: where a message stands, and that we have it. */
  messageIndex: 'messageIndex',
  /** [sessionId] → MessageCount. */
  messageCounts: 'messageCounts',
  /** [sessionId, order] → Intent: a send whose outcome is not known. */
  intents: 'intents',
  /** [sessionId, key] → IdempotencyRow. */
  idempotency: 'idempotency',
  /** [slot, pid] → ProcessIdentity of a runner that may be alive. */
  spawns: 'spawns',
} as const;

/** Times are Unix milliseconds. */
export interface SessionRow {
  sessionId: string;
  userId: string | undefined;
  sessionName: string | undefined;
  desired: 'connected' | 'disconnected';
  state: SessionState;
  reason: Reason;
  seq: number;
  since: number;
  createdAt: number;
  lastActivity: number;
  /** Home slot: whose store holds its credentials. */
  slot: number | undefined;
  epoch: number;
  /** The phone accepted this device. */
  paired: boolean;
  /** This pairing was open at least once. */
  everConnected: boolean;
  jid: string | undefined;
  lid: string | undefined;
  pushName: string | undefined;
  /** A delete that has begun and must be finished. */
  deleting: boolean;
}

export interface MessageCount {
  total: number;
  /** Last `n` given out. */
  n: number;
}

export interface Intent {
  sessionId: string;
  order: number;
  messageId: string;
  to: string;
  content: OutgoingContent;
  idempotencyKey: string | undefined;
  createdAt: number;
}

export interface IdempotencyRow {
  /** Of the request, so that the same key with another one is noticed. */
  fingerprint: string;
  messageId: string;
  at: number;
  outcome: { status: MessageStatus; timestamp: number } | { code: ErrorCode; message: string } | undefined;
}

export const openSupervisorStore = async (path: string): Promise<Store> => openStore(path, Object.values(TABLES), SCHEMA_VERSION);

/** Removals of everything kept about a session but its catalog row. */
export const rowsOf = (store: Store, sessionId: string): Write[] =>
  [TABLES.messages, TABLES.messageIndex, TABLES.messageCounts, TABLES.intents, TABLES.idempotency].flatMap((table) =>
    [...store.range(table, { prefix: [sessionId] })].map(({ key }) => ({ table, key, value: undefined })),
  );
