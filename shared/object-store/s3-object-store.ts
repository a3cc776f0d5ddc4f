import type { Readable } from 'node:stream';
import type { BackoffOptions } from '../backoff.js';
import { guardedStream } from './guarded-stream.js';
import { isKey, isPrefix } from './keys.js';
import { ObjectStoreError, type ObjectInfo, type ObjectStore, type PutCondition, type StoredObject } from './object-store.js';
import { etagOf, readAll, S3Client } from './s3-client.js';
import { parseEndpoint } from './s3-endpoint.js';
import { s3Error, S3AnswerError } from './s3-errors.js';
import { withRetries } from './s3-retry.js';
import { PART_BYTES, S3Uploads } from './s3-uploads.js';
import { sourceChunks } from './source-chunks.js';

export interface S3ObjectStoreOptions {
  /** `host`, `host:port` or a URL. */
  endpoint: string;
  accessKey: string;
  secretKey: string;
  bucket: string;
  /** For an endpoint without a scheme. */
  useSsl: boolean;
  region: string;
  timeouts?: { idleMs?: number; totalMs?: number };
  retries?: Partial<BackoffOptions> & { attempts?: number };
  maxSockets?: number;
}

const TIMEOUTS = { idleMs: 10_000, totalMs: 60_000 };
const RETRIES = { attempts: 3, baseMs: 100, maxMs: 1_000 };
const MOST_SOCKETS = 32;
const PAGE = 1_000;
/** For a server that cannot delete many at once. */
const SINGLE_DELETES_AT_ONCE = 8;
const HEADERS = { 'content-type': 'application/octet-stream' };

/** A bucket of an S3-compatible server. */
export class S3ObjectStore implements ObjectStore {
  readonly #client: S3Client;
  readonly #uploads: S3Uploads;
  readonly #region: string;
  readonly #retries: BackoffOptions & { attempts: number; withinMs: number };

  /** @throws ObjectStoreError of kind `invalid` for an endpoint that is none */
  constructor(options: S3ObjectStoreOptions) {
    const { accessKey, secretKey, bucket, region, maxSockets = MOST_SOCKETS, timeouts, retries } = options;
    const address = parseEndpoint(options.endpoint, options.useSsl);
    if (!address) throw new ObjectStoreError('invalid', 'the endpoint is neither host, host:port nor a URL of one');
    const limits = { ...TIMEOUTS, ...timeouts };
    this.#region = region;
    this.#retries = { ...RETRIES, ...retries, withinMs: limits.totalMs };
    this.#client = new S3Client(bucket, { ...address, ...limits, accessKey, secretKey, region, maxSockets });
    this.#uploads = new S3Uploads(this.#client, async (attempt) => this.#run('put', attempt));
  }

