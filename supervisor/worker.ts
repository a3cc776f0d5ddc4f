// What the HTTP layer sees of the worker; lifecycle.ts builds the one implementation.
import type { Message, MessageStatus } from '../shared/domain/message.js';
import type { OutgoingContent } from '../shared/domain/outgoing.js';
import type { Restriction } from '../shared/domain/restriction.js';
import type { OutwardStatus, Reason, SessionState } from '../shared/domain/session.js';
import type { Beat } from '../shared/ipc/protocol.js';
import type { QueryName, QueryParams, QueryResult } from '../shared/ipc/queries.js';
import type { Figures } from '../shared/process-figures.js';
import type { BackendView } from './backend/backend-link.js';
import type { ChatList } from './chats/chat-list.js';
import type { EventPage, EventRange } from './events/event-page.js';
import type { HistoryPage, HistoryRange } from './messages/history.js';
import type { ChatActions } from './messages/chat-actions.js';
import type { Coming, KeptMedia, StagedUpload } from './media/media-intake.js';
import type { MediaSource, MediaWish } from './media/media-wish.js';
import type { SendableType } from './media/sendable.js';
import type { ReceiptView } from './messages/receipts.js';
import type { UntoldSend } from './messages/untold-sends.js';
import type { DeadReport } from './backend/report.js';
import type { PresenceNews } from './queries/presence-feed.js';
import type { BreakerView } from './placement/connect-pacing.js';
import type { RampView } from './placement/ramp.js';
import type { Suspect } from './placement/suspect-policy.js';
import type { SettingsView } from './settings/settings-view.js';
import type { WebhooksPort } from './webhooks/open-webhooks.js';

/** Times are Unix milliseconds. */
export interface SessionView {
  sessionId: string;
  userId: string | undefined;
  sessionName: string | undefined;
  /** Inside state; `status` is what clients of the guide see. */
  state: SessionState;
  status: OutwardStatus;
  reason: Reason;
  /** Rises by one with every change of this session. */
  seq: number;
  /** When the state was entered. */
  since: number;
  desired: 'connected' | 'disconnected';
  /** `+6281…`, once paired. */
  phoneNumber: string | undefined;
  jid: string | undefined;
  lid: string | undefined;
  pushName: string | undefined;
  createdAt: number;
  lastActivity: number;
  /** The slot of its runner, once it was placed. */
  slot: number | undefined;
  /** Set while it is suspected of crashing its runners. */
  suspect?: Suspect | undefined;
  /** Once it was deaf. */
  deaf?: DeafView | undefined;
  restricted?: Restriction | undefined;
  /** The newest QR, only in `qr_required` and only until it expires. */
  qr: Qr | undefined;
}

/** A session whose connection was open and heard nothing. */
export interface DeafView {
  times: number;
  /** What was done the last time: 1 a new connection, 2 another runner, 3 its runner was recycled. */
  rung: 1 | 2 | 3;
  lastAt: number;
}

/** `value` is the string to draw; `attempt` counts from 1. */
export interface Qr {
  value: string;
  attempt: number;
  expiresAt: number;
}

export interface Sessions {
  /** @throws SESSION_ALREADY_EXISTS, AT_CAPACITY, INVALID_REQUEST */
  create(input: {
    sessionId: string;
    userId?: string | undefined;
    sessionName?: string | undefined;
    /** As a change of settings that there are none of yet; see `SettingsPort`. */
    settings?: unknown;
  }): Promise<SessionView>;
  list(): SessionView[];
  /** @throws SESSION_NOT_FOUND */
  get(sessionId: string): SessionView;
  /** Wants the session connected; waits up to 20 s for a QR, an open connection or a failure, then answers the view as it is. */
  connect(sessionId: string): Promise<SessionView>;
  /** @throws SESSION_ALREADY_PAIRED, RUNNER_UNAVAILABLE */
  pairingCode(sessionId: string, phoneNumber: string): Promise<{ code: string; expiresAt: number }>;
  disconnect(sessionId: string): Promise<SessionView>;
  restart(sessionId: string): Promise<SessionView>;
  /**
   * Moves the session to the runner of another slot, the best one unless `slot` says which; waits up to 20 s until it is connected again.
   * A session that lives there already, or nowhere yet, stays as it is. @throws SESSION_ISOLATED, INVALID_REQUEST, AT_CAPACITY, RUNNER_UNAVAILABLE
   */
  move(sessionId: string, slot?: number): Promise<SessionView>;
  logout(sessionId: string): Promise<SessionView>;
  delete(sessionId: string): Promise<void>;
}

