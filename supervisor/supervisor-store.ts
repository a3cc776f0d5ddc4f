import type { Message, MessageStatus } from '../shared/domain/message.js';
import type { Outgoing } from '../shared/domain/outgoing.js';
import type { Restriction } from '../shared/domain/restriction.js';
import type { MediaFailureReason, MediaKind } from '../shared/domain/media.js';
import type { Reason, SessionState } from '../shared/domain/session.js';
import type { ErrorCode } from '../shared/errors.js';
import { openStore, type OpenOptions, type Schema } from '../shared/store/open-store.js';
import type { Store } from '../shared/store/store.js';
import type { DeadReport } from './backend/report.js';
import { migrateChats } from './chats/chat-gaps.js';
import { migrateDays } from './messages/migrate-days.js';
import { migrateKeyTimes } from './messages/idempotency.js';
import type { Suspect } from './placement/suspect-policy.js';
import type { DeadWebhook } from './webhooks/dead-webhook.js';
import type { DeafView } from './worker.js';

/** Tables of the supervisor's store, and the keys of their rows. */
export const TABLES = {
  /** [sessionId] → SessionRow: the catalog. */
  sessions: 'sessions',
  /** [sessionId, second, n] → Message: history in its order. WhatsApp's times are seconds; within one, `n` is the order of arrival. */
  messages: 'messages',
  /** [sessionId, 'in' | 'out', sender, messageId] → [second, n, part]: where a message stands, and that we have it. */
  messageIndex: 'messageIndex',
  /** [sessionId] → MessageCount. */
  messageCounts: 'messageCounts',
  /** [sessionId, day] → MessageDay; the day is that of the message, in UTC, as `2026-11-22`. */
  messageDays: 'messageDays',
  /** [sessionId, day, part, n] → second: which messages stand in which file of the object store. */
  messageParts: 'messageParts',
  /** [sessionId, day, part] → a number that rises: a file that does not have all of its messages as they are now. */
  changedParts: 'changedParts',
  /** [sessionId, day, part] → PartSpan: what a file that is only in the object store holds; learned again when it is missing. */
  partSpans: 'partSpans',
  /** [sessionId, order] → Intent: a send whose outcome is not known. */
  intents: 'intents',
  /** [sessionId, key] → IdempotencyRow. */
  idempotency: 'idempotency',
  /** [sessionId, Unix milliseconds, key] → true: idempotency keys in the order of their first use. */
  idempotencyTimes: 'idempotencyTimes',
  /** [sessionId] → Unix milliseconds from when on its whole burst is allowed again; see `messages/send-pace.ts`. */
  sendPaces: 'sendPaces',
  /** [slot, pid] → ProcessIdentity of a runner that may be alive. */
  spawns: 'spawns',
  /** [sessionId] → Deletion: objects of a deleted session that are still to be removed. */
  deletions: 'deletions',
  /** What the replicator knows; see `replication/progress.ts`. */
  replication: 'replication',
  /** [sessionId, seq] → Report: what the backend has not accepted yet. */
  reports: 'reports',
  /** [sessionId] → ReportedRow. */
  reported: 'reported',
  /** [id] → DeadReport: what the backend refused for good. */
  deadReports: 'deadReports',
  /** [sessionId, seq] → KeptEvent: what happened, in its order. */
  events: 'events',
  /** [sessionId] → the last `seq` given out. */
  eventHeads: 'eventHeads',
  /** [sessionId, kind, sha256] → MediaRow: a file of the media library. */
  media: 'media',
  /** [sessionId, kind, sha256] → true: a file that the object store does not have yet. */
  mediaUploads: 'mediaUploads',
  /** [sessionId] → SessionSettings: what was set for it. */
  settings: 'settings',
  /** [sessionId] → number of the last event that the consumer of its webhook has, while it has one. */
  webhookCursors: 'webhookCursors',
  /** [sessionId, seq] → DeadWebhook: an event that is to be told again. */
  webhookReplays: 'webhookReplays',
  /** [id] → DeadWebhook: what a consumer refused for good. */
  deadWebhooks: 'deadWebhooks',
  /** [sessionId, 'in' | 'out', sender, messageId] → MessageMedia: what became of the file of a message. */
  messageMedia: 'messageMedia',
  /** [sessionId, second, n] → MediaJob: a message whose file is still to be downloaded. */
  mediaJobs: 'mediaJobs',
  /** [sessionId, jid] → [second, n]: where the newest message of a chat stands. */
  chats: 'chats',
  /** [sessionId, second, n] → ChatRow: the chats in the order of their newest messages. */
  chatOrder: 'chatOrder',
  /** [sessionId] → [second, n]: chats of messages before this place may be missing and are still to be looked for. */
  chatGaps: 'chatGaps',
  /** [sessionId] → [second, n]: messages before this place may be in the object store without a row in `messageIndex`. */
  indexGaps: 'indexGaps',
  /** [sessionId, 'person' | 'group', jid] → ContactRow. */
  contacts: 'contacts',
  /** [sessionId, LID] → the phone-number jid of the same person. */
  lids: 'lids',
} as const;

