// The port to whatever keeps objects: a bucket of an S3-compatible server, or a folder.
import type { Readable } from 'node:stream';

export interface ObjectInfo {
  key: string;
  bytes: number;
  /** Unix milliseconds. */
  modifiedAt: number;
}

export interface StoredObject {
  body: Buffer;
  /** Opaque; changes with every put. */
  etag: string;
}

/** At most one: put only when the key is free, or only when the object is still the one with this etag. */
export type PutCondition = { ifAbsent: true } | { ifMatch: string };

/**
 * Every method rejects with an `ObjectStoreError`. Keys are built in `keys.ts`. A put is atomic: a reader sees the old object or the new
 * one, and it is durable when the promise resolves.
 */
export interface ObjectStore {
  /** Makes the bucket or folder if it is missing. To be called, and repeated until it resolves, before anything else. */
  open(): Promise<void>;
  /**
   * @throws kind `precondition` when the condition does not hold; after kind `timeout`, `unreachable` or `unavailable` the object may be
   * there nevertheless, or come to be there
   */
  put(key: string, body: Buffer, condition?: PutCondition): Promise<{ etag: string }>;
  /** As `put`, of `bytes` bytes in constant memory; destroys `body`. When that fails or brings another number, nothing changes under `key`. */
  putStream(key: string, body: Readable, bytes: number): Promise<void>;
  /** Undefined when there is no such object. */
  get(key: string): Promise<StoredObject | undefined>;
  /** The caller reads the stream to its end or destroys it; it too fails with an `ObjectStoreError`, also when bytes are missing. */
  getStream(key: string): Promise<{ body: Readable; bytes: number } | undefined>;
  /** In key order. `prefix` ends in `/`, so that `user1` never means `user10`. */
  list(prefix: string): AsyncGenerator<ObjectInfo>;
  /** Removes what is there; a missing key is no error. */
  delete(keys: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** What kind of trouble it is; each has its sentence, and `retryable` says whether waiting can help. */
export const OBJECT_STORE_TROUBLES = {
  unreachable: { retryable: true, sentence: 'The object store cannot be reached; it is tried again and nothing is lost meanwhile.' },
  timeout: { retryable: true, sentence: 'The object store does not answer in time; it is tried again and nothing is lost meanwhile.' },
  unavailable: {
    retryable: true,
    sentence: 'The object store answers with errors of its own; it is tried again and nothing is lost meanwhile.',
  },
  full: { retryable: true, sentence: 'The object store has no room left; make room, it is tried again until then.' },
  credentials: {
    retryable: true,
    sentence: 'The object store refuses the access key or the secret key; correct MINIO_ACCESS_KEY and MINIO_SECRET_KEY.',
  },
  denied: { retryable: true, sentence: 'The access key may not use this bucket; allow it to list, read, write and delete there.' },
  bucket: { retryable: true, sentence: 'The bucket cannot be used or made; check MINIO_BUCKET_NAME and MINIO_REGION.' },
  clock: { retryable: true, sentence: 'The clock of this machine and that of the object store differ too much; set them right.' },
  tls: {
    retryable: true,
    sentence: 'The certificate of the object store is expired or not trusted; renew it, or set NODE_EXTRA_CA_CERTS.',
  },
  protocol: {
    retryable: true,
    sentence: 'What answers at MINIO_ENDPOINT is no S3-compatible server; check the address and MINIO_USE_SSL.',
  },
  precondition: { retryable: false, sentence: 'Somebody else changed the object first.' },
  invalid: { retryable: false, sentence: 'The request is not one the object store can take.' },
} as const;
export type ObjectStoreTrouble = keyof typeof OBJECT_STORE_TROUBLES;

export class ObjectStoreError extends Error {
  readonly kind: ObjectStoreTrouble;

  /** @param detail what was seen, without secrets; for the log */
  constructor(kind: ObjectStoreTrouble, detail: string, options?: ErrorOptions) {
    super(`${OBJECT_STORE_TROUBLES[kind].sentence} (${detail})`, options);
    this.name = 'ObjectStoreError';
    this.kind = kind;
  }

  get sentence(): string {
    return OBJECT_STORE_TROUBLES[this.kind].sentence;
  }

  get retryable(): boolean {
    return OBJECT_STORE_TROUBLES[this.kind].retryable;
  }
}