/** Content whose file is brought once the message is known to be a new one. */
interface LateContent {
  /** Id of the message that it answers. */
  quoted: string | undefined;
  /** @throws what is wrong with the file */
  bring: () => Promise<OutgoingContent>;
}

export interface SendRequest {
  sessionId: string;
  /** A jid; see `toRecipientJid`. */
  to: string;
  content: OutgoingContent | LateContent;
  /** What was asked for, where the content is only made of it: see `idempotencyKey`. */
  wish?: unknown;
  /** Same key and same request: same answer and id. @throws IDEMPOTENCY_CONFLICT for another request with the key */
  idempotencyKey?: string | undefined;
}

export interface SendResult {
  messageId: string;
  status: MessageStatus;
  timestamp: number;
}

/** A send that waits for its turn, or that a runner has. Times are Unix milliseconds. */
export interface QueuedSend {
  messageId: string;
  to: string;
  type: OutgoingContent['type'];
  /** `sending`: it may have been sent, and has no outcome yet. */
  status: 'queued' | 'sending';
  /** 1 for the next; all that have no outcome count. */
  position: number;
  queuedAt: number;
  /** When it is probably sent; undefined while the session is not connected. */
  estimatedAt: number | undefined;
}

export interface SendQueue {
  /** In the order in which they are sent. @throws SESSION_NOT_FOUND */
  page(sessionId: string, range: { limit: number; offset: number }): { sends: QueuedSend[]; total: number };
  /** @throws MESSAGE_NOT_FOUND, and MESSAGE_NOT_QUEUED for one that may have been sent already */
  cancel(sessionId: string, messageId: string): Promise<void>;
  /** Of all that wait. @returns how many were cancelled, and how many may have been sent already */
  cancelAll(sessionId: string): Promise<{ cancelled: number; left: number }>;
}

interface Messages {
  /** Resolves when WhatsApp acknowledged the message. @throws SESSION_NOT_CONNECTED, RECIPIENT_NOT_ON_WHATSAPP, RATE_LIMITED, QUEUE_FULL, OUTCOME_UNKNOWN, DEADLINE_EXCEEDED … */
  send(request: SendRequest): Promise<SendResult>;
  /**
   * Resolves when the message is on disk and will be sent in its turn, also if the session is not connected now; with the result when a request
   * with the key has one already. @throws SESSION_NOT_CONNECTED for a session that was never paired, SESSION_LOGGED_OUT, QUEUE_FULL …
   */
  enqueue(request: SendRequest): Promise<SendResult | QueuedSend>;
  readonly queue: SendQueue;
  /** Newest first. @throws STORAGE_UNAVAILABLE when older days are in the object store and it cannot be read */
  page(sessionId: string, range: HistoryRange): Promise<HistoryPage>;
  /** See `History.find`. @throws STORAGE_UNAVAILABLE */
  find(sessionId: string, messageId: string, from?: string): Promise<Message | undefined>;
  /** Who has a message of the session's own, as far as they told. @throws MESSAGE_NOT_FOUND, STORAGE_UNAVAILABLE */
  receipts(sessionId: string, messageId: string): Promise<ReceiptView[]>;
  /** Sends under a key of `newUntoldKey` that were accepted since (Unix milliseconds) and whose clients were not told, the oldest first. */
  untold(since: number): UntoldSend[];
  /** The client of such a send was told its outcome. */
  told(sessionId: string, key: string): Promise<void>;
}

