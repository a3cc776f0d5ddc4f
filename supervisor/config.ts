import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { readEnvironment, type Environment, type Values } from '../shared/config.js';
import { folderOf, RULES, VARIABLES } from './config-variables.js';
import type { Prefixes } from './backend/dialects/dialect.js';
import type { EventRetention } from './events/event-sweep.js';
import { recycleBytes, recycleMegabytes, runnerOptions } from './fleet/runner-memory.js';
import { splitNodeOptions } from './fleet/node-options.js';
import { isLoopback } from './loopback.js';
import type { SendPace } from './messages/send-pace.js';
import { NOTHING_ALLOWED, parseFetchAllowance, type FetchAllowance } from './media/fetch-allowance.js';
import { defaultRoom } from './placement/placement.js';
import type { WorkerWebhook } from './webhooks/webhook-target.js';

export interface S3Config {
  endpoint: string;
  useSsl: boolean;
  accessKey: string;
  secretKey: string;
  bucket: string;
  region: string;
}

export interface BackendConfig {
  /** Without a slash at its end. */
  url: string;
  dialect: 'guide' | 'whatsam';
  /** Only what differs from the dialect's own. */
  prefixes: Partial<Prefixes>;
  heartbeatIntervalMs: number;
}

/** What the supervisor runs with; frozen. */
export interface Config {
  readonly workerId: string;
  readonly port: number;
  readonly host: string;
  readonly maxSessions: number;
  readonly runnerMaxSessions: number;
  readonly version: string;
  readonly environment: 'DEVELOPMENT' | 'TESTING' | 'STAGING' | 'PRODUCTION';
  readonly description: string | undefined;
  readonly authToken: string | undefined;
  /** Who may use the API: holders of the token, programs of this machine, or everyone who reaches the port. */
  readonly apiAccess: 'token' | 'loopback' | 'open';
  /** Undefined: standalone. */
  readonly backend: BackendConfig | undefined;
  /** Address to tell the backend, without a slash at its end; undefined: found out. */
  readonly endpoint: string | undefined;
  readonly podIp: string | undefined;
  /** Use of memory from which on no more sessions are taken. */
  readonly capacityMemoryPercent: number;
  /** Absolute. */
  readonly dataDir: string;
  /** A bucket or a folder; undefined: the local stores are all there is. */
  readonly objectStore: S3Config | { folder: string } | undefined;
  readonly replicationIntervalMs: number;
  readonly checkpointIntervalMs: number;
  /** Days of history kept locally; all when undefined. */
  readonly messagesLocalDays: number | undefined;
  /** Days of history kept at all; for ever when undefined. */
  readonly messagesRetentionDays: number | undefined;
  /** Of events: of one session, and whole days. */
  readonly eventsRetention: EventRetention;
  readonly media: Readonly<{
    /** Which files of received messages are downloaded: all, those that somebody asks for, or none. */
    download: 'auto' | 'on-demand' | 'off';
    /** Larger files are not. */
    downloadMaxBytes: number;
    /** What copies of files that the object store has may take on the disk. */
    cacheBytes: number;
    /** Room on the disk that is not filled with media. */
    minFreeBytes: number;
    /** Days that files are kept; for ever when undefined. */
    retentionDays: number | undefined;
    /** Of a file that is to be sent. */
    sendMaxBytes: number;
    /** What media may be fetched from beside the public internet. */
    fetchAllow: FetchAllowance;
    fetchTimeoutMs: number;
  }>;
  /** Size of one local store from which on it takes no more. */
  readonly storeMaxBytes: number | undefined;
  /** As given; for the runners. */
  readonly authEncryptionKey: string | undefined;
  readonly connectRatePerSecond: number;
  readonly shutdownTimeoutMs: number;
  readonly sendDeadlineMs: number;
  readonly sendPace: SendPace;
  /** Sends of one session without an outcome. */
  readonly sendQueueLimit: number;
  readonly runnerNodeOptions: readonly string[];
  /** Resident memory of a runner from which on its sessions move to a fresh one; undefined: never. */
  readonly runnerRecycleBytes: number | undefined;
  /** Silence from which on a session that hears something otherwise may be deaf; 0: nobody looks. */
  readonly deafAfterMs: number;
  /** Where the events of sessions go that have no webhook of their own. */
  readonly webhook: WorkerWebhook | undefined;
  /** Where webhooks of sessions may go although it is not public. */
  readonly webhookAllow: FetchAllowance;
  readonly waWebsocketUrl: string | undefined;
  /** `a.b.c` */
  readonly waVersion: string | undefined;
  /** Of sessions that set none; with its password. */
  readonly waProxyUrl: string | undefined;
  readonly waAppearOnline: boolean;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** Sentences the operator should read at start. */
  readonly warnings: readonly string[];
}

