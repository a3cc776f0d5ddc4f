// Which keys are written how: most stay as they were, so an object has them all and what changed since is written beside it.
import { hash } from 'node:crypto';
import { nameOf, PRE_KEY, sealingKey, type KeyFileRef, type KeyName, type KeyRow } from '../../shared/store/key-file.js';

export type KeyDigest = [...KeyName, digest: string];

/** An object of keys, and what tells later which of them changed. */
export interface SavedKeys extends KeyFileRef {
  bytes: number;
  /** Of all pre-keys in it, the ones used since included. */
  preKeys: string[];
  /** Of all other keys in it, those that changed or went since included. */
  others: KeyDigest[];
  /** What its rows are encrypted with. */
  keyId: string | undefined;
}

/** What differs from the rows in an object. */
export interface KeyChanges {
  changed: KeyRow[];
  gone: KeyName[];
}

/** With more changed than this share of its bytes, or more gone than this share of its keys, an object has had its time. */
const MOST_CHANGED = 0.5;
const DIGEST_LENGTH = 32;

/** @param rows of the object, which has `bytes` */
export const savedKeys = (ref: KeyFileRef, rows: readonly KeyRow[], bytes: number): SavedKeys => ({
  ...ref,
  bytes,
  preKeys: rows.filter(([type]) => type === PRE_KEY).map(([, id]) => id),
  others: digestsOf(rows.filter(([type]) => type !== PRE_KEY)),
  keyId: sealingKey(rows),
});

const digestsOf = (rows: readonly KeyRow[]): KeyDigest[] =>
  rows.map(([type, id, value]) => [type, id, hash('sha256', value).slice(0, DIGEST_LENGTH)]);

/** @param rows of other keys than pre-keys @returns undefined when a new object should have them all */
export const changesSince = ({ others, bytes }: SavedKeys, rows: readonly KeyRow[]): KeyChanges | undefined => {
  const left = new Map(others.map(([type, id, digest]) => [nameOf([type, id]), digest]));
  const digests = digestsOf(rows);
  const changed = rows.filter(([type, id], index) => {
    const name = nameOf([type, id]);
    const before = left.get(name);
    left.delete(name);
    return before !== digests[index]?.[2];
  });
  const gone = others.filter(([type, id]) => left.has(nameOf([type, id]))).map(([type, id]): KeyName => [type, id]);
  const changedBytes = changed.reduce((sum, [, , value]) => sum + value.length, 0);
  return changedBytes > bytes * MOST_CHANGED || gone.length > others.length * MOST_CHANGED ? undefined : { changed, gone };
};
