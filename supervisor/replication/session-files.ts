// The files of one session in the object store, beside its credentials and messages.
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { z } from 'zod';
import { fromBaileysJson, stringifyBaileys } from '../../shared/store/baileys-json.js';
import { DamagedError, openJson, sealBytes } from '../../shared/store/sealed-json.js';
import { ChatRecords } from '../chats/chat-records.js';
import type { EventRow } from '../events/event-row.js';
import type { IdempotencyRow, Intent, MessageCount, MessageDay, SessionRow } from '../supervisor-store.js';

const described = {
  sessionId: z.string(),
  workerId: z.string(),
  /** Journal number whose changes it includes. */
  generation: z.number().int(),
};

/** What a checkpoint says of a session: in the file with its credentials, and where there are none in the one that describes it. */
const Checkpoint = z.object({
  /** Journal number whose changes all files of the session include. */
  checkpoint: z.number().int(),
  hasSends: z.boolean(),
  row: z.custom<SessionRow>(
    (value) => z.object({ sessionId: z.string(), seq: z.number(), epoch: z.number(), state: z.string() }).safeParse(value).success,
  ),
  /** The last event's number. */
  lastEvent: z.number().int().optional(),
  /** What was set for it, as its row is stored, in base64. */
  settings: z.base64().optional(),
  /** The last event that the consumer of its webhook has. */
  webhookCursor: z.number().int().optional(),
  messageCount: z.object({ total: z.number().int(), n: z.number().int() }) satisfies z.ZodType<MessageCount>,
  days: z.record(
    z.string(),
    z.object({
      count: z.number().int(),
      part: z.number().int(),
      partBytes: z.number().int(),
      remoteParts: z.number().int(),
    }) satisfies z.ZodType<MessageDay>,
  ),
});
export type Checkpoint = z.infer<typeof Checkpoint>;

const SessionData = Checkpoint.extend({
  ...described,
  userId: z.string().nullable(),
  sessionName: z.string().nullable(),
  phoneNumber: z.string().nullable(),
  status: z.string(),
  createdAt: z.string(),
  lastActivity: z.string(),
  hasAuth: z.boolean(),
});
export type SessionData = z.infer<typeof SessionData>;

const SendsFile = z.object({
  ...described,
  intents: z.array(z.custom<Intent>((value) => z.object({ order: z.number(), messageId: z.string() }).safeParse(value).success)),
  idempotency: z.array(
    z.tuple([z.string(), z.custom<IdempotencyRow>((value) => z.object({ messageId: z.string() }).safeParse(value).success)]),
  ),
  /** Message id → what was sent, kept to answer retry receipts. */
  outgoing: z.array(z.tuple([z.string(), z.unknown()])),
  /** Recent events by their numbers. */
  events: z
    .array(
      z.tuple([z.number().int(), z.custom<EventRow>((value) => z.object({ type: z.string(), at: z.number() }).safeParse(value).success)]),
    )
    .optional(),
  /** Missing in the files of earlier versions. */
  chats: ChatRecords.optional(),
});
export type SendsFile = z.infer<typeof SendsFile>;

export const writeSessionData = (data: SessionData): Buffer => sealBytes(JSON.stringify(data));

/** @throws DamagedError */
export const readSessionData = (body: Buffer, sessionId: string): SessionData => parsed(SessionData, openJson(body), sessionId);

/**
 * The description of a session together with the checkpoint in the file with its credentials, of which either may be the newer one.
 * @param generation of that file
 * @throws DamagedError
 */
export const withCheckpoint = (data: SessionData, content: unknown, generation: number): SessionData => {
  // A file of an earlier version has none.
  if (content === undefined) return data;
  const { success, data: checkpoint, error } = Checkpoint.safeParse(content);
  if (!success) throw new DamagedError('the content has another shape', { cause: error });
  const { row, lastEvent, settings, webhookCursor, messageCount, days } = generation > data.generation ? checkpoint : data;
  const { checkpoint: number, hasSends } = checkpoint.checkpoint >= data.checkpoint ? checkpoint : data;
  return {
    ...data,
    generation: Math.max(generation, data.generation),
    checkpoint: number,
    hasSends,
    row,
    lastEvent,
    settings,
    webhookCursor,
    messageCount,
    days,
  };
};

export const writeSends = async (file: SendsFile): Promise<Buffer> => promisify(gzip)(sealBytes(stringifyBaileys(file)), { level: 1 });

/** @throws DamagedError */
export const readSends = async (body: Buffer, sessionId: string): Promise<SendsFile> => {
  const text = await promisify(gunzip)(body).catch((error: unknown) => {
    throw new DamagedError('not what was packed', { cause: error });
  });
  return parsed(SendsFile, fromBaileysJson(openJson(text)), sessionId);
};

const parsed = <T extends { sessionId: string }>(shape: z.ZodType<T>, content: unknown, sessionId: string): T => {
  const result = shape.safeParse(content);
  if (!result.success || result.data.sessionId !== sessionId)
    throw new DamagedError('the content has another shape', { cause: result.error });
  return result.data;
};
