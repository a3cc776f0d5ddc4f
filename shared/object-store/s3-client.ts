// The only file that imports the S3 client.
import { createHash } from 'node:crypto';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { Client } from 'minio';
import type { S3Endpoint } from './s3-endpoint.js';
import { createTransport } from './s3-transport.js';

export interface S3ClientOptions extends S3Endpoint {
  accessKey: string;
  secretKey: string;
  region: string;
  maxSockets: number;
  idleMs: number;
  totalMs: number;
}

export interface S3Request {
  method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  key: string;
  query?: string;
  headers?: Record<string, string>;
}

export interface ListedObject {
  name?: string;
  size: number;
  lastModified?: Date;
}

/** Shorter than servers and proxies keep an idle connection, so that no request meets one that is just being closed. */
const KEEP_IDLE_MS = 4_000;

/** Signed requests to one bucket, each tried once. */
export class S3Client {
  readonly #bucket: string;
  readonly #useSsl: boolean;
  readonly #agent: http.Agent;
  /** With a deadline for the whole request. */
  readonly #bounded: Client;
  /** For bodies whose size is not known to be small: only standing still ends these. */
  readonly #streaming: Client;

  constructor(bucket: string, { host, port, useSsl, accessKey, secretKey, region, maxSockets, idleMs, totalMs }: S3ClientOptions) {
    this.#bucket = bucket;
    this.#useSsl = useSsl;
    this.#agent = new (useSsl ? https : http).Agent({ keepAlive: true, maxSockets, timeout: KEEP_IDLE_MS });
    const create = (deadline: { totalMs?: number }): Client =>
      new Client({
        endPoint: host,
        port,
        useSSL: useSsl,
        accessKey,
        secretKey,
        // Without it every error answer costs another request, which asks for the region.
        region,
        transport: createTransport({ useSsl, idleMs, ...deadline }),
        transportAgent: this.#agent,
        retryOptions: { disableRetry: true },
      });
    this.#bounded = create({ totalMs });
    this.#streaming = create({});
  }

  /** For the server to compare. Without TLS the signature is of a checksum of the body, and another one would tell nothing new. */
  checksumOf(body: Buffer): Record<string, string> {
    return this.#useSsl ? { 'content-md5': createHash('md5').update(body).digest('base64') } : {};
  }

  /** The caller reads the answer to its end or destroys it. */
  async send({ key, ...request }: S3Request, body: Buffer | '' = '', stream = false): Promise<IncomingMessage> {
    const client = stream ? this.#streaming : this.#bounded;
    return client.makeRequestAsync({ ...request, bucketName: this.#bucket, objectName: key }, body, [200, 204]);
  }

  /** At most `limit` objects, 1000 or fewer, that come after the key `after`. */
  async list(prefix: string, after: string, limit: number): Promise<{ objects: ListedObject[]; more: boolean }> {
    const { objects, isTruncated } = await this.#bounded.listObjectsV2Query(this.#bucket, prefix, '', '', limit, after);
    return { objects, more: isTruncated };
  }

  /** At most 1000 keys. @returns the S3 code of each removal that failed */
  async removeMany(keys: readonly string[]): Promise<string[]> {
    const failures = (await this.#bounded.removeObjects(this.#bucket, [...keys])) as readonly { Code?: string }[];
    return failures.map(({ Code }) => Code ?? 'InternalError');
  }

  async makeBucket(region: string): Promise<void> {
    await this.#bounded.makeBucket(this.#bucket, region);
  }

  async startUpload(key: string, headers: Record<string, string>): Promise<string> {
    return this.#bounded.initiateNewMultipartUpload(this.#bucket, key, headers);
  }

  /** Putting the parts together takes a server time, during which it may say nothing. */
  async completeUpload(key: string, uploadId: string, parts: { part: number; etag: string }[]): Promise<void> {
    await this.#bounded.completeMultipartUpload(this.#bucket, key, uploadId, parts);
  }

  async abortUpload(key: string, uploadId: string): Promise<void> {
    await this.#bounded.abortMultipartUpload(this.#bucket, key, encodeURIComponent(uploadId));
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** @throws when the answer has none, as every S3 answer about an object has */
export const etagOf = ({ headers }: IncomingMessage): string => {
  const etag = headers.etag?.replace(/^W\//, '').replaceAll('"', '');
  if (!etag) throw new Error('the answer has no etag');
  return etag;
};

export const readAll = async (response: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
};
