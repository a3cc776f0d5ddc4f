import { z } from 'zod';

/** What a runner reads from its environment; the supervisor's fleet writes it. Everything else it needs arrives by IPC. */
export const RunnerEnvironment = z.object({
  RUNNER_SLOT: z.coerce.number().int().nonnegative(),
  RUNNER_INCARNATION: z.coerce.number().int().nonnegative(),
  /** Folder of the slot's own store. */
  RUNNER_DATA_DIR: z.string().min(1),
  LOG_LEVEL: z.string().default('info'),
  WA_WEBSOCKET_URL: z.string().optional(),
  /** `a.b.c` */
  WA_VERSION: z.string().optional(),
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
