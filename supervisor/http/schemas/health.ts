import { z } from 'zod';
import { Reason } from '../../../shared/domain/session.js';
import { Amount, Time } from './fields.js';
import { Storage } from './storage.js';

export const Backend = z
  .object({
    state: z.enum(['registering', 'registered', 'refused', 'unreachable']),
    dialect: z.enum(['guide', 'whatsam']),
    workerId: z.string(),
    lastHeartbeat: Time.nullable(),
    sentence: z.string().nullable(),
    reports: z.object({ waiting: z.int(), lagMs: Amount, dead: z.int(), paused: z.string().nullable() }),
  })
  .meta({ id: 'Backend' });

export const Health = z.object({
  status: z.literal('online'),
  sessionCount: z.int(),
  cpuUsage: Amount.meta({ description: 'Percent of the host or the cgroup.' }),
  memoryUsage: Amount.meta({ description: 'Percent of the host or the cgroup.' }),
  uptime: Amount.meta({ description: 'Seconds.' }),
  maxSessions: z.int(),
  storage: Storage,
  backend: Backend.nullable(),
});
export const Live = z.object({ status: z.literal('alive') });
export const Ready = z.looseObject({
  ramp: z.object({ sessions: z.int(), waiting: z.int(), connecting: z.int(), secondsLeft: Amount }).nullable(),
  breaker: z.object({ reason: Reason, since: Time, failing: z.int(), of: z.int() }).nullable(),
  storage: Storage,
  backend: Backend.nullable(),
  ready: z.literal(true),
});
