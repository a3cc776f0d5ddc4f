import { createHmac } from 'node:crypto';
import { fileOf } from '../../shared/domain/outgoing.js';
import { SealedAs } from '../../shared/domain/outgoing-file.js';
import type { Store } from '../../shared/store/store.js';
import type { Fleet } from '../fleet/fleet.js';
import type { MediaLibrary } from '../media/media-library.js';
import { TABLES, type Intent } from '../supervisor-store.js';
import type { PendingSend } from './pending-send.js';

export interface SendUploadsOptions {
  store: Store;
  fleet: Pick<Fleet, 'call'>;
  library: Pick<MediaLibrary, 'hold'>;
}

/** Of one session. */
const AT_ONCE = 4;

/** Brings the files of messages to WhatsApp before the messages themselves, and remembers with the intent where they are. */
export class SendUploads {
  readonly #options: SendUploadsOptions;

  constructor(options: SendUploadsOptions) {
    this.#options = options;
  }

  /** Chooses who may go, in order: a message waits for those before it in its chat, not for the files of other chats. */
  pick(queue: readonly PendingSend[]): (pending: PendingSend) => boolean {
    const chats = new Set<string>();
    let uploading = queue.filter((pending) => pending.inFlight && needsUpload(pending.intent)).length;
    const now = Date.now();
    return ({ intent, inFlight, notBefore }) => {
      if (!needsUpload(intent)) return !chats.has(intent.to);
      const waits = chats.has(intent.to) || uploading >= AT_ONCE || notBefore > now;
      chats.add(intent.to);
      if (!waits && !inFlight) uploading++;
      return !waits;
    };
  }

  /** @throws MEDIA_NOT_FOUND, STORAGE_UNAVAILABLE, what the runner says */
  async ensure(pending: PendingSend, slot: number): Promise<void> {
    const { store, fleet, library } = this.#options;
    const { intent } = pending;
    const file = fileOf(intent.content);
    if (!file) return;
    const { sessionId } = intent;
    const { sha256 } = file;
    const { path, release } = await library.hold({ sessionId, kind: file.kind, sha256 });
    try {
      const as = sealedAs(intent.content.type);
      const uploaded = await fleet.call(slot, 'media.upload', { sessionId, path, sha256, as, mediaKey: mediaKeyOf(intent) });
      // What has its outcome meanwhile must not come back.
      if (pending.finishing) return;
      pending.intent = { ...pending.intent, uploaded };
      await store.commit([{ table: TABLES.intents, key: [sessionId, intent.order], value: pending.intent }]);
    } finally {
      release();
    }
  }
}

/** Whether a message waits for its file. */
export const needsUpload = ({ content, uploaded }: Intent): boolean => fileOf(content) !== undefined && uploaded === undefined;

const sealedAs = (type: Intent['content']['type']) => SealedAs.parse(type);

/** The same with every attempt, so that another one puts the same bytes in the same place. */
const mediaKeyOf = ({ secret = '', messageId }: Intent): string =>
  createHmac('sha256', secret).update(`media ${messageId}`).digest('base64');
