// What the HTTP layer sees of the worker; lifecycle.ts builds the one implementation.
import type { Message, MessageStatus } from '../shared/domain/message.js';
import type { OutgoingContent } from '../shared/domain/outgoing.js';
import type { OutwardStatus, Reason, SessionState } from '../shared/domain/session.js';
import type { Beat } from '../shared/ipc/protocol.js';
import type { QueryName, QueryParams, QueryResult } from '../shared/ipc/queries.js';
import type { Figures } from '../shared/process-figures.js';
import type { BackendView } from './backend/backend-link.js';
import type { EventPage, EventRange } from './events/event-page.js';
import type { Coming, KeptMedia, StagedUpload } from './media/media-intake.js';
import type { MediaSource, MediaWish } from './media/media-wish.js';
import type { SendableType } from './media/sendable.js';
import type { UntoldSend } from './messages/untold-sends.js';
import type { DeadReport } from './backend/report.js';
import type { BreakerView } from './placement/connect-pacing.js';
import type { RampView } from './placement/ramp.js';
import type { Suspect } from './placement/suspect-policy.js';

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
  /** @throws SESSION_ALREADY_EXISTS, AT_CAPACITY */
  create(input: { sessionId: string; userId?: string | undefined; sessionName?: string | undefined }): Promise<SessionView>;
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
export interface LateContent {
  /** What was asked for: two requests with the same key and the same of this are the same. */
  wish: unknown;
  /** @throws what is wrong with the file */
  bring: () => Promise<OutgoingContent>;
}

export interface SendRequest {
  sessionId: string;
  /** A jid; see `toRecipientJid`. */
  to: string;
  content: OutgoingContent | LateContent;
  /** Same key and same request: same answer and id. @throws IDEMPOTENCY_CONFLICT for another request with the key */
  idempotencyKey?: string | undefined;
}

export interface SendResult {
  messageId: string;
  status: MessageStatus;
  timestamp: number;
}

interface Messages {
  /** Resolves when WhatsApp acknowledged the message. @throws SESSION_NOT_CONNECTED, RECIPIENT_NOT_ON_WHATSAPP, OUTCOME_UNKNOWN, DEADLINE_EXCEEDED … */
  send(request: SendRequest): Promise<SendResult>;
  /** Newest first. @throws STORAGE_UNAVAILABLE when older days are in the object store and it cannot be read */
  page(sessionId: string, range: { limit: number; offset: number }): Promise<{ messages: Message[]; total: number }>;
  /** Sends under a key of `newUntoldKey` that were accepted since (Unix milliseconds) and whose clients were not told, the oldest first. */
  untold(since: number): UntoldSend[];
  /** The client of such a send was told its outcome. */
  told(sessionId: string, key: string): Promise<void>;
}

/** Files on their way in. */
interface Files {
  /** The largest file that is taken, as this type if that is known already. */
  limitOf(type?: SendableType): number;
  /** Writes the bytes to disk as they come. @throws SESSION_NOT_FOUND, PAYLOAD_TOO_LARGE, STORAGE_UNAVAILABLE, what the source throws */
  stage(sessionId: string, bytes: AsyncIterable<Buffer>, maxBytes: number, coming: Coming): Promise<StagedUpload>;
  /** Removes what was staged and not kept. */
  discard(staged: StagedUpload): Promise<void>;
  keep(sessionId: string, staged: StagedUpload): Promise<KeptMedia>;
  /** @throws UNSUPPORTED_MEDIA, PAYLOAD_TOO_LARGE, MEDIA_NOT_FOUND, MEDIA_URL_REFUSED, MEDIA_FETCH_FAILED, STORAGE_UNAVAILABLE … */
  bring(sessionId: string, wish: MediaWish, source: MediaSource): Promise<OutgoingContent>;
}

interface Events {
  /** In their order. @throws EVENTS_GONE when something after `after` is no longer kept, STORAGE_UNAVAILABLE */
  page(sessionId: string, range: EventRange): Promise<EventPage>;
  /** Calls `listener` whenever there may be more events of the session, or no session any more, until the returned function is called. */
  subscribe(sessionId: string, listener: () => void): () => void;
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
  readonly files: Files;
  readonly events: Events;
  readonly queries: Queries;
  readonly storage: Storage;
  readonly reports: ReportsPort;
  /** Tells the backend nothing about a session until the returned function is called. */
  readonly holdReports: (sessionId: string) => () => void;
  runners(): RunnerView[];
  processes(): Promise<ProcessesView>;
  /** Begins to move every session of a runner into an empty slot, and ends it then. @throws BUSY, INVALID_REQUEST, NOT_FOUND, AT_CAPACITY */
  recycle(slot: number): Promise<RecycleView>;
  health(): Health;
  readiness(): Readiness;
}
