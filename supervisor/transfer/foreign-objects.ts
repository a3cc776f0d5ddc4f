// Objects whose keys are not built by us: classic file names have `@`, `+` and `=`, which our own keys never do.
import { ObjectStoreError } from '../../shared/object-store/object-store.js';
import { readAll, S3Client } from '../../shared/object-store/s3-client.js';
import { parseEndpoint } from '../../shared/object-store/s3-endpoint.js';
import { S3AnswerError, s3Error } from '../../shared/object-store/s3-errors.js';
import { withRetries } from '../../shared/object-store/s3-retry.js';
import type { S3Config } from '../config.js';

const LIMITS = { idleMs: 10_000, totalMs: 60_000, maxSockets: 32 };
const RETRIES = { attempts: 4, baseMs: 200, maxMs: 2_000, withinMs: LIMITS.totalMs };
const PAGE = 1_000;

/** Reads only; a bucket that is missing is not made. */
export class ForeignObjects {
  readonly #client: S3Client;

  constructor({ endpoint, useSsl, bucket, ...options }: S3Config) {
    const address = parseEndpoint(endpoint, useSsl);
    if (!address) throw new ObjectStoreError('invalid', 'the endpoint is neither host, host:port nor a URL of one');
    this.#client = new S3Client(bucket, { ...address, ...options, ...LIMITS });
  }

  /** Keys in their order. @throws ObjectStoreError */
  async *list(prefix: string): AsyncGenerator<string> {
    let after = '';
    for (let more = true; more;) {
      const from = after;
      const page = await this.#run('list', async () => this.#client.list(prefix, from, PAGE));
      for (const { name } of page.objects) {
        if (name === undefined) continue;
        yield name;
        after = name;
      }
      more = page.more && page.objects.length > 0;
    }
  }

  /** Undefined when there is no such object. @throws ObjectStoreError */
  async get(key: string): Promise<Buffer | undefined> {
    return this.#run('get', async () => {
      try {
        return await readAll(await this.#client.send({ method: 'GET', key }));
      } catch (error) {
        if (error instanceof S3AnswerError && error.code === 'NoSuchKey') return undefined;
        throw error;
      }
    });
  }

  close(): void {
    this.#client.close();
  }

  async #run<T>(doing: string, attempt: () => Promise<T>): Promise<T> {
    return withRetries(attempt, (error) => s3Error(doing, error), RETRIES);
  }
}
