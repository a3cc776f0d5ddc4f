import { messageOf } from '../errors.js';

/** Another program than this one is needed, or another key, or another file; waiting does not help. */
export class StoreRefusedError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreRefusedError';
  }
}

/** For a store that the file system or LMDB does not let us open. */
export const cannotOpen = (folder: string, access: 'read' | 'written', cause: unknown): StoreRefusedError =>
  new StoreRefusedError(
    `The store in ${folder} cannot be opened (${messageOf(cause)}); the disk or the file is damaged or may not be ${access}.`,
    { cause },
  );
