import { isMediaKind, type MediaRef } from '../../shared/domain/media.js';
import type { Key } from '../../shared/store/store.js';

/** Key of the rows about a file. */
export const mediaKey = ({ sessionId, kind, sha256 }: MediaRef): Key => [sessionId, kind, sha256];

export const refOfKey = ([sessionId, kind, sha256]: Key): MediaRef | undefined =>
  isMediaKind(String(kind)) ? ({ sessionId: String(sessionId), kind, sha256: String(sha256) } as MediaRef) : undefined;
