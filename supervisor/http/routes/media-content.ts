import type { OutgoingContent } from '../../../shared/domain/outgoing.js';
import type { ErrorCode } from '../../../shared/errors.js';
import type { StagedUpload } from '../../media/media-intake.js';
import { wishIdentity } from '../../media/media-wish.js';
import type { SendRequest, Worker } from '../../worker.js';
import { invalidRequest } from '../parse.js';
import type { AskedMedia } from '../schemas/media.js';

/** What can be wrong with a file that is to be sent. */
export const FILE_ERRORS = [
  'MEDIA_NOT_FOUND',
  'UNSUPPORTED_MEDIA',
  'MEDIA_URL_REFUSED',
  'MEDIA_FETCH_FAILED',
  'STORAGE_CORRUPT',
] as const satisfies ErrorCode[];

/** What is to be sent; a file is brought only when the message turns out to be a new one. @throws INVALID_REQUEST unless there is one file for it */
export const readyContent = (
  { media }: Pick<Worker, 'media'>,
  sessionId: string,
  content: OutgoingContent | AskedMedia,
  staged?: StagedUpload,
): Pick<SendRequest, 'content' | 'wish'> => {
  if (!('wish' in content)) {
    if (staged) throw invalidRequest([{ path: 'type', message: `a message of the type ${content.type} brings no file` }]);
    return { content };
  }
  const { wish, sources } = content;
  const [source, ...others] = [...sources, ...(staged ? [{ from: 'upload', staged } as const] : [])];
  if (!source || others.length > 0) {
    throw invalidRequest([{ path: 'mediaUrl', message: 'give one of mediaUrl, media and mediaKey, or send the file with the request' }]);
  }
  return {
    content: { quoted: wish.quoted, bring: async () => media.bring(sessionId, wish, source) },
    wish: wishIdentity(wish, source),
  };
};
