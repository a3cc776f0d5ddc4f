// The two maps that are the source of types, validation and documentation of what crosses between supervisor and runner.
import { z } from 'zod';
import { Contact } from '../domain/contact.js';
import { SessionId } from '../domain/ids.js';
import { Message, MessageStatus } from '../domain/message.js';
import { MEDIA_FAILURES } from '../domain/media.js';
import { Outgoing } from '../domain/outgoing.js';
import { SealedAs, UploadedFile } from '../domain/outgoing-file.js';
import { Rhythm } from '../domain/rhythm.js';
import { RestrictionKind } from '../domain/restriction.js';
import { RunnerSettings } from '../domain/session-settings.js';
import { Reason } from '../domain/session.js';
import { QUERIES, type QueryName } from './queries.js';
import { Person } from './queries/person.js';
import { Presence } from './queries/profile-queries.js';

export const PROTOCOL_VERSION = 7;

/** Owner's number of a session; a runner ignores calls with a lower one than it knows. */
const Epoch = z.number().int().nonnegative();
const session = { sessionId: SessionId };
/** When the session's turn to connect was, in Unix milliseconds; that of a ramp holds only for a moment. */
const GrantedAt = z.number();
const Nothing = z.object({});

/** `raw` is base64 of the message's protobuf; `participant` who wrote it, in a group. The file is written to `path`, which is not there yet. */
const MediaDownload = z.object({
  ...session,
  messageId: z.string(),
  chat: z.string(),
  fromMe: z.boolean(),
  participant: z.string().optional(),
  raw: z.string(),
  path: z.string(),
  maxBytes: z.number().int().nonnegative(),
});
export type MediaDownload = z.infer<typeof MediaDownload>;
/** `kept`: the file is complete, and is what was sent; `sha256` in lower-case hex. Otherwise nothing is at `path`. */
const MediaDownloaded = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('kept'), sha256: z.string(), bytes: z.number().int() }),
  z.object({ outcome: z.literal('failed'), reason: z.enum(MEDIA_FAILURES) }),
]);
export type MediaDownloaded = z.infer<typeof MediaDownloaded>;

export interface CallSchema {
  params: z.ZodType;
  result: z.ZodType;
  /** Default time allowed for the answer, in milliseconds. */
  deadlineMs: number;
}

