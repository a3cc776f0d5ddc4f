import { z } from 'zod';

/** What a runner reads from its environment; the supervisor's fleet writes it. Everything else it needs arrives by IPC. */
export const RunnerEnvironment = z.object({
  RUNNER_SLOT: z.coerce.number().int().nonnegative(),
  RUNNER_INCARNATION: z.coerce.number().int().nonnegative(),
  /** Folder of the slot's own store. */
  RUNNER_DATA_DIR: z.string().min(1),
  /** Whether the changes of the slot's store are wanted for the object store. */
  RUNNER_TRACK_CHANGES: z.enum(['true', 'false']).default('false'),
  /** See `parseKeys`. */
  AUTH_ENCRYPTION_KEY: z.string().optional(),
  /** Bytes of the slot's store from which on it takes no more. */
  RUNNER_STORE_MAX_BYTES: z.coerce.number().int().positive().optional(),
  /** Silence of a session, in milliseconds, that can be suspicious at the shortest; 0: none is. */
  RUNNER_DEAF_AFTER_MS: z.coerce.number().int().nonnegative().default(0),
  LOG_LEVEL: z.string().default('info'),
  WA_WEBSOCKET_URL: z.string().optional(),
  /** `a.b.c` */
  WA_VERSION: z.string().optional(),
  /** For sessions that set none. */
  WA_PROXY_URL: z.string().optional(),
  WA_APPEAR_ONLINE: z.enum(['true', 'false']).default('true'),
});
export type RunnerEnvironment = z.infer<typeof RunnerEnvironment>;

/** Variables of the supervisor that reach a runner as they are; nothing else does, so no secret can. */
export const PASSED_ON = [
  'PATH',
  'HOME',
  'TZ',
  'LANG',
  'LC_ALL',
  'NODE_ENV',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
] as const;
