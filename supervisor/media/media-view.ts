// What a client is told about the file of a message.
import { KEYS } from '../../shared/object-store/keys.js';
import type { MediaFailureReason } from '../../shared/domain/media.js';
import type { Message } from '../../shared/domain/message.js';
import type { Store } from '../../shared/store/store.js';
import type { MessageMedia } from '../supervisor-store.js';
import type { MediaLibrary } from './media-library.js';
import { fileKindOf, mediaOf, mimetypeOf, promisedBytes, promisedRef } from './wanted-media.js';

export interface MediaView {
  /** `available`: not here, and nobody asked for it. */
  state: 'stored' | 'wanted' | 'failed' | 'available';
  /** Path of the API. */
  url: string;
  /** Of the object store, once it is stored. */
  key: string | undefined;
  mimetype: string | undefined;
  bytes: number | undefined;
  sha256: string | undefined;
  /** Of `failed`. */
  reason: MediaFailureReason | undefined;
}

export interface ShownMessage extends Message {
  media?: MediaView | undefined;
}

/** Undefined for a message without a file. */
export const mediaView = (
  store: Pick<Store, 'get'>,
  library: Pick<MediaLibrary, 'find'>,
  sessionId: string,
  message: Message,
): MediaView | undefined => {
  const kind = fileKindOf(message);
  if (kind === undefined) return undefined;
  const { id, fromMe, from } = message;
  const noted = mediaOf(store, sessionId, message);
  const promised = promisedRef(sessionId, message);
  const base: MessageMedia = { id, ...(!fromMe && { from }), kind, at: 0, state: 'wanted' };
  const ref = noted?.state === 'stored' ? { sessionId, kind, sha256: noted.sha256 } : promised;
  const row = ref && library.find(ref);
  const told = { mimetype: mimetypeOf(message), bytes: promisedBytes(message), sha256: promised?.sha256 };
  if (row)
    return {
      ...viewOf(sessionId, { ...base, state: 'stored', sha256: ref.sha256, bytes: row.bytes }),
      mimetype: told.mimetype ?? row.mimetype,
    };
  const view = viewOf(sessionId, noted ?? base);
  return { ...view, ...told, state: noted && noted.state !== 'stored' ? noted.state : 'available', key: undefined };
};

export const viewOf = (sessionId: string, media: MessageMedia): MediaView => {
  const { id, from, kind, mimetype, state } = media;
  const stored = media.state === 'stored' ? media : undefined;
  const sender = from === undefined ? '' : `?from=${encodeURIComponent(from)}`;
  return {
    state,
    url: `/session/${sessionId}/media/${encodeURIComponent(id)}${sender}`,
    key: stored && KEYS.mediaFile({ sessionId, kind, sha256: stored.sha256 }),
    mimetype,
    bytes: stored?.bytes,
    sha256: stored?.sha256,
    reason: media.state === 'failed' ? media.reason : undefined,
  };
};
