import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError, wholeNumber } from '../../shared/config.js';
import { VARIABLE_NAMES } from '../../supervisor/config-variables.js';
import { loadConfig, type Config } from '../../supervisor/config.js';

const MACHINE = { hostName: 'My Host.local', packageVersion: '9.8.7' };
const load = (environment: Record<string, string>): Config => loadConfig(environment, MACHINE);

/** The variables a configuration is refused for, and its whole message. */
const refusal = (environment: Record<string, string>): { variables: string[]; message: string } => {
  try {
    load(environment);
  } catch (error) {
    if (error instanceof ConfigError) return { variables: error.problems.map(({ variable }) => variable), message: error.message };
    throw error;
  }
  return { variables: [], message: '' };
};

describe('defaults', () => {
  it('are those of the documentation', () => {
    expect(load({})).toEqual({
      workerId: 'my-host-local',
      port: 8001,
      host: '127.0.0.1',
      maxSessions: 50,
      runnerMaxSessions: 25,
      version: '9.8.7',
      environment: 'DEVELOPMENT',
      description: undefined,
      authToken: undefined,
      apiAccess: 'loopback',
      backend: undefined,
      endpoint: undefined,
      podIp: undefined,
      capacityMemoryPercent: 90,
      dataDir: resolve('data/my-host-local'),
      objectStore: undefined,
      replicationIntervalMs: 2_000,
      checkpointIntervalMs: 600_000,
      messagesLocalDays: undefined,
      messagesRetentionDays: undefined,
      eventsRetention: { count: 10_000, days: 7 },
      media: {
        ...{
          download: 'auto',
          downloadMaxBytes: 100 * 1024 ** 2,
          cacheBytes: 1024 ** 3,
          minFreeBytes: 1024 ** 3,
          retentionDays: undefined,
        },
        ...{ sendMaxBytes: 2 * 1024 ** 3, fetchAllow: { hosts: new Set(), blocks: [] }, fetchTimeoutMs: 60_000 },
      },
      storeMaxBytes: undefined,
      authEncryptionKey: undefined,
      connectRatePerSecond: 10,
      shutdownTimeoutMs: 25_000,
      sendDeadlineMs: 30_000,
      sendPace: { burst: 5, perMinute: undefined, typing: false },
      sendQueueLimit: 1_000,
      runnerNodeOptions: ['--max-old-space-size=397', '--max-semi-space-size=8', '--v8-pool-size=1'],
      runnerRecycleBytes: 269 * 1024 * 1024,
      webhook: undefined,
      webhookAllow: { hosts: new Set(), blocks: [] },
      waWebsocketUrl: undefined,
      waVersion: undefined,
      waAppearOnline: true,
      deafAfterMs: 600_000,
      logLevel: 'info',
      warnings: [expect.stringContaining('no token')],
    });
  });

  it('hold for empty variables too', () => {
    expect(load(Object.fromEntries(VARIABLE_NAMES.map((name) => [name, ''])))).toEqual(load({}));
  });

  it('are frozen', () => {
    const config = load({});
    expect([config, config.runnerNodeOptions, config.warnings].every((value) => Object.isFrozen(value))).toBe(true);
  });

  it('take id and version from the machine and the package', () => {
    const { workerId, version } = loadConfig({});
    expect(workerId).toMatch(/^[a-z0-9_-]{1,100}$/);
    expect(version).toBe((JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version);
  });

  it.each([
    ['---', 'worker'],
    ['', 'worker'],
    ['pod_7.ns', 'pod_7-ns'],
    ['x'.repeat(120), 'x'.repeat(100)],
  ])('make %j a worker id', (hostName, workerId) => {
    expect(loadConfig({}, { ...MACHINE, hostName }).workerId).toBe(workerId);
  });
});

describe("the guide's recipes", () => {
  it('start two workers on one machine without a token', () => {
    const recipe = { WORKER_VERSION: '1.0.0', WORKER_ENVIRONMENT: 'DEVELOPMENT' };
    const one = load({ ...recipe, WORKER_ID: 'worker-001', WORKER_PORT: '8001' });
    const two = load({ ...recipe, WORKER_ID: 'worker-002', WORKER_PORT: '8002' });
    expect([one.host, one.port, two.port]).toEqual(['127.0.0.1', 8001, 8002]);
    expect(one.dataDir).not.toBe(two.dataDir);
  });

  it('start with the full list of variables, and nothing to warn of', () => {
    const config = load({
      WORKER_ID: 'worker-001',
      WORKER_MAX_SESSIONS: '50',
      BACKEND_URL: 'http://localhost:8000',
      WORKER_AUTH_TOKEN: 'your-worker-secret-token',
      MINIO_ENDPOINT: 'localhost:9000',
      MINIO_ACCESS_KEY: 'minioadmin',
      MINIO_SECRET_KEY: 'minioadmin',
      MINIO_BUCKET_NAME: 'whatsapp-sessions',
      MINIO_USE_SSL: 'false',
    });
    expect([config.host, config.apiAccess]).toEqual(['0.0.0.0', 'token']);
    expect(config.warnings).toEqual([]);
    expect(config.backend).toEqual({ url: 'http://localhost:8000', dialect: 'guide', prefixes: {}, heartbeatIntervalMs: 30_000 });
    expect(config.objectStore).toEqual({
      ...{ endpoint: 'localhost:9000', useSsl: false, accessKey: 'minioadmin', secretKey: 'minioadmin' },
      ...{ bucket: 'whatsapp-sessions', region: 'us-east-1' },
    });
  });

  it('warn of a backend without a token, which would refuse this worker', () => {
    const { warnings } = load({ BACKEND_URL: 'http://localhost:8000' });
    expect(warnings).toEqual([
      expect.stringContaining('asks for no token'),
      expect.stringContaining('BACKEND_URL is set without WORKER_AUTH_TOKEN'),
    ]);
  });

  it('take a folder for an object store too, which needs no keys', () => {
    expect(load({ MINIO_ENDPOINT: 'file:///mnt/other%20disk' }).objectStore).toEqual({ folder: '/mnt/other disk' });
  });
});

describe('values', () => {
  it.each<[Record<string, string>, Partial<Config>]>([
    [{ WORKER_PORT: '0' }, { port: 0 }],
    [{ WA_APPEAR_ONLINE: 'false' }, { waAppearOnline: false }],
    [{ DEAF_AFTER_MS: '0' }, { deafAfterMs: 0 }],
    [{ DEAF_AFTER_MS: '1000' }, { deafAfterMs: 1_000 }],
    [{ WA_APPEAR_ONLINE: '0' }, { waAppearOnline: false }],
    [{ WORKER_ENVIRONMENT: 'staging' }, { environment: 'STAGING' }],
    [{ LOG_LEVEL: 'DEBUG' }, { logLevel: 'debug' }],
    [
      { RUNNER_NODE_OPTIONS: ' --max-old-space-size=512  --expose-gc ' },
      { runnerNodeOptions: ['--max-old-space-size=512', '--expose-gc', '--max-semi-space-size=8', '--v8-pool-size=1'] },
    ],
    [
      { RUNNER_NODE_OPTIONS: '--expose-gc' },
      { runnerNodeOptions: ['--expose-gc', '--max-old-space-size=397', '--max-semi-space-size=8', '--v8-pool-size=1'] },
    ],
    [
      { RUNNER_NODE_OPTIONS: '--max_semi_space_size=8' },
      { runnerNodeOptions: ['--max_semi_space_size=8', '--max-old-space-size=397', '--v8-pool-size=1'] },
    ],
    [{ WORKER_MAX_SESSIONS: '1000' }, { maxSessions: 1_000, runnerMaxSessions: 500 }],
    [{ WORKER_MAX_SESSIONS: '1000', RUNNER_MAX_SESSIONS: '20' }, { runnerMaxSessions: 20 }],
    [
      { RUNNER_MAX_SESSIONS: '100' },
      {
        runnerNodeOptions: ['--max-old-space-size=434', '--max-semi-space-size=8', '--v8-pool-size=1'],
        runnerRecycleBytes: 306 * 1024 * 1024,
      },
    ],
    [{ RUNNER_RECYCLE_MB: '300' }, { runnerRecycleBytes: 300 * 1024 * 1024 }],
    [{ RUNNER_RECYCLE_MB: '0' }, { runnerRecycleBytes: undefined }],
    [{ WA_PROXY_URL: 'socks5://me:s3cret@127.0.0.1:1080' }, { waProxyUrl: 'socks5://me:s3cret@127.0.0.1:1080' }],
    [{ WA_WEBSOCKET_URL: 'ws://127.0.0.1:9/ws' }, { waWebsocketUrl: 'ws://127.0.0.1:9/ws' }],
    [{ WA_VERSION: '2.3000.1023223821' }, { waVersion: '2.3000.1023223821' }],
    [{ DATA_DIR: '/var/lib/worker' }, { dataDir: '/var/lib/worker' }],
    [{ WORKER_HOST: '::1' }, { host: '::1', apiAccess: 'loopback' }],
    [
      { WORKER_AUTH_TOKEN: 't', WORKER_HOST: '127.0.0.1' },
      { host: '127.0.0.1', apiAccess: 'token' },
    ],
    [
      { WORKER_AUTH_TOKEN: 't', WORKER_API_AUTH: 'off' },
      { host: '0.0.0.0', apiAccess: 'open' },
    ],
    [{ WORKER_API_AUTH: 'off' }, { host: '127.0.0.1', apiAccess: 'loopback' }],
    [
      { WORKER_API_AUTH: 'off', WORKER_HOST: '0.0.0.0' },
      { host: '0.0.0.0', apiAccess: 'open' },
    ],
    [
      { BACKEND_URL: 'https://gateway.test/base/', BACKEND_DIALECT: 'WHATSAM', BACKEND_API_PREFIX: '/api', HEARTBEAT_INTERVAL_MS: '5000' },
      { backend: { url: 'https://gateway.test/base', dialect: 'whatsam', prefixes: { api: '/api' }, heartbeatIntervalMs: 5_000 } },
    ],
    [{ BACKEND_WEBHOOK_PREFIX: '/hooks', BACKEND_DIALECT: 'whatsam' }, { backend: undefined }],
    [{ WORKER_ENDPOINT: 'http://worker.test:8001/' }, { endpoint: 'http://worker.test:8001' }],
    [{ POD_IP: 'fd00::7' }, { podIp: 'fd00::7' }],
    [{ CAPACITY_MEMORY_PERCENT: '100' }, { capacityMemoryPercent: 100 }],
    [
      { WORKER_ENVIRONMENT: 'PRODUCTION', WORKER_AUTH_TOKEN: 't' },
      { environment: 'PRODUCTION', apiAccess: 'token', warnings: [] },
    ],
  ])('%j', (environment, expected) => {
    expect(load(environment)).toMatchObject(expected);
  });
});

describe('refusals', () => {
  it.each<[string, ...string[]]>([
    ['WORKER_ID', 'a b', 'ä', '../x', 'x'.repeat(101), 'a\n', ' '],
    ['WORKER_PORT', '65536', '-1', '80.5', '1e3', '1e3abc', '0x10', ' 8001', '8001 ', 'NaN', 'Infinity', '+1', '١'],
    ['WORKER_HOST', 'http://x', 'a b'],
    ['WORKER_MAX_SESSIONS', '0', '-5', '1e9', '50abc'],
    ['RUNNER_MAX_SESSIONS', '0', 'many'],
    ['DEAF_AFTER_MS', '-1', '999', '86400001', '10m'],
    ['RUNNER_RECYCLE_MB', '-1', '1000001', 'much'],
    ['WORKER_VERSION', '1 0', 'v'.repeat(51)],
    ['WORKER_ENVIRONMENT', 'PROD', 'live'],
    ['WORKER_DESCRIPTION', 'two\nlines', 'x'.repeat(501)],
    ['WORKER_AUTH_TOKEN', 'a b', 'tökén', 't\n'],
    ['WORKER_API_AUTH', 'false', 'none'],
    ['WORKER_ENDPOINT', 'localhost:8001', 'ftp://x', 'http://x?a=1'],
    ['POD_IP', 'pod-7', '10.0.0.256'],
    ['CAPACITY_MEMORY_PERCENT', '49', '101', '90%'],
    ['BACKEND_URL', 'localhost:8000', 'http://', 'http://user:pw@x', 'http://x/?a=1', 'http://x#y'],
    ['BACKEND_DIALECT', 'french'],
    ['BACKEND_API_PREFIX', 'api', '/api/', '/a b'],
    ['BACKEND_WEBHOOK_PREFIX', '/'],
    ['HEARTBEAT_INTERVAL_MS', '1', '30s'],
    ['MINIO_ENDPOINT', 'a b', 'ftp://x', 'file:relative', 'localhost:9000', 'http://user:pw@x', 'http://x/path'],
    ['MINIO_ACCESS_KEY', 'a b'],
    ['MINIO_SECRET_KEY', 'a b'],
    ['MINIO_BUCKET_NAME', 'X', 'a', 'a_b', '-ab'],
    ['MINIO_USE_SSL', 'maybe', '2'],
    ['MINIO_REGION', 'a b'],
    ['REPLICATION_INTERVAL_MS', '0'],
    ['CHECKPOINT_INTERVAL_MS', '10'],
    ['MESSAGES_LOCAL_DAYS', '0', '7'],
    ['MESSAGES_RETENTION_DAYS', '0', '-1'],
    ['MEDIA_RETENTION_DAYS', '0', '1.5'],
    ['MEDIA_DOWNLOAD', 'always'],
    ['MEDIA_DOWNLOAD_MAX_BYTES', '0', '100M'],
    ['MEDIA_CACHE_BYTES', '-1', '1G'],
    ['MEDIA_MIN_FREE_BYTES', '-1', '10%'],
    ['STORE_MAX_MB', '1'],
    ['AUTH_ENCRYPTION_KEY', 'c3dvcmRmaXNo', `${'0'.repeat(64)},`],
    ['CONNECT_RATE_PER_SECOND', '0', '0.5'],
    ['SHUTDOWN_TIMEOUT_MS', '10'],
    ['SEND_DEADLINE_MS', '0'],
    ['SEND_RATE_PER_MINUTE', '0', '0.5', '6001'],
    ['SEND_BURST', '0'],
    ['SEND_TYPING', 'maybe'],
    ['QUEUE_MAX_PER_SESSION', '0'],
    ['RUNNER_NODE_OPTIONS', 'max-old-space-size=512'],
    ['WA_PROXY_URL', 'ftp://x', 'proxy', 'socks5://', 'http://h/path', 'http://h:99999', 'direct'],
    ['WA_WEBSOCKET_URL', 'https://x', 'web.whatsapp.com'],
    ['WA_VERSION', '2.3000', '2.3000.x', '1.2.3.4'],
    ['WA_APPEAR_ONLINE', 'maybe'],
    ['LOG_LEVEL', 'loud'],
    ['DATA_DIR', '\0'],
  ])('%s', (variable, ...values) => {
    for (const value of values) expect(refusal({ [variable]: value }).variables, value).toEqual([variable]);
  });

  it('come all at once', () => {
    const { variables, message } = refusal({ WORKER_PORT: 'x', WA_VERSION: 'x', WORKER_API_AUTH: 'off', WORKER_ENVIRONMENT: 'PRODUCTION' });
    expect(variables.toSorted()).toEqual(['WA_VERSION', 'WORKER_API_AUTH', 'WORKER_AUTH_TOKEN', 'WORKER_PORT']);
    expect(message.split('\n')).toHaveLength(5);
    expect(message).toContain('  WORKER_PORT must be a whole number from 0 to 65535');
  });

  it('say how to fix an API that would be open', () => {
    expect(refusal({ WORKER_HOST: '0.0.0.0' }).message).toMatch(/WORKER_HOST .*set WORKER_AUTH_TOKEN.*WORKER_API_AUTH=off/);
    expect(refusal({ WORKER_ENVIRONMENT: 'PRODUCTION' }).message).toMatch(/WORKER_AUTH_TOKEN must be set in PRODUCTION/);
    expect(refusal({ WORKER_ENVIRONMENT: 'PRODUCTION', WORKER_HOST: '0.0.0.0' }).variables).toEqual(['WORKER_AUTH_TOKEN']);
    expect(refusal({ WORKER_ENVIRONMENT: 'PRODUCTION', WORKER_AUTH_TOKEN: 't', WORKER_API_AUTH: 'off' }).variables).toEqual([
      'WORKER_API_AUTH',
    ]);
  });

  it('never show a key', () => {
    expect(refusal({ AUTH_ENCRYPTION_KEY: 'c3dvcmRmaXNo' }).message).not.toContain('c3dvcmRmaXNo');
  });
});

describe('properties', () => {
  it('any environment is either loaded or refused by variable names, and no value shows up in the message', () => {
    const secret = fc.stringMatching(/^[ -~]{12,40}$/).map((text) => `§${text}`);
    const environment = fc.dictionary(fc.constantFrom(...VARIABLE_NAMES), secret);
    fc.assert(
      fc.property(environment, (values) => {
        const { variables, message } = refusal(values);
        for (const variable of variables) expect(VARIABLE_NAMES).toContain(variable);
        for (const value of Object.values(values)) expect(message).not.toContain(value);
      }),
    );
  });

  it('a whole number is read only from its own decimal digits', () => {
    const schema = wholeNumber(10, 1_000);
    fc.assert(fc.property(fc.integer({ min: 10, max: 1_000 }), (n) => schema.parse(String(n)) === n));
    fc.assert(fc.property(fc.string(), (text) => !schema.safeParse(text).success || (/^\d+$/.test(text) && +text >= 10 && +text <= 1_000)));
  });
});

describe('.env.example', () => {
  it('lists every variable once, and loads as it is', () => {
    const lines = readFileSync('.env.example', 'utf8').split('\n');
    const entries = lines.flatMap((line) =>
      [...line.matchAll(/^#?([A-Z][A-Z_]+)=(.*)$/g)].map(([, name = '', value = '']) => [name, value]),
    );
    expect(entries.map(([name]) => name).toSorted()).toEqual([...VARIABLE_NAMES].toSorted());
    expect(refusal(Object.fromEntries(entries) as Record<string, string>).variables).toEqual([]);
  });
});
