import type { OutgoingContent } from '../../../shared/domain/outgoing.js';
import type { StagedUpload } from '../../media/media-intake.js';
import { wishIdentity } from '../../media/media-wish.js';
import type { LateContent, Worker } from '../../worker.js';
import { invalidRequest } from '../parse.js';
import type { AskedMedia } from '../schemas/media.js';

/** What is to be sent; a file is brought only when the message turns out to be a new one. @throws INVALID_REQUEST unless there is one file for it */
export const readyContent = (
  { files }: Pick<Worker, 'files'>,
  sessionId: string,
  content: OutgoingContent | AskedMedia,
  staged?: StagedUpload,
): OutgoingContent | LateContent => {
  if (!('wish' in content)) {
    if (staged) throw invalidRequest([{ path: 'type', message: `a message of the type ${content.type} brings no file` }]);
    return content;
  }
  const { wish, sources } = content;
  const [source, ...others] = [...sources, ...(staged ? [{ from: 'upload', staged } as const] : [])];
  if (!source || others.length > 0) {
    throw invalidRequest([{ path: 'mediaUrl', message: 'give one of mediaUrl, media and mediaKey, or send the file with the request' }]);
  }
  return { wish: wishIdentity(wish, source), bring: async () => files.bring(sessionId, wish, source) };
};
