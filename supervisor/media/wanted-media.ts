// Which messages bring a file, and the rows that say what is to become of it.
import { mediaKindOf, type MediaFailureReason, type MediaKind, type MediaRef } from '../../shared/domain/media.js';
import type { Message } from '../../shared/domain/message.js';
import type { Key, Store, Write } from '../../shared/store/store.js';
import { indexKey } from '../messages/message-index.js';
import { TABLES, type MediaJob, type MessageMedia } from '../supervisor-store.js';

/** The kind of a message's file; undefined when it brings none, or was revoked. */
export const fileKindOf = ({ type, revokedAt }: Pick<Message, 'type' | 'revokedAt'>): MediaKind | undefined =>
  revokedAt === undefined ? mediaKindOf(type) : undefined;

/** The file as the message tells of it; undefined when it tells no digest. */
export const promisedRef = (sessionId: string, message: Message): MediaRef | undefined => {
  const kind = fileKindOf(message);
  const sha256 = message.details?.['sha256'];
  return kind !== undefined && typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256) ? { sessionId, kind, sha256 } : undefined;
};

/** Undefined when the message does not tell. */
export const promisedBytes = ({ details }: Pick<Message, 'details'>): number | undefined => {
  const bytes = details?.['bytes'];
  return typeof bytes === 'number' ? bytes : undefined;
};

export const mimetypeOf = ({ details }: Pick<Message, 'details'>): string | undefined => {
  const mimetype = details?.['mimetype'];
  return typeof mimetype === 'string' ? mimetype : undefined;
};

export const mediaOf = (store: Pick<Store, 'get'>, sessionId: string, message: Message): MessageMedia | undefined =>
  store.get<MessageMedia>(TABLES.messageMedia, indexKey(sessionId, message));

type State = { state: 'wanted' } | { state: 'stored'; sha256: string; bytes: number } | { state: 'failed'; reason: MediaFailureReason };

/** @param at Unix milliseconds */
export const noteMedia = (sessionId: string, message: Message, kind: MediaKind, at: number, state: State): Write => {
  const { id, fromMe, from } = message;
  const mimetype = mimetypeOf(message);
  const value: MessageMedia = { id, ...(!fromMe && { from }), kind, ...(mimetype !== undefined && { mimetype }), at, ...state };
  return { table: TABLES.messageMedia, key: indexKey(sessionId, message), value };
};

/** @param place key of the message's row */
export const noteJob = (place: Key, job: MediaJob | undefined): Write => ({ table: TABLES.mediaJobs, key: place, value: job });

/** To be committed so that the file of a message is downloaded as soon as that can be. */
export const wantMedia = (place: Key, message: Message, kind: MediaKind, now: number): Write[] => [
  noteMedia(String(place[0]), message, kind, now, { state: 'wanted' }),
  noteJob(place, { attempts: 0, dueAt: now }),
];

/**
 * What to commit with `writes`, so that the files of the messages that come with them are downloaded.
 * @param maxBytes larger ones are not
 */
export const wantedWith = (store: Pick<Store, 'get'>, writes: readonly Write[], maxBytes: number, now: number): Write[] =>
  writes.flatMap(({ table, key, value }): Write[] => {
    if (table !== TABLES.messages || value === undefined) return [];
    const message = value as Message;
    const before = store.get<Message>(table, key);
    const kind = fileKindOf(message);
    if (kind === undefined || message.raw === undefined || (before && fileKindOf(before) !== undefined)) return [];
    if ((promisedBytes(message) ?? 0) <= maxBytes) return wantMedia(key, message, kind, now);
    return [noteMedia(String(key[0]), message, kind, now, { state: 'failed', reason: 'too_large' })];
  });
