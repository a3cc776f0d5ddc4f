import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { flag, oneOf, readEnvironment, text, url, wholeNumber, type Environment, type Rule, type Values } from '../shared/config.js';
import { isProxyUrl, PROXY_RULE } from '../shared/domain/proxy.js';
import { isWebhookSecret, WEBHOOK_EVENTS } from '../shared/domain/session-settings.js';
import { parseEndpoint } from '../shared/object-store/s3-endpoint.js';
import { parseKeys } from '../shared/store/row-cipher.js';
import type { Prefixes } from './backend/dialects/dialect.js';
import type { EventRetention } from './events/event-sweep.js';
import { recycleBytes, recycleMegabytes, runnerOptions } from './fleet/runner-memory.js';
import { splitNodeOptions } from './fleet/node-options.js';
import { isLoopback } from './loopback.js';
import type { SendPace } from './messages/send-pace.js';
import { NOTHING_ALLOWED, parseFetchAllowance, type FetchAllowance } from './media/fetch-allowance.js';
import type { WorkerWebhook } from './webhooks/webhook-target.js';

const HTTP = ['http', 'https'];
/** WhatsApp's own limit, in bytes. */
const LARGEST_DOCUMENT = 2 * 1024 ** 3;
const PRINTABLE = /^[\x21-\x7e]{1,1024}$/;
const path = () => text(/^(\/[A-Za-z0-9._~-]+)+$/, 'must be a path such as /api/v1, without a slash at its end').optional();

const webhookEvents = `must be some of ${WEBHOOK_EVENTS.join(', ')}, separated by commas`;