  async open(): Promise<void> {
    // A list needs the rights that matter, and its errors, unlike those of HEAD, have a body that says why.
    const look = async (): Promise<unknown> => this.#client.list('', '', 1);
    await this.#run('open', async () => {
      try {
        await look();
      } catch (error) {
        if (codeOf(error) !== 'NoSuchBucket') throw error;
        await this.#makeBucket();
        await look();
      }
    });
  }

  async put(key: string, body: Buffer, condition?: PutCondition): Promise<{ etag: string }> {
    checkKey(key);
    const headers = { ...HEADERS, ...conditionHeaders(condition), ...this.#client.checksumOf(body) };
    const attempt = async (): Promise<{ etag: string }> => {
      const response = await this.#client.send({ method: 'PUT', key, headers }, body, body.length > PART_BYTES);
      await readAll(response);
      return { etag: etagOf(response) };
    };
    if (!condition) return this.#run('put', attempt);
    const toError = (error: unknown): ObjectStoreError =>
      // Some servers answer so when there is nothing left to replace.
      codeOf(error) === 'NoSuchKey' ? new ObjectStoreError('precondition', 'put: 404 NoSuchKey', { cause: error }) : s3Error('put', error);
    // Repeated after it landed unseen, it would meet its own object and take it for somebody else's.
    return withRetries(attempt, toError, this.#retries, neverArrived);
  }

  async putStream(key: string, body: Readable, bytes: number): Promise<void> {
    const chunks = sourceChunks(body, bytes);
    try {
      checkKey(key);
      if (bytes > PART_BYTES) {
        await this.#uploads.put(key, chunks, bytes, HEADERS);
        return;
      }
      const whole: Buffer[] = [];
      for await (const chunk of chunks) whole.push(chunk);
      await this.put(key, Buffer.concat(whole));
    } catch (error) {
      throw s3Error('put', error);
    } finally {
      body.destroy();
    }
  }

  async get(key: string): Promise<StoredObject | undefined> {
    checkKey(key);
    return this.#run('get', async () =>
      unlessMissing(async () => {
        const response = await this.#client.send({ method: 'GET', key });
        return { body: await readAll(response), etag: etagOf(response) };
      }),
    );
  }

  async getStream(key: string): Promise<{ body: Readable; bytes: number } | undefined> {
    checkKey(key);
    return this.#run('get', async () =>
      unlessMissing(async () => {
        const response = await this.#client.send({ method: 'GET', key }, '', true);
        const bytes = Number(response.headers['content-length'] ?? NaN);
        if (Number.isNaN(bytes) || !response.headers.etag) {
          response.destroy();
          throw new Error('the answer is none of an S3 server');
        }
        return { body: guardedStream(response, bytes, (error) => s3Error('get', error)), bytes };
      }),
    );
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    if (!isPrefix(prefix)) throw new ObjectStoreError('invalid', 'list: not a prefix');
    let after = '';
    for (let more = true; more;) {
      const page = await this.#run('list', async () => this.#client.list(prefix, after, PAGE));
      for (const { name, size, lastModified } of page.objects) {
        if (name === undefined) continue;
        yield { key: name, bytes: size, modifiedAt: lastModified?.getTime() ?? 0 };
        after = name;
      }
      more = page.more && page.objects.length > 0;
    }
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) checkKey(key);
    for (let from = 0; from < keys.length; from += PAGE) {
      const batch = keys.slice(from, from + PAGE);
      const understood = await this.#run('delete', async () => this.#deleteMany(batch));
      if (!understood) await this.#deleteSingly(batch);
    }
  }

  async close(): Promise<void> {
    this.#client.close();
    return Promise.resolve();
  }

  async #run<T>(doing: string, attempt: () => Promise<T>): Promise<T> {
    return withRetries(attempt, (error) => s3Error(doing, error), this.#retries);
  }

  async #makeBucket(): Promise<void> {
    try {
      await this.#client.makeBucket(this.#region);
    } catch (error) {
      if (codeOf(error) === 'BucketAlreadyOwnedByYou') return;
      // The bucket is missing, and to make it is not allowed.
      if (codeOf(error) === 'AccessDenied') throw new ObjectStoreError('bucket', 'open: AccessDenied to make it', { cause: error });
      throw error;
    }
  }

  /** @returns false when the server does not know this request */
  async #deleteMany(keys: readonly string[]): Promise<boolean> {
    try {
      const failures = (await this.#client.removeMany(keys)).filter((code) => code !== 'NoSuchKey');
      if (failures[0] !== undefined) throw new S3AnswerError(200, failures[0]);
      return true;
    } catch (error) {
      if (error instanceof S3AnswerError && (error.code === 'NotImplemented' || [405, 501].includes(error.status))) return false;
      throw error;
    }
  }

  async #deleteSingly(keys: readonly string[]): Promise<void> {
    for (let from = 0; from < keys.length; from += SINGLE_DELETES_AT_ONCE) {
      await Promise.all(
        keys
          .slice(from, from + SINGLE_DELETES_AT_ONCE)
          .map(async (key) =>
            this.#run('delete', async () => unlessMissing(async () => readAll(await this.#client.send({ method: 'DELETE', key })))),
          ),
      );
    }
  }
}

const checkKey = (key: string): void => {
  if (!isKey(key)) throw new ObjectStoreError('invalid', 'not a key');
};

/** Without quotes: some servers compare the etag letter by letter. */
const conditionHeaders = (condition: PutCondition | undefined): Record<string, string> => {
  if (!condition) return {};
  return 'ifAbsent' in condition ? { 'if-none-match': '*' } : { 'if-match': condition.ifMatch };
};

const codeOf = (error: unknown): string | undefined => (error instanceof S3AnswerError ? error.code : undefined);

const unlessMissing = async <T>(read: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await read();
  } catch (error) {
    if (codeOf(error) === 'NoSuchKey') return undefined;
    throw error;
  }
};

/** There was no connection to send anything over. */
const neverArrived = ({ cause }: ObjectStoreError): boolean =>
  ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'].includes(
    (cause as NodeJS.ErrnoException | undefined)?.code ?? '',
  );