export const SUPERVISOR_SCHEMA: Schema = {
  version: 4,
  tables: Object.values(TABLES),
  sealed: [TABLES.settings],
  tracked: [
    TABLES.sessions,
    TABLES.messages,
    TABLES.messageIndex,
    TABLES.messageCounts,
    TABLES.messageDays,
    TABLES.messageParts,
    TABLES.intents,
    TABLES.idempotency,
    TABLES.idempotencyTimes,
    TABLES.deletions,
    // Not the files, nor what became of them: what the object store has is looked for there.
    TABLES.mediaJobs,
    // Not the chats: they follow from the messages.
    TABLES.contacts,
    // Not the heads: after a restore numbers begin above all that were given out.
    TABLES.events,
    TABLES.settings,
    TABLES.webhookCursors,
  ],
  migrations: {
    2: function* (store) {
      yield* migrateDays(store);
      yield* migrateKeyTimes(store);
    },
    3: migrateChats,
  },
};

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
  deaf?: DeafView | undefined;
  /** What WhatsApp does not let the account do. */
  restricted?: Restriction | undefined;
  /** A delete that has begun and must be finished. */
  deleting: boolean;
  /** Set while it is suspected of crashing its runners. */
  suspect?: Suspect | undefined;
}

/** A session as it begins. */
export const newSession = (sessionId: string, now: number): SessionRow => ({
  sessionId,
  userId: undefined,
  sessionName: undefined,
  desired: 'disconnected',
  state: 'disconnected',
  reason: 'created',
  seq: 1,
  since: now,
  createdAt: now,
  lastActivity: now,
  slot: undefined,
  epoch: 0,
  paired: false,
  everConnected: false,
  jid: undefined,
  lid: undefined,
  pushName: undefined,
  deleting: false,
});

export interface MessageCount {
  total: number;
  /** Last `n` given out. */
  n: number;
}

export interface MessageDay {
  count: number;
  /** The part new messages of this day go to, and what it will measure as JSON. */
  part: number;
  partBytes: number;
  /** Parts below this one are no longer local, only in the object store. */
  remoteParts: number;
}

export interface Deletion {
  at: number;
  /** Where the session lived, if it ever did: that slot's store tells the object store that its rows are gone. */
  slot?: number | undefined;
}

/** How far the backend knows a session. */
export interface ReportedRow {
  /** The newest report it accepted; 0 before the first. */
  seq: number;
  /** When. */
  at: number;
  /** The newest report it accepted or refused for good. */
  settledSeq: number;
}

/** A file that messages bring or brought. */
export interface MediaRow {
  bytes: number;
  /** As whoever brought it said; not looked into. */
  mimetype: string | undefined;
  /** When it was kept the last time: the same file may come again. */
  at: number;
}