interface SettingsPort {
  /** @throws SESSION_NOT_FOUND */
  get(sessionId: string): SettingsView;
  /** Merges a patch (RFC 7396) into what is set. @throws SESSION_NOT_FOUND, INVALID_REQUEST */
  change(sessionId: string, patch: unknown): Promise<SettingsView>;
}

/** A file on the disk of the worker, until `release` is called. */
export interface MediaFile {
  path: string;
  bytes: number;
  sha256: string;
  /** As the sender said. */
  mimetype: string | undefined;
  /** As the sender called it; documents have a name. */
  fileName: string | undefined;
  messageId: string;
  release: () => void;
}

interface MediaPort {
  /**
   * The file of a message, downloaded first when it is not here. @param gone tells that nobody waits for it any more
   * @throws MESSAGE_NOT_FOUND, MEDIA_NOT_FOUND, MEDIA_UNAVAILABLE, SESSION_NOT_CONNECTED, STORAGE_UNAVAILABLE, DEADLINE_EXCEEDED
   */
  file(sessionId: string, message: { messageId: string; from?: string | undefined }, gone: AbortSignal): Promise<MediaFile>;
  /** The largest file that is taken to be sent, as this type if that is known already; in bytes. */
  limitOf(type?: SendableType): number;
  /** Writes the bytes to disk as they come. @throws SESSION_NOT_FOUND, PAYLOAD_TOO_LARGE, STORAGE_UNAVAILABLE, what the source throws */
  stage(sessionId: string, bytes: AsyncIterable<Buffer>, maxBytes: number, coming: Coming): Promise<StagedUpload>;
  /** Removes what was staged and not kept. */
  discard(staged: StagedUpload): Promise<void>;
  /** Keeps it to be sent later. @throws SESSION_NOT_FOUND, STORAGE_UNAVAILABLE */
  keep(sessionId: string, staged: StagedUpload): Promise<KeptMedia>;
  /** @throws UNSUPPORTED_MEDIA, PAYLOAD_TOO_LARGE, MEDIA_NOT_FOUND, MEDIA_URL_REFUSED, MEDIA_FETCH_FAILED, STORAGE_UNAVAILABLE … */
  bring(sessionId: string, wish: MediaWish, source: MediaSource): Promise<OutgoingContent>;
}

interface Events {
  /** In their order. @throws EVENTS_GONE when something after `after` is no longer kept, STORAGE_UNAVAILABLE */
  page(sessionId: string, range: EventRange): Promise<EventPage>;
  /** Calls `listener` whenever there may be more events of the session, or no session any more, until the returned function is called. */
  subscribe(sessionId: string, listener: () => void): () => void;
  /** Calls `listener` when somebody is heard to come, go or type, while the session is connected, until the returned function is called. */
  presences(sessionId: string, listener: (news: PresenceNews) => void): () => void;
}

interface Queries {
  /** Asks WhatsApp through a connected session; see `SessionQueries.ask`. */
  ask<Q extends QueryName>(sessionId: string, name: Q, params: QueryParams<Q>): Promise<QueryResult<Q>>;
  /** Sets the picture of the account, or of a group; null takes it away. */
  setPicture(sessionId: string, jpeg: Buffer | null, group?: string): Promise<void>;
}

export interface RunnerView {
  slot: number;
  state: 'starting' | 'ready' | 'unresponsive' | 'draining' | 'backoff' | 'quarantined' | 'idle';
  incarnation: number;
  pid: number | undefined;
  sessions: number;
  startedAt: number | undefined;
  restarts: number;
  /** It failed too often and rests. */
  quarantined: boolean;
  /** Until the next automatic start, when one is planned. */
  nextStartInMs: number | undefined;
  /** Figures of the last beat. */
  beat: Beat | undefined;
  lastExit:
    | { verdict: 'clean' | 'crash' | 'oom' | 'config' | 'killed'; code: number | null; signal: string | null; at: number; stderr: string[] }
    | undefined;
}