/** Calls the supervisor makes and a runner answers. */
export const RUNNER_CALLS = {
  /**
   * Hold the session and connect it. `pairing: false` never shows a QR: without credentials it ends as `logged_out`. `rhythm` is what a runner
   * told with the last `deaf`. Facts follow as events.
   */
  'session.open': {
    params: z.object({
      ...{ ...session, epoch: Epoch, pairing: z.boolean() },
      ...{ rhythm: Rhythm.optional(), settings: RunnerSettings.optional(), grantedAt: GrantedAt.optional() },
    }),
    result: Nothing,
    deadlineMs: 10_000,
  },
  /** Go by these settings from now on. Nothing happens to a session that this runner does not hold. */
  'session.configure': { params: z.object({ ...session, settings: RunnerSettings }), result: Nothing, deadlineMs: 10_000 },
  /** Close keeping credentials; answers once the socket is closed, quiet and everything it learned is committed. */
  'session.close': { params: z.object(session), result: Nothing, deadlineMs: 15_000 },
  /** Unpair on the phone when connected, and erase credentials. */
  'session.logout': { params: z.object(session), result: Nothing, deadlineMs: 15_000 },
  /** Close without unpairing and remove every row of the session. */
  'session.erase': { params: z.object(session), result: Nothing, deadlineMs: 15_000 },
  /** Ask WhatsApp for a code to type into the phone; digits only. */
  'session.pairingCode': {
    params: z.object({ ...session, phoneNumber: z.string().regex(/^\d{6,15}$/) }),
    result: z.object({ code: z.string(), expiresAt: z.number().int() }),
    deadlineMs: 30_000,
  },
  /**
   * Send under an id chosen before; answers when WhatsApp acknowledged it. `timestamp` is that moment in Unix milliseconds, `raw` base64 of the
   * protobuf message, for every type but text. With `typingMs` the recipient sees "typing" for so long before.
   */
  'session.send': {
    params: z.object({ ...session, message: Outgoing, typingMs: z.number().int().positive().max(10_000).optional() }),
    result: z.object({ timestamp: z.number().int(), raw: z.string().optional() }),
    deadlineMs: 40_000,
  },
  /** Ask WhatsApp for something, or to do something; `params` and `result` as `QUERIES` has them for the name. */
  'session.query': {
    params: z.object({ ...session, name: z.enum(Object.keys(QUERIES) as [QueryName, ...QueryName[]]), params: z.unknown() }),
    result: z.object({ result: z.unknown() }),
    deadlineMs: 25_000,
  },
  /** Download the file of a message from WhatsApp; the time is enough for the largest over a slow line. */
  'media.download': { params: MediaDownload, result: MediaDownloaded, deadlineMs: 15 * 60_000 },
  /**
   * Upload a file to WhatsApp, encrypted under keys made from `mediaKey` (base64 of 32 bytes): the same again puts the same in the same place.
   * `path` is what has `sha256` (hex), and stays until this is answered.
   */
  'media.upload': {
    params: z.object({ ...session, path: z.string(), sha256: z.string(), as: SealedAs, mediaKey: z.string() }),
    result: UploadedFile,
    deadlineMs: 3_600_000,
  },
  /**
   * Take over the rows in the file `copy`, read from the store of another slot where nobody changes them now; what an earlier attempt left here
   * goes first. Refused while this runner holds the session. The copy is silent: it counts only once the catalog says so.
   */
  'session.adopt': {
    params: z.object({ ...session, copy: z.string().optional() }),
    result: z.object({ rows: z.number().int() }),
    deadlineMs: 30_000,
  },
  /**
   * The copy counts now: put its rows on the change log, with those that the file `log` names, which were changed or removed where the session
   * lived before and perhaps not shipped. Also while it is open.
   */
  'session.settle': { params: z.object({ ...session, log: z.string().optional() }), result: Nothing, deadlineMs: 15_000 },
  /** Remove the rows of a session that lives in another slot now, without telling the object store. Refused while this runner holds it. */
  'session.forget': { params: z.object(session), result: Nothing, deadlineMs: 15_000 },
  /** Forget the changes up to `to`: the object store has them. */
  'store.trim': { params: z.object({ to: z.number().int().nonnegative() }), result: Nothing, deadlineMs: 30_000 },
  /** Take no new work, detach every session, commit, answer; the supervisor then ends the process. */
  'runner.drain': { params: Nothing, result: Nothing, deadlineMs: 20_000 },
} as const satisfies Record<string, CallSchema>;

const row = { seq: z.number().int().positive(), ...session };
/** What a runner keeps until the supervisor has committed it. */
export const SpoolRecord = z.discriminatedUnion('kind', [
  z.object({ ...row, kind: z.literal('message'), message: Message }),
  /** `by`: which recipient confirmed it, if one did. */
  z.object({
    ...row,
    kind: z.literal('status'),
    messageId: z.string(),
    status: MessageStatus,
    at: z.number().int(),
    by: z.string().optional(),
  }),
  z.object({ ...row, kind: z.literal('contacts'), contacts: z.array(Contact) }),
]);
export type SpoolRecord = z.infer<typeof SpoolRecord>;

/** Calls a runner makes and the supervisor answers. */
export const SUPERVISOR_CALLS = {
  /** Commit these, in this order; the answer is the acknowledgement that allows the runner to forget them. */
  'spool.commit': { params: z.object({ records: z.array(SpoolRecord).min(1) }), result: Nothing, deadlineMs: 30_000 },
  /**
   * Connect the session again; answers when that may begin. `pairing`: its first login, with all that comes then; `resume`: of a ramp. The
   * connect after `session.open` has had its turn.
   */
  'connect.turn': {
    params: z.object({ ...session, epoch: Epoch, kind: z.enum(['reconnect', 'pairing', 'resume']) }),
    result: z.object({ grantedAt: GrantedAt }),
    deadlineMs: 300_000,
  },
} as const satisfies Record<string, CallSchema>;