/** What the configuration takes from the machine; a parameter so that tests are the same everywhere. */
export interface Surroundings {
  hostName: string;
  packageVersion: string;
}

/** @throws ConfigError */
export const loadConfig = (environment: Environment = process.env, surroundings: Surroundings = here()): Config => {
  const values = readEnvironment(VARIABLES, environment, RULES);
  const workerId = values.WORKER_ID ?? workerIdFrom(surroundings.hostName);
  const host = values.WORKER_HOST ?? (values.WORKER_AUTH_TOKEN === undefined ? '127.0.0.1' : '0.0.0.0');
  const apiAccess = accessOf(values, host);
  const runnerMaxSessions = values.RUNNER_MAX_SESSIONS ?? defaultRoom(values.WORKER_MAX_SESSIONS);
  return Object.freeze({
    workerId,
    port: values.WORKER_PORT,
    host,
    maxSessions: values.WORKER_MAX_SESSIONS,
    runnerMaxSessions,
    version: values.WORKER_VERSION ?? surroundings.packageVersion,
    environment: values.WORKER_ENVIRONMENT,
    description: values.WORKER_DESCRIPTION,
    authToken: values.WORKER_AUTH_TOKEN,
    apiAccess,
    backend: backendOf(values),
    endpoint: values.WORKER_ENDPOINT === undefined ? undefined : withoutSlash(values.WORKER_ENDPOINT),
    podIp: values.POD_IP,
    capacityMemoryPercent: values.CAPACITY_MEMORY_PERCENT,
    dataDir: resolve(values.DATA_DIR ?? join('data', workerId)),
    objectStore: objectStoreOf(values),
    replicationIntervalMs: values.REPLICATION_INTERVAL_MS,
    checkpointIntervalMs: values.CHECKPOINT_INTERVAL_MS,
    messagesLocalDays: values.MESSAGES_LOCAL_DAYS,
    messagesRetentionDays: values.MESSAGES_RETENTION_DAYS,
    eventsRetention: Object.freeze({ count: values.EVENTS_RETENTION_COUNT, days: values.EVENTS_RETENTION_DAYS }),
    media: Object.freeze({
      download: values.MEDIA_DOWNLOAD,
      downloadMaxBytes: values.MEDIA_DOWNLOAD_MAX_BYTES,
      cacheBytes: values.MEDIA_CACHE_BYTES,
      minFreeBytes: values.MEDIA_MIN_FREE_BYTES,
      retentionDays: values.MEDIA_RETENTION_DAYS ?? values.MESSAGES_RETENTION_DAYS,
      sendMaxBytes: values.MEDIA_SEND_MAX_BYTES,
      fetchAllow: parseFetchAllowance(values.MEDIA_FETCH_ALLOW ?? '') ?? NOTHING_ALLOWED,
      fetchTimeoutMs: values.MEDIA_FETCH_TIMEOUT_MS,
    }),
    storeMaxBytes: values.STORE_MAX_MB === undefined ? undefined : values.STORE_MAX_MB * 1024 * 1024,
    authEncryptionKey: values.AUTH_ENCRYPTION_KEY,
    connectRatePerSecond: values.CONNECT_RATE_PER_SECOND,
    shutdownTimeoutMs: values.SHUTDOWN_TIMEOUT_MS,
    sendDeadlineMs: values.SEND_DEADLINE_MS,
    sendPace: Object.freeze({ perMinute: values.SEND_RATE_PER_MINUTE, burst: values.SEND_BURST, typing: values.SEND_TYPING }),
    sendQueueLimit: values.QUEUE_MAX_PER_SESSION,
    runnerNodeOptions: Object.freeze(runnerOptions(splitNodeOptions(values.RUNNER_NODE_OPTIONS ?? '') ?? [], runnerMaxSessions)),
    runnerRecycleBytes: recycleBytes(values.RUNNER_RECYCLE_MB ?? recycleMegabytes(runnerMaxSessions)),
    deafAfterMs: values.DEAF_AFTER_MS,
    webhook: webhookOf(values),
    webhookAllow: Object.freeze(parseFetchAllowance(values.WEBHOOK_ALLOW ?? '') ?? { hosts: new Set<string>(), blocks: [] }),
    waWebsocketUrl: values.WA_WEBSOCKET_URL,
    waVersion: values.WA_VERSION,
    waProxyUrl: values.WA_PROXY_URL,
    waAppearOnline: values.WA_APPEAR_ONLINE,
    logLevel: values.LOG_LEVEL,
    warnings: Object.freeze(warningsAbout(values, apiAccess)),
  });
};

