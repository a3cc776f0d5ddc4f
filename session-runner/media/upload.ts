import type { SealedAs, UploadedFile } from '../../shared/domain/outgoing-file.js';
import { AppError } from '../../shared/errors.js';
import { digestsOf } from './seal-file.js';
import { uploadFile, type UploadOptions } from './upload-file.js';

export interface Upload {
  path: string;
  /** In hex. */
  sha256: string;
  as: SealedAs;
  /** Base64. */
  mediaKey: string;
}

/** Reads the file twice: what it becomes has to be known before it is uploaded. @throws STORAGE_CORRUPT, and as `uploadFile` */
export const upload = async ({ path, sha256, as, mediaKey }: Upload, options: UploadOptions): Promise<UploadedFile> => {
  const file = { path, as, mediaKey: Buffer.from(mediaKey, 'base64') };
  const digests = await digestsOf(file, options.signal);
  if (digests.sha256.toString('hex') !== sha256) {
    throw new AppError('STORAGE_CORRUPT', 'The file of the message is not what it was when the message was accepted.');
  }
  const { url, directPath } = await uploadFile(file, digests, options);
  return { url, directPath, mediaKey, sealedSha256: digests.sealedSha256.toString('base64'), at: Date.now() };
};
