import { parseArgs } from 'node:util';

const DIALECTS = ['guide', 'whatsam'] as const;
export type Dialect = (typeof DIALECTS)[number];

export interface Prefixes {
  /** Of the backend's API, such as `/api/v1`. */
  api: string;
  /** Of its webhooks, such as `/api/webhooks`. */
  webhooks: string;
}

interface Common {
  url: string;
  token: string | undefined;
  dialect: Dialect;
  prefixes: Prefixes;
}

export interface WorkerOptions extends Common {
  target: 'worker';
  paired: { sessionId: string; to: string } | undefined;
  /** Where the kit plays the backend; port 0 for any. */
  listen: { host: string; port: number } | undefined;
  heartbeatMs: number;
  /** What a QR code, a report or a heartbeat may take beyond its time. */
  patienceMs: number;
}

export interface BackendOptions extends Common {
  target: 'backend';
  token: string;
  admin: { email: string; password: string } | { jwt: string } | undefined;
  loginPath: string;
  /** Host name of this machine, as the backend reaches it. */
  kitHost: string;
}

export type KitOptions = WorkerOptions | BackendOptions;

export interface Command {
  kit: KitOptions | 'list';
  /** Where the results go as JSON. */
  jsonFile: string | undefined;
}

/** A command line that makes no sense. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

export const USAGE = `usage:
  npm run contract -- --worker URL [--token T] [--dialect guide|whatsam] [--session ID --to NUMBER]
                      [--listen [HOST:]PORT] [--heartbeat-ms N] [--patience-ms N]
  npm run contract -- --backend URL --token T [--dialect guide|whatsam] [--admin EMAIL:PASSWORD | --jwt T]
                      [--login-path PATH] [--kit-host HOST]
  npm run contract -- --list
either with [--api-prefix PATH] [--webhook-prefix PATH] [--json FILE]`;

const DEFAULT_HEARTBEAT_MS = 30_000;
const DEFAULT_PATIENCE_MS = 60_000;
const MAX_MS = 3_600_000;
const WORKER_ONLY = ['session', 'to', 'listen', 'heartbeat-ms', 'patience-ms'] as const;
const BACKEND_ONLY = ['admin', 'jwt', 'login-path', 'kit-host'] as const;

/** @throws UsageError */
export const parseCommand = (args: readonly string[]): Command => {
  const values = valuesOf(args);
  const jsonFile = values.json;
  if (values.list) return { kit: 'list', jsonFile };
  if ((values.worker === undefined) === (values.backend === undefined)) throw new UsageError('Give either --worker or --backend.');
  const dialect = DIALECTS.find((name) => name === (values.dialect ?? 'guide'));
  if (!dialect) throw new UsageError(`--dialect is one of ${DIALECTS.join(', ')}.`);
  const prefixes: Prefixes = {
    api: prefix('--api-prefix', values['api-prefix'] ?? (dialect === 'guide' ? '/api/v1' : '/api')),
    webhooks: prefix('--webhook-prefix', values['webhook-prefix'] ?? '/api/webhooks'),
  };
  for (const name of values.worker === undefined ? WORKER_ONLY : BACKEND_ONLY) {
    if (values[name] !== undefined)
      throw new UsageError(`--${name} does not go with --${values.worker === undefined ? 'backend' : 'worker'}.`);
  }
  if (values.worker !== undefined) {
    if ((values.session === undefined) !== (values.to === undefined)) throw new UsageError('--session and --to go together.');
    const paired = values.session !== undefined && values.to !== undefined ? { sessionId: values.session, to: values.to } : undefined;
    return {
      jsonFile,
      kit: {
        target: 'worker',
        url: address('--worker', values.worker),
        token: values.token,
        dialect,
        prefixes,
        paired,
        listen: values.listen === undefined ? undefined : listenAt(values.listen),
        heartbeatMs: whole('--heartbeat-ms', values['heartbeat-ms'] ?? String(DEFAULT_HEARTBEAT_MS), MAX_MS),
        patienceMs: whole('--patience-ms', values['patience-ms'] ?? String(DEFAULT_PATIENCE_MS), MAX_MS),
      },
    };
  }
  if (values.token === undefined) throw new UsageError('A backend is asked as a worker: give --token.');
  return {
    jsonFile,
    kit: {
      target: 'backend',
      url: address('--backend', values.backend ?? ''),
      token: values.token,
      dialect,
      prefixes,
      admin: adminOf(values.admin, values.jwt),
      loginPath: prefix('--login-path', values['login-path'] ?? `${prefixes.api}/auth/login`),
      kitHost: values['kit-host'] ?? '127.0.0.1',
    },
  };
};

const OPTIONS = {
  worker: { type: 'string' },
  backend: { type: 'string' },
  token: { type: 'string' },
  dialect: { type: 'string' },
  session: { type: 'string' },
  to: { type: 'string' },
  listen: { type: 'string' },
  'heartbeat-ms': { type: 'string' },
  'patience-ms': { type: 'string' },
  admin: { type: 'string' },
  jwt: { type: 'string' },
  'login-path': { type: 'string' },
  'kit-host': { type: 'string' },
  'api-prefix': { type: 'string' },
  'webhook-prefix': { type: 'string' },
  json: { type: 'string' },
  list: { type: 'boolean' },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

const valuesOf = (args: readonly string[]): Values => {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
};

const address = (name: string, value: string): string => {
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol))
    throw new UsageError(`${name} has to be an http or https address.`);
  return value.replace(/\/+$/, '');
};

const prefix = (name: string, value: string): string => {
  if (value !== '' && !/^(\/[\w.-]+)+$/.test(value)) throw new UsageError(`${name} has to be a path such as /api/v1.`);
  return value;
};

const whole = (name: string, value: string, max: number): number => {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > max) throw new UsageError(`${name} has to be a whole number from 1 to ${max}.`);
  return number;
};

const listenAt = (value: string): { host: string; port: number } => {
  const colon = value.lastIndexOf(':');
  return { host: colon === -1 ? '127.0.0.1' : value.slice(0, colon), port: whole('--listen', value.slice(colon + 1), 65_535) };
};

const adminOf = (login: string | undefined, jwt: string | undefined): BackendOptions['admin'] => {
  if (login !== undefined && jwt !== undefined) throw new UsageError('Give --admin or --jwt, not both.');
  if (jwt !== undefined) return { jwt };
  if (login === undefined) return undefined;
  const colon = login.indexOf(':');
  if (colon < 1 || colon === login.length - 1) throw new UsageError('--admin is EMAIL:PASSWORD.');
  return { email: login.slice(0, colon), password: login.slice(colon + 1) };
};

/** What must not be printed. */
export const secretsOf = (options: KitOptions): string[] => {
  const { token } = options;
  const admin = options.target === 'backend' ? options.admin : undefined;
  return [token, admin && ('jwt' in admin ? admin.jwt : admin.password)].filter((secret) => secret !== undefined);
};
