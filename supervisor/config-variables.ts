// Every variable the supervisor reads, what it may be, and which go together.
import { isIP } from 'node:net';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { flag, oneOf, text, url, wholeNumber, type Rule } from '../shared/config.js';
import { isProxyUrl, PROXY_RULE } from '../shared/domain/proxy.js';
import { isWebhookSecret, WEBHOOK_EVENTS } from '../shared/domain/session-settings.js';
import { parseEndpoint } from '../shared/object-store/s3-endpoint.js';
import { parseKeys } from '../shared/store/row-cipher.js';
import { splitNodeOptions } from './fleet/node-options.js';
import { isLoopback } from './loopback.js';
import { parseFetchAllowance } from './media/fetch-allowance.js';

const HTTP = ['http', 'https'];
/** WhatsApp's own limit, in bytes. */
const LARGEST_DOCUMENT = 2 * 1024 ** 3;
const PRINTABLE = /^[\x21-\x7e]{1,1024}$/;
const path = () => text(/^(\/[A-Za-z0-9._~-]+)+$/, 'must be a path such as /api/v1, without a slash at its end').optional();

const webhookEvents = `must be some of ${WEBHOOK_EVENTS.join(', ')}, separated by commas`;

export const VARIABLES = {
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
  RUNNER_MAX_SESSIONS: wholeNumber(1, 10_000).optional(),
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
  RUNNER_RECYCLE_MB: wholeNumber(0, 1_000_000).optional(),
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

export const RULES: readonly Rule<typeof VARIABLES>[] = [
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

/** The folder that a file: URL names. */
export const folderOf = (endpoint: string): string | undefined =>
  endpoint.startsWith('file:///') && URL.canParse(endpoint) ? fileURLToPath(endpoint) : undefined;