/** `pssBytes`: memory with each shared page counted in parts; undefined when the kernel does not say. */
export interface ProcessesView {
  runners: (RunnerView & { pssBytes: number | undefined })[];
  supervisor: Figures & { pid: number; pssBytes: number | undefined };
}

/** A recycle that has begun: how many sessions move from where to where. */
export interface RecycleView {
  slot: number;
  sessions: number;
  target: number;
}

/** Where what the worker stores stands. */
export interface StorageView {
  /** `local`: the worker's own disk is all there is. */
  mode: 'local' | 'object-store';
  /** `degraded`: the object store is behind and will catch up. `failing`: the worker cannot write to its own disk. */
  state: 'ok' | 'degraded' | 'restoring' | 'failing';
  /** Age in milliseconds of the oldest change that the object store does not have; 0 when it has all. */
  lagMs: number;
  changesWaiting: number;
  /** Sessions whose files in the object store are behind its journal. */
  sessionsDirty: number;
  /** Media files that the object store does not have yet. */
  mediaWaiting: number;
  /** What is wrong and what to do. */
  sentence: string | undefined;
}

interface Storage {
  status(): StorageView;
  /** Ships everything committed by now and writes the files of every session. @throws STORAGE_UNAVAILABLE */
  flush(): Promise<StorageView>;
}

/** What the backend was told; empty for a worker that stands alone. */
interface ReportsPort {
  /** Those the backend refused for good, newest first. */
  dead(range: { limit: number; offset: number }): { reports: DeadReport[]; total: number };
  /** Sends refused ones again, all of them without `ids`. @returns how many */
  replay(ids?: readonly number[]): Promise<number>;
}

/** Percent are 0–100 of the host or cgroup, uptime whole seconds. */
interface Health {
  status: 'online';
  sessionCount: number;
  cpuUsage: number;
  memoryUsage: number;
  uptime: number;
  /** Sessions it can hold as things are; see `Capacity`. */
  maxSessions: number;
  storage: StorageView;
  /** Undefined when the worker stands alone. */
  backend: BackendView | undefined;
}

interface Readiness {
  ready: boolean;
  /** What a person wants to know while waiting: sessions still to resume, storage, draining. */
  details: Record<string, unknown>;
  /** While a start connects its sessions again. */
  ramp: RampView | undefined;
  /** While connects are held back because many sessions fail alike. */
  breaker: BreakerView | undefined;
  backend: BackendView | undefined;
}

export interface Worker {
  readonly sessions: Sessions;
  readonly messages: Messages;
  readonly media: MediaPort;
  readonly events: Events;
  readonly queries: Queries;
  readonly settings: SettingsPort;
  /** @throws SESSION_NOT_FOUND */
  readonly chatList: Pick<ChatList, 'chats' | 'contacts'>;
  /** All of it at once or not at all. @throws SESSION_NOT_CONNECTED, MESSAGE_NOT_FOUND, and as `queries.ask` */
  readonly chats: Pick<ChatActions, 'typing' | 'read' | 'star' | 'deleteForMe'>;
  readonly storage: Storage;
  readonly reports: ReportsPort;
  readonly webhooks: WebhooksPort;
  /** Tells the backend nothing about a session until the returned function is called. */
  readonly holdReports: (sessionId: string) => () => void;
  runners(): RunnerView[];
  processes(): Promise<ProcessesView>;
  /** Begins to move every session of a runner into an empty slot, and ends it then. @throws BUSY, INVALID_REQUEST, NOT_FOUND, AT_CAPACITY */
  recycle(slot: number): Promise<RecycleView>;
  health(): Health;
  readiness(): Readiness;
}
