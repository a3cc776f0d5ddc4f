// Runs a gateway: main.js [--port N] [--state FILE] [--dialect guide|whatsam] [--stale-seconds N] [--with-parent]
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { DEFAULT_ADMIN, startGateway, type Gateway, type GatewayOptions } from './start-gateway.js';

const USAGE = `usage: gateway [--port N] [--state FILE] [--dialect guide|whatsam] [--stale-seconds N] [--with-parent]
environment: WORKER_AUTH_TOKEN, GATEWAY_ADMIN_EMAIL, GATEWAY_ADMIN_PASSWORD`;
const EXIT_USAGE = 64;
const DEFAULT_PORT = '8000';
const HEALTH_INTERVAL_MS = 30_000;

const setting = (name: string): string | undefined => process.env[name] || undefined;

const readOptions = (): Required<Pick<GatewayOptions, 'admin' | 'dialect'>> & GatewayOptions & { withParent: boolean } => {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: DEFAULT_PORT },
      state: { type: 'string' },
      dialect: { type: 'string', default: 'guide' },
      'stale-seconds': { type: 'string' },
      'with-parent': { type: 'boolean', default: false },
    },
  });
  const { port, dialect, state, 'stale-seconds': stale } = values;
  if (dialect !== 'guide' && dialect !== 'whatsam') throw new Error(`${dialect} is no dialect`);
  return {
    port: numberIn(port, 65_535),
    dialect,
    workerToken: setting('WORKER_AUTH_TOKEN') ?? randomBytes(24).toString('base64url'),
    admin: {
      email: setting('GATEWAY_ADMIN_EMAIL') ?? DEFAULT_ADMIN.email,
      password: setting('GATEWAY_ADMIN_PASSWORD') ?? DEFAULT_ADMIN.password,
    },
    healthIntervalMs: HEALTH_INTERVAL_MS,
    log: (line) => process.stderr.write(`${line}\n`),
    ...(state !== undefined && { stateFile: state }),
    ...(stale !== undefined && { staleMs: numberIn(stale, 86_400) * 1000 }),
    withParent: values['with-parent'],
  };
};

const numberIn = (text: string, max: number): number => {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value) || value < 0 || value > max) throw new Error(`${text} is not a number from 0 to ${max}`);
  return value;
};

/** A password or token that was set is not printed, because terminals and logs are kept. */
const introduction = (
  { url }: Gateway,
  { workerToken, admin, dialect }: Required<Pick<GatewayOptions, 'workerToken' | 'admin' | 'dialect'>>,
): string => {
  const api = url + (dialect === 'guide' ? '/api/v1' : '/api');
  const token = setting('WORKER_AUTH_TOKEN') === undefined ? workerToken : '$WORKER_AUTH_TOKEN';
  const password = setting('GATEWAY_ADMIN_PASSWORD') === undefined ? admin.password : '…';
  return `Reference gateway, dialect ${dialect}: ${url}
For a worker:
  BACKEND_URL=${url}
  BACKEND_DIALECT=${dialect}
  WORKER_AUTH_TOKEN=${token}
Log in (${admin.email}), then look around:
  TOKEN=$(curl -s ${api}/auth/login -H 'Content-Type: application/json' -d '{"email":"${admin.email}","password":"${password}"}' | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')
  curl -s ${api}/workers -H "Authorization: Bearer $TOKEN"
  curl -s ${api}/sessions -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"name":"Personal WhatsApp","sessionId":"alice"}'
  curl -s -X POST ${api}/sessions/alice/connect -H "Authorization: Bearer $TOKEN"
  curl -s ${api}/sessions/alice/qr -H "Authorization: Bearer $TOKEN"
  curl -s ${api}/sessions/alice/reports -H "Authorization: Bearer $TOKEN"
`;
};

const run = async (): Promise<void> => {
  const { withParent, ...options } = readOptions();
  const gateway = await startGateway(options);
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    gateway.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
  if (withParent) process.stdin.on('end', stop).on('error', stop).resume();
  process.stdout.write(`${JSON.stringify({ event: 'listening', url: gateway.url, port: gateway.port })}\n`);
  process.stdout.write(introduction(gateway, options));
};

run().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
  process.exit(EXIT_USAGE);
});
