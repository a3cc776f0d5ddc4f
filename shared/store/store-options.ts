import type { RowCipher } from './row-cipher.js';
import type { Key } from './store.js';

export interface StoreOptions {
  tables: readonly string[];
  /** Tables whose rows are encrypted when there is a cipher. */
  sealed?: readonly string[];
  cipher?: RowCipher | undefined;
  /** Tables whose changes are kept in the change log until `trimChanges`. */
  tracked?: readonly string[];
  /** By table: the one that has copies of some of its rows. A commit that writes a row removes its copy. */
  copies?: Readonly<Record<string, string>> | undefined;
  /** Which rows are read again and again while they are in use; see `RecentRows`. */
  recent?: ((table: string, key: Key) => boolean) | undefined;
  /** Size of the store from which on it takes removals only. */
  maxBytes?: number | undefined;
  /** Told when the disk begins to refuse writes, with a sentence, and with nothing when it takes them again. */
  onTrouble?: ((sentence: string | undefined) => void) | undefined;
  /** Told once when the disk takes writes again after a failure that this process cannot recover from: only one that opens it anew can. */
  onLost?: (() => void) | undefined;
}

export interface CommitOptions {
  /** False for rows that came from the object store. */
  tracked?: boolean;
  /** Nobody reads these rows before the commit has ended. */
  unread?: boolean;
}