const withoutSlash = (address: string): string => address.replace(/\/+$/, '');

const backendOf = (values: Values<typeof VARIABLES>): BackendConfig | undefined => {
  const { BACKEND_URL, BACKEND_DIALECT: dialect, BACKEND_API_PREFIX: api, BACKEND_WEBHOOK_PREFIX: webhooks } = values;
  if (BACKEND_URL === undefined) return undefined;
  const prefixes = Object.freeze({ ...(api !== undefined && { api }), ...(webhooks !== undefined && { webhooks }) });
  return Object.freeze({ url: withoutSlash(BACKEND_URL), dialect, prefixes, heartbeatIntervalMs: values.HEARTBEAT_INTERVAL_MS });
};

const webhookOf = ({ WEBHOOK_URL, WEBHOOK_SECRET, WEBHOOK_EVENTS: events }: Values<typeof VARIABLES>): WorkerWebhook | undefined =>
  WEBHOOK_URL === undefined ? undefined : Object.freeze({ url: WEBHOOK_URL, secret: WEBHOOK_SECRET, events });

const objectStoreOf = (values: Values<typeof VARIABLES>): Config['objectStore'] => {
  const { MINIO_ENDPOINT: endpoint, MINIO_ACCESS_KEY: accessKey, MINIO_SECRET_KEY: secretKey } = values;
  const folder = endpoint === undefined ? undefined : folderOf(endpoint);
  if (folder !== undefined) return Object.freeze({ folder });
  if (endpoint === undefined || accessKey === undefined || secretKey === undefined) return undefined;
  const { MINIO_USE_SSL: useSsl, MINIO_BUCKET_NAME: bucket, MINIO_REGION: region } = values;
  return Object.freeze({ endpoint, useSsl, accessKey, secretKey, bucket, region });
};

const accessOf = (values: Values<typeof VARIABLES>, host: string): Config['apiAccess'] => {
  if (values.WORKER_API_AUTH === 'required' && values.WORKER_AUTH_TOKEN !== undefined) return 'token';
  return isLoopback(host) ? 'loopback' : 'open';
};

const ACCESS_WARNINGS: Record<Config['apiAccess'], string | undefined> = {
  token: undefined,
  loopback: 'The API asks for no token: every program on this machine can use the sessions. Set WORKER_AUTH_TOKEN to change that.',
  open: 'The API asks for no token: everyone who reaches this address can use the sessions. Remove WORKER_API_AUTH=off to change that.',
};

const NO_TOKEN_FOR_BACKEND =
  'BACKEND_URL is set without WORKER_AUTH_TOKEN: a backend will refuse this worker. Set WORKER_AUTH_TOKEN to the text the backend expects.';

const warningsAbout = ({ BACKEND_URL, WORKER_AUTH_TOKEN }: Values<typeof VARIABLES>, apiAccess: Config['apiAccess']): string[] =>
  [ACCESS_WARNINGS[apiAccess], BACKEND_URL !== undefined && WORKER_AUTH_TOKEN === undefined ? NO_TOKEN_FOR_BACKEND : undefined].filter(
    (warning) => warning !== undefined,
  );

/** `My Host.local` → `my-host-local` */
const workerIdFrom = (hostName: string): string =>
  hostName
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .slice(0, 100)
    .replace(/^-+|-+$/g, '') || 'worker';

const PackageFile = z.object({ name: z.literal('whatsapp-gateway-worker'), version: z.string() });

const here = (): Surroundings => ({ hostName: hostname(), packageVersion: packageVersion() });

/** The package file lies one folder above the sources and two above the built files. */
const packageVersion = (): string => {
  const folder = dirname(fileURLToPath(import.meta.url));
  for (const candidate of ['..', '../..']) {
    try {
      return PackageFile.parse(JSON.parse(readFileSync(join(folder, candidate, 'package.json'), 'utf8'))).version;
    } catch {
      // Not there, or another package's: the next candidate.
    }
  }
  return '0.0.0';
};
