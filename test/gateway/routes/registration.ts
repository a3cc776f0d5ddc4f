// What workers tell of themselves.
import { z } from 'zod';
import type { Dialect } from '../dialects/dialect.js';
import { RecoveryReport, Unregistration } from '../dialects/whatsam.js';
import { ok, parse, type Endpoint } from '../endpoint.js';
import { GatewayError } from '../gateway-error.js';
import type { GatewayStore } from '../gateway-store.js';
import type { HealthMonitor } from '../health-monitor.js';
import type { WorkerRegistry } from '../worker-registry.js';

interface Parts {
  readonly store: GatewayStore;
  readonly registry: WorkerRegistry;
  readonly monitor: HealthMonitor;
  readonly dialect: Dialect;
  readonly now: () => number;
}

const WorkerPath = z.object({ workerId: z.string() });

export const registrationEndpoints = (parts: Parts): Endpoint[] => {
  const { registry, monitor, dialect } = parts;
  const workerOf = (params: unknown) => registry.get(registry.nameOf(parse(WorkerPath, params).workerId));
  return [
    {
      kind: 'register',
      method: 'post',
      path: `${dialect.api}/workers/register`,
      access: 'worker',
      handle: async ({ body }) => {
        const registration = parse(dialect.Registration, body ?? {});
        if (dialect.provesRegistration) {
          const checked = await monitor.check(registration.endpoint);
          if (checked.status === 'offline') {
            throw new GatewayError('WORKER_UNREACHABLE', `The worker does not answer at ${registration.endpoint}: ${checked.error}.`);
          }
          refuseConflicts(parts.store, registration);
        }
        const { worker, isNew } = registry.register(registration);
        return dialect.registered(worker, isNew, registry.recoverable(worker.workerId).length);
      },
    },
    {
      kind: 'heartbeat',
      method: 'put',
      path: `${dialect.api}/workers/:workerId/heartbeat`,
      access: 'worker',
      handle: ({ params, body }) => {
        const worker = workerOf(params);
        const pulse = dialect.pulse(body ?? {}, worker);
        return dialect.heartbeatTaken(worker, pulse, registry.heartbeat(worker, pulse));
      },
    },
    ...(dialect.name === 'whatsam' ? recoveryEndpoints(parts, workerOf) : []),
  ];
};

const recoveryEndpoints = (
  { store, registry, dialect, now }: Parts,
  workerOf: (params: unknown) => ReturnType<WorkerRegistry['get']>,
): Endpoint[] => [
  {
    kind: 'sessions-assigned',
    method: 'get',
    path: `${dialect.api}/workers/:workerId/sessions/assigned`,
    access: 'worker',
    handle: ({ params }) => {
      const { workerId } = workerOf(params);
      const sessions = registry.recoverable(workerId).map(({ sessionId, userId, name, phoneNumber, status, createdAt, updatedAt }) => ({
        ...{ sessionId, userId, sessionName: name, phoneNumber: phoneNumber ?? null },
        status: dialect.spell(status),
        createdAt: new Date(createdAt).toISOString(),
        updatedAt: new Date(updatedAt).toISOString(),
      }));
      const retrievedAt = new Date(now()).toISOString();
      return ok({ workerId, sessionCount: sessions.length, sessions, retrievedAt }, 'Assigned sessions retrieved successfully');
    },
  },
  {
    kind: 'recovery-status',
    method: 'post',
    path: `${dialect.api}/workers/:workerId/sessions/recovery-status`,
    access: 'worker',
    handle: ({ params, body }) => {
      const { workerId } = workerOf(params);
      const { recoveryResults, ...totals } = parse(RecoveryReport, body ?? {});
      const processedResults = recoveryResults.map(({ sessionId, status, error }) => {
        const session = store.sessions.get(sessionId);
        if (!session) return { sessionId, status: 'ERROR', action: 'PROCESSING_FAILED', error: 'There is no such session.' };
        if (status === 'SKIPPED') return { sessionId, status, action: 'NO_ACTION' };
        Object.assign(session, { status: status === 'SUCCESS' ? 'connected' : 'error', updatedAt: now() });
        store.changed();
        return { sessionId, status: 'PROCESSED', action: status === 'SUCCESS' ? 'UPDATED_TO_CONNECTED' : 'UPDATED_TO_ERROR', error };
      });
      return ok(
        { workerId, ...totals, processedResults, processedAt: new Date(now()).toISOString() },
        'Recovery status processed successfully',
      );
    },
  },
  {
    kind: 'unregister',
    method: 'delete',
    path: `${dialect.api}/workers/unregister`,
    access: 'worker',
    handle: ({ body }) => {
      const { workerId } = parse(Unregistration, body ?? {});
      const migratedSessions = registry.remove(workerId);
      return ok({ workerId, migratedSessions, unregisteredAt: new Date(now()).toISOString() }, `Worker ${workerId} removed successfully`);
    },
  },
];

/** An id and an endpoint belong together for good. @throws WORKER_CONFLICT */
const refuseConflicts = ({ workers }: GatewayStore, { workerId, endpoint }: { workerId: string; endpoint: string }): void => {
  const other = [...workers.values()].find((worker) => worker.endpoint === endpoint && worker.workerId !== workerId);
  if (other) throw new GatewayError('WORKER_CONFLICT', `The endpoint ${endpoint} is registered by the worker ${other.workerId}.`);
  const known = workers.get(workerId);
  if (known && known.endpoint !== endpoint) {
    throw new GatewayError('WORKER_CONFLICT', `The worker ${workerId} is registered with the endpoint ${known.endpoint}.`);
  }
};
