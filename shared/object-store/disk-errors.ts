import { messageOf } from '../errors.js';
import { ObjectStoreError, type ObjectStoreTrouble } from './object-store.js';

const KINDS: Readonly<Record<string, ObjectStoreTrouble>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EFBIG: 'full',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  EISDIR: 'invalid',
  ENOTDIR: 'invalid',
  EEXIST: 'invalid',
  ENAMETOOLONG: 'invalid',
  // A mount that went away, a network file system whose server is gone.
  ENOTCONN: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ESTALE: 'unreachable',
  ETIMEDOUT: 'timeout',
};

/** What a failure of the file system means to the user of the store. */
export const diskError = (doing: string, error: unknown): ObjectStoreError => {
  if (error instanceof ObjectStoreError) return error;
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  // Without the path, which holds session ids.
  return new ObjectStoreError((code && KINDS[code]) || 'unavailable', `${doing}: ${code ?? messageOf(error)}`, { cause: error });
};