const VARIABLES = {
  BACKEND_URL: url(HTTP)
    .refine((value) => /^[^?#]*$/.test(value), 'must be a URL without a query, such as https://gateway.example.com')
    .optional(),
  BACKEND_DIALECT: oneOf(['guide', 'whatsam'], 'lower').default('guide'),
  BACKEND_API_PREFIX: path(),
  BACKEND_WEBHOOK_PREFIX: path(),
  HEARTBEAT_INTERVAL_MS: wholeNumber(1_000, 3_600_000).default(30_000),
  WORKER_ENDPOINT: url(HTTP)
    .refine((value) => /^[^?#]*$/.test(value), 'must be a URL without a query, such as http://192.168.1.100:8001')
    .optional(),
  POD_IP: z
    .string()
    .refine((value) => isIP(value) !== 0, 'must be an IP address')
    .optional(),
  CAPACITY_MEMORY_PERCENT: wholeNumber(50, 100).default(90),
  WORKER_ID: text(/^[A-Za-z0-9_-]{1,100}$/, 'must be 1 to 100 characters of A-Z a-z 0-9 _ -').optional(),
  WORKER_PORT: wholeNumber(0, 65_535).default(8001),
  WORKER_HOST: text(/^[A-Za-z0-9.:_-]{1,253}$/, 'must be an IP address or a host name').optional(),
  WORKER_MAX_SESSIONS: wholeNumber(1, 100_000).default(50),
  RUNNER_MAX_SESSIONS: wholeNumber(1, 10_000).default(25),
  WORKER_VERSION: text(/^[A-Za-z0-9._+-]{1,50}$/, 'must be a version such as 1.0.0').optional(),
  WORKER_ENVIRONMENT: oneOf(['DEVELOPMENT', 'TESTING', 'STAGING', 'PRODUCTION'], 'upper').default('DEVELOPMENT'),
  WORKER_DESCRIPTION: text(/^[^\p{Cc}]{1,500}$/u, 'must be one line of at most 500 characters').optional(),
  WORKER_AUTH_TOKEN: text(PRINTABLE, 'must be 1 to 1024 printable ASCII characters without spaces').optional(),
  WORKER_API_AUTH: oneOf(['required', 'off'], 'lower').default('required'),
  MINIO_ENDPOINT: z
    .string()
    .refine(
      (value) => folderOf(value) !== undefined || parseEndpoint(value, false) !== undefined,
      'must be host, host:port, an http(s) URL of one without a path, or a file: URL of a folder',
    )
    .optional(),
  MINIO_ACCESS_KEY: text(PRINTABLE, 'must be printable ASCII without spaces').optional(),
  MINIO_SECRET_KEY: text(PRINTABLE, 'must be printable ASCII without spaces').optional(),
  MINIO_BUCKET_NAME: text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be a bucket name: 3 to 63 of a-z 0-9 . -').default(
    'whatsapp-sessions',
  ),
  MINIO_USE_SSL: flag().default(false),
  MINIO_REGION: text(/^[A-Za-z0-9-]{1,64}$/, 'must be a region name').default('us-east-1'),
  REPLICATION_INTERVAL_MS: wholeNumber(100, 3_600_000).default(2_000),
  CHECKPOINT_INTERVAL_MS: wholeNumber(1_000, 86_400_000).default(600_000),
  MESSAGES_LOCAL_DAYS: wholeNumber(1, 36_500).optional(),
  MESSAGES_RETENTION_DAYS: wholeNumber(1, 36_500).optional(),
  EVENTS_RETENTION_COUNT: wholeNumber(1, 10_000_000).default(10_000),
  EVENTS_RETENTION_DAYS: wholeNumber(1, 36_500).default(7),
  MEDIA_DOWNLOAD: oneOf(['auto', 'on-demand', 'off'], 'lower').default('auto'),
  MEDIA_DOWNLOAD_MAX_BYTES: wholeNumber(1_024, 4_000_000_000).default(100 * 1024 ** 2),
  MEDIA_CACHE_BYTES: wholeNumber(0, 1_000_000_000_000).default(1024 ** 3),
  MEDIA_MIN_FREE_BYTES: wholeNumber(0, 1_000_000_000_000).default(1024 ** 3),
  MEDIA_RETENTION_DAYS: wholeNumber(1, 36_500).optional(),
  MEDIA_SEND_MAX_BYTES: wholeNumber(1, LARGEST_DOCUMENT).default(LARGEST_DOCUMENT),
  MEDIA_FETCH_ALLOW: z
    .string()
    .refine(
      (value) => parseFetchAllowance(value) !== undefined,
      'must be host names, IP addresses or CIDR blocks separated by commas, such as files.intern,10.0.0.0/8',
    )
    .optional(),
  MEDIA_FETCH_TIMEOUT_MS: wholeNumber(100, 600_000).default(60_000),
  STORE_MAX_MB: wholeNumber(64, 100_000_000).optional(),
  AUTH_ENCRYPTION_KEY: z
    .string()
    .refine(
      (value) => parseKeys(value) !== undefined,
      'must be 32 bytes in hexadecimal or base64, or several such keys separated by commas',
    )
    .optional(),
  DATA_DIR: text(/^[^\0]{1,1000}$/, 'must be the path of a folder').optional(),
  CONNECT_RATE_PER_SECOND: wholeNumber(1, 10_000).default(10),
  SHUTDOWN_TIMEOUT_MS: wholeNumber(1_000, 600_000).default(25_000),
  SEND_DEADLINE_MS: wholeNumber(100, 300_000).default(30_000),
  SEND_RATE_PER_MINUTE: wholeNumber(1, 6_000).optional(),
  SEND_BURST: wholeNumber(1, 1_000).default(5),
  SEND_TYPING: flag().default(false),
  QUEUE_MAX_PER_SESSION: wholeNumber(1, 100_000).default(1_000),
  RUNNER_NODE_OPTIONS: text(/^\s*-\S+(\s+\S+)*\s*$/, 'must be options of node separated by spaces, such as --max-old-space-size=512')
    .refine((value) => splitNodeOptions(value) !== undefined, 'has a quote that is not closed')
    .optional(),
  RUNNER_RECYCLE_RSS_MB: wholeNumber(0, 1_000_000).optional(),
  DEAF_AFTER_MS: wholeNumber(0, 86_400_000)
    .refine((value) => value === 0 || value >= 1_000, 'must be 0 or a whole number from 1000 to 86400000')
    .default(600_000),
  WEBHOOK_URL: url(HTTP).optional(),
  WEBHOOK_SECRET: z
    .string()
    .refine(isWebhookSecret, 'must be 16 to 256 printable ASCII characters without spaces; after whsec_ it must be base64')
    .optional(),
  WEBHOOK_EVENTS: z
    .string()
    .transform((value) => value.split(',').map((name) => name.trim()))
    .pipe(z.array(z.enum(WEBHOOK_EVENTS), { error: webhookEvents }))
    .optional(),
  WEBHOOK_ALLOW: z
    .string()
    .refine((value) => parseFetchAllowance(value) !== undefined, 'must be host names, addresses or CIDR blocks, separated by commas')
    .optional(),
  WA_WEBSOCKET_URL: url(['ws', 'wss']).optional(),
  WA_VERSION: text(/^\d{1,10}\.\d{1,10}\.\d{1,10}$/, 'must be three numbers, such as 2.3000.1023223821').optional(),
  WA_PROXY_URL: z.string().refine(isProxyUrl, PROXY_RULE).optional(),
  WA_APPEAR_ONLINE: flag().default(true),
  LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'lower').default('info'),
};

/** Every variable the supervisor reads. */
export const VARIABLE_NAMES: readonly string[] = Object.keys(VARIABLES);

const RULES: readonly Rule<typeof VARIABLES>[] = [
  {
    needs: ['WEBHOOK_URL', 'WEBHOOK_SECRET', 'WEBHOOK_EVENTS'],
    check: ({ WEBHOOK_URL, WEBHOOK_SECRET, WEBHOOK_EVENTS: events }) =>
      WEBHOOK_URL === undefined && (WEBHOOK_SECRET !== undefined || events !== undefined)
        ? { variable: 'WEBHOOK_URL', problem: 'must be set, too: WEBHOOK_SECRET and WEBHOOK_EVENTS are about it alone' }
        : undefined,
  },
  {
    needs: ['MINIO_ENDPOINT', 'MINIO_ACCESS_KEY', 'MINIO_SECRET_KEY'],
    check: ({ MINIO_ENDPOINT, MINIO_ACCESS_KEY, MINIO_SECRET_KEY }) =>
      MINIO_ENDPOINT !== undefined &&
      folderOf(MINIO_ENDPOINT) === undefined &&
      (MINIO_ACCESS_KEY === undefined || MINIO_SECRET_KEY === undefined)
        ? { variable: 'MINIO_ENDPOINT', problem: 'needs MINIO_ACCESS_KEY and MINIO_SECRET_KEY beside it' }
        : undefined,
  },
  {
    needs: ['MESSAGES_LOCAL_DAYS', 'MINIO_ENDPOINT'],
    check: ({ MESSAGES_LOCAL_DAYS, MINIO_ENDPOINT }) =>
      MESSAGES_LOCAL_DAYS !== undefined && MINIO_ENDPOINT === undefined
        ? { variable: 'MESSAGES_LOCAL_DAYS', problem: 'needs an object store for the older days: set MINIO_ENDPOINT, or remove it' }
        : undefined,
  },
  {
    needs: ['WORKER_API_AUTH', 'WORKER_ENVIRONMENT'],
    check: ({ WORKER_API_AUTH, WORKER_ENVIRONMENT }) =>
      WORKER_API_AUTH === 'off' && WORKER_ENVIRONMENT === 'PRODUCTION'
        ? { variable: 'WORKER_API_AUTH', problem: 'must not be off in PRODUCTION: remove it, and set WORKER_AUTH_TOKEN' }
        : undefined,
  },
  {
    needs: ['WORKER_AUTH_TOKEN', 'WORKER_ENVIRONMENT'],
    check: ({ WORKER_AUTH_TOKEN, WORKER_ENVIRONMENT }) =>
      WORKER_AUTH_TOKEN === undefined && WORKER_ENVIRONMENT === 'PRODUCTION'
        ? { variable: 'WORKER_AUTH_TOKEN', problem: 'must be set in PRODUCTION: choose a long random text and give the backend the same' }
        : undefined,
  },
  {
    needs: ['WORKER_AUTH_TOKEN', 'WORKER_API_AUTH', 'WORKER_HOST', 'WORKER_ENVIRONMENT'],
    check: ({ WORKER_AUTH_TOKEN, WORKER_API_AUTH, WORKER_HOST, WORKER_ENVIRONMENT }) =>
      WORKER_AUTH_TOKEN === undefined &&
      WORKER_API_AUTH === 'required' &&
      WORKER_ENVIRONMENT !== 'PRODUCTION' &&
      WORKER_HOST !== undefined &&
      !isLoopback(WORKER_HOST)
        ? {
            variable: 'WORKER_HOST',
            problem:
              'would open the API to the network without a token: set WORKER_AUTH_TOKEN, or leave WORKER_HOST out to listen on 127.0.0.1 only, ' +
              'or set WORKER_API_AUTH=off if everyone who reaches this address may use the sessions',
          }
        : undefined,
  },
];

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
  return Object.freeze({
    workerId,
    port: values.WORKER_PORT,
    host,
    maxSessions: values.WORKER_MAX_SESSIONS,
    runnerMaxSessions: values.RUNNER_MAX_SESSIONS,
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
    runnerNodeOptions: Object.freeze(runnerOptions(splitNodeOptions(values.RUNNER_NODE_OPTIONS ?? '') ?? [], values.RUNNER_MAX_SESSIONS)),
    runnerRecycleBytes: recycleBytes(values.RUNNER_RECYCLE_RSS_MB ?? recycleMegabytes(values.RUNNER_MAX_SESSIONS)),
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

/** The folder that a file: URL names. */
const folderOf = (endpoint: string): string | undefined =>
  endpoint.startsWith('file:///') && URL.canParse(endpoint) ? fileURLToPath(endpoint) : undefined;

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