/** What a runner tells about a session; the supervisor turns it into states. */
export const SessionFact = z.discriminatedUnion('type', [
  z.object({ type: z.literal('connecting') }),
  /** `attempt` counts from 1; `expiresAt` is Unix milliseconds. */
  z.object({ type: z.literal('qr'), qr: z.string(), attempt: z.number().int(), expiresAt: z.number().int() }),
  /** Credentials exist from now on: the phone accepted this device. */
  z.object({ type: z.literal('paired'), jid: z.string(), lid: z.string().optional() }),
  z.object({ type: z.literal('open'), jid: z.string(), lid: z.string().optional(), pushName: z.string().optional() }),
  /** WhatsApp does not let the account do something; `until`, in Unix milliseconds, only if it told. */
  z.object({ type: z.literal('restricted'), kind: RestrictionKind, until: z.number().int().optional() }),
  z.object({ type: z.literal('unrestricted') }),
  /** WhatsApp has delivered everything it had for the connection. */
  z.object({ type: z.literal('caught_up') }),
  /** `retry`: the runner connects again by itself; `stop`, `logout`, `fail`: it does not. `still_failing`: shown as error, still retried. */
  z.object({
    type: z.literal('closed'),
    outcome: z.enum(['retry', 'stop', 'logout', 'fail', 'still_failing']),
    reason: Reason,
    detail: z.string().optional(),
  }),
  /**
   * Nothing came in for `silentMs` although the socket was open; a new one is made or was. `ping`: it answered no more; `backlog`: what should
   * have come meanwhile came with the next login.
   */
  z.object({ type: z.literal('deaf'), proof: z.enum(['ping', 'backlog']), silentMs: z.number().int().nonnegative(), rhythm: Rhythm }),
]);
export type SessionFact = z.infer<typeof SessionFact>;

/** Events a runner emits. The first frame of every runner is its `hello`. */
export const RUNNER_EVENTS = {
  hello: z.object({ protocol: z.number().int(), pid: z.number().int(), slot: z.number().int(), incarnation: z.number().int() }),
  /** Liveness and figures, every `BEAT_INTERVAL_MS`. Bytes and milliseconds; `cpuPercent` is of one core. */
  beat: z.object({
    rssBytes: z.number(),
    anonymousBytes: z.number(),
    heapUsedBytes: z.number(),
    heapLimitBytes: z.number(),
    cpuPercent: z.number(),
    eventLoopDelayP99Ms: z.number(),
    sessions: z.number().int(),
    spoolRecords: z.number().int(),
    spoolBytes: z.number().int(),
    unhandledRejections: z.number().int(),
  }),
  'session.fact': z.object({ ...session, epoch: Epoch, fact: SessionFact }),
  /** Who comes, goes or types in a chat, told while `presence.watch` is on. One that waits gives way to a newer one of the same person. */
  'session.presence': z.object({ ...session, chat: z.string(), who: Person, presence: Presence }),
} as const satisfies Record<string, z.ZodType>;

export const BEAT_INTERVAL_MS = 2_000;

export type RunnerCall = keyof typeof RUNNER_CALLS;
export type SupervisorCall = keyof typeof SUPERVISOR_CALLS;
type RunnerEvent = keyof typeof RUNNER_EVENTS;
export type RunnerEventOf<E extends RunnerEvent> = z.infer<(typeof RUNNER_EVENTS)[E]>;
export type Beat = RunnerEventOf<'beat'>;

/** Frames on the channel. `id` pairs an answer with its call, per direction. */
export const Frame = z.discriminatedUnion('t', [
  z.object({ t: z.literal('call'), id: z.number().int(), method: z.string(), params: z.unknown() }),
  z.object({ t: z.literal('ok'), id: z.number().int(), result: z.unknown() }),
  z.object({ t: z.literal('err'), id: z.number().int(), code: z.string(), message: z.string() }),
  z.object({ t: z.literal('cancel'), id: z.number().int() }),
  z.object({ t: z.literal('event'), name: z.string(), data: z.unknown() }),
]);
export type Frame = z.infer<typeof Frame>;