/** What became of the file of a message, with what names the message: its id, and who wrote it if that was not us. */
export type MessageMedia = { id: string; from?: string; kind: MediaKind; mimetype?: string; at: number } & (
  { state: 'wanted' } | { state: 'stored'; sha256: string; bytes: number } | { state: 'failed'; reason: MediaFailureReason }
);

export interface MediaJob {
  /** Downloads that were begun and had no end that counts for nothing. */
  attempts: number;
  /** Not before this time. */
  dueAt: number;
}

/** A chat, in the list of chats. */
export interface ChatRow {
  /** The phone-number jid of a person when it is known, else the LID; or a group. */
  chat: string;
  lid?: string;
  /** Of its newest message, when that may not lie in `messages`; else what is there counts. */
  last?: ChatLast;
}

/** What the list of chats shows of a message, its content shortened. */
export type ChatLast = Pick<Message, 'id' | 'from' | 'fromMe' | 'type' | 'content' | 'timestamp' | 'status'>;

/** What is known of a person or a group; see `Contact`. */
export interface ContactRow {
  lid?: string;
  name?: string;
  pushName?: string;
  verifiedName?: string;
}

/** Intents of earlier versions, of texts only, have neither references nor a secret. */
export interface Intent extends Omit<Outgoing, 'references' | 'secret'>, Partial<Pick<Outgoing, 'references' | 'secret'>> {
  sessionId: string;
  order: number;
  idempotencyKey: string | undefined;
  /** No client waits for it, so it stays in its queue also through a stop of the worker. */
  queued?: true;
  /** That it is handed over is noted before, so without `handedAt` no runner ever had it. Of others nobody knows after a crash. */
  noted?: true;
  handedAt?: number;
}

export interface IdempotencyRow {
  /** Of the request, so that the same key with another one is noticed. */
  fingerprint: string;
  messageId: string;
  at: number;
  outcome: { status: MessageStatus; timestamp: number } | { code: ErrorCode; message: string } | undefined;
}

export const openSupervisorStore = async (path: string, options: OpenOptions = { track: false }): Promise<Store> =>
  openStore(path, SUPERVISOR_SCHEMA, options);

/** Tables whose keys begin with a session, but for the catalog. */
export const SESSION_TABLES = [
  TABLES.messages,
  TABLES.messageIndex,
  TABLES.messageCounts,
  TABLES.messageDays,
  TABLES.messageParts,
  TABLES.changedParts,
  TABLES.partSpans,
  TABLES.intents,
  TABLES.idempotency,
  TABLES.idempotencyTimes,
  TABLES.sendPaces,
  TABLES.reports,
  TABLES.reported,
  TABLES.events,
  TABLES.eventHeads,
  TABLES.media,
  TABLES.mediaUploads,
  TABLES.settings,
  TABLES.webhookCursors,
  TABLES.webhookReplays,
  TABLES.messageMedia,
  TABLES.mediaJobs,
  TABLES.chats,
  TABLES.chatOrder,
  TABLES.chatGaps,
  TABLES.indexGaps,
  TABLES.contacts,
  TABLES.lids,
];

const REMOVED_AT_ONCE = 1_000;

/** Removes everything kept about a session but its catalog row, a bounded number of rows at a time. May be repeated. */
export const removeSessionRows = async (store: Store, sessionId: string): Promise<void> => {
  await store.settled();
  for (const table of SESSION_TABLES) {
    for (;;) {
      const rows = [...store.range(table, { prefix: [sessionId], limit: REMOVED_AT_ONCE })];
      if (rows.length === 0) break;
      await store.commit(rows.map(({ key }) => ({ table, key, value: undefined })));
    }
  }
  const reports = [...store.range<DeadReport>(TABLES.deadReports)].filter(({ value }) => value.report.sessionId === sessionId);
  await store.commit(reports.map(({ key }) => ({ table: TABLES.deadReports, key, value: undefined })));
  const webhooks = [...store.range<DeadWebhook>(TABLES.deadWebhooks)].filter(({ value }) => value.sessionId === sessionId);
  await store.commit(webhooks.map(({ key }) => ({ table: TABLES.deadWebhooks, key, value: undefined })));
};
