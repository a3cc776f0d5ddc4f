// The guide's APIs for the management of workers.
import { z } from 'zod';
import { Endpoint as WorkerEndpoint } from '../dialects/body-parts.js';
import type { Dialect } from '../dialects/dialect.js';
import { ok, parse, type Endpoint } from '../endpoint.js';
import { GatewayError } from '../gateway-error.js';
import type { Breakdown, WorkerRecord } from '../gateway-state.js';
import type { GatewayStore } from '../gateway-store.js';
import type { HealthMonitor } from '../health-monitor.js';
import type { WorkerRegistry } from '../worker-registry.js';

interface Parts {
  readonly store: GatewayStore;
  readonly registry: WorkerRegistry;
  readonly monitor: HealthMonitor;
  readonly dialect: Dialect;
}

const WorkerPath = z.object({ workerId: z.string() });
const Test = z.object({ endpoint: WorkerEndpoint });
const DEFAULT_MAX_SESSIONS = 50;
const figure = z.number().min(0).catch(0);
const Health = z.object({ sessionCount: figure, cpuUsage: figure, memoryUsage: figure, uptime: figure }).catch({
  ...{ sessionCount: 0, cpuUsage: 0, memoryUsage: 0, uptime: 0 },
});

export const workerEndpoints = ({ store, registry, monitor, dialect }: Parts): Endpoint[] => {
  const all = (): WorkerRecord[] => [...store.workers.values()];
  const base = `${dialect.api}/workers`;
  return [
    {
      kind: 'workers.list',
      method: 'get',
      path: base,
      access: 'user',
      handle: () => {
        const workers = all().map((worker) => workerJson(worker, store, registry));
        return ok({ workers, total: workers.length });
      },
    },
    {
      kind: 'workers.add',
      method: 'post',
      path: base,
      access: 'user',
      handle: async ({ body }) => {
        const { endpoint } = parse(Test, body ?? {});
        const given: unknown = { maxSessions: DEFAULT_MAX_SESSIONS, workerId: idOf(endpoint), ...(body as object) };
        const registration = parse(dialect.Registration, given);
        refuseKnown(all(), registration);
        const checked = await monitor.check(endpoint);
        if (checked.status === 'offline') {
          throw new GatewayError('WORKER_UNREACHABLE', `The worker does not answer at ${endpoint}: ${checked.error}.`);
        }
        // It may have registered by itself while it was tested.
        refuseKnown(all(), registration);
        const { sessionCount, ...figures } = parse(Health, checked.health['data']);
        const { worker } = registry.register(registration);
        Object.assign(worker, { ...figures, breakdown: { ...worker.breakdown, total: sessionCount } });
        return ok(workerJson(worker, store, registry), 'Worker added successfully', 201);
      },
    },
    {
      kind: 'workers.statistics',
      method: 'get',
      path: `${base}/statistics`,
      access: 'user',
      handle: () => ok(statisticsOf(all())),
    },
    {
      kind: 'workers.test',
      method: 'post',
      path: `${base}/test`,
      access: 'user',
      handle: async ({ body }) => {
        const { endpoint } = parse(Test, body ?? {});
        const checked = await monitor.check(endpoint);
        if (checked.status === 'offline') return ok({ endpoint, status: 'offline', message: `Worker does not respond: ${checked.error}` });
        return ok({ endpoint, status: 'online', responseTime: checked.responseTime, message: 'Worker is healthy and responding' });
      },
    },
    {
      kind: 'workers.health-check',
      method: 'post',
      path: `${base}/health-check`,
      access: 'user',
      handle: async () => {
        const results = await monitor.checkAll();
        const online = results.filter(({ status }) => status === 'online');
        const summary = {
          totalWorkers: results.length,
          onlineWorkers: online.length,
          offlineWorkers: results.length - online.length,
          averageResponseTime: Math.round(average(online.map(({ responseTime = 0 }) => responseTime))),
        };
        return ok({ summary, results });
      },
    },
    {
      kind: 'workers.health.start',
      method: 'post',
      path: `${base}/health/start`,
      access: 'user',
      handle: () => {
        monitor.start();
        return ok(monitor.status(), 'Health monitoring started successfully');
      },
    },
    {
      kind: 'workers.health.stop',
      method: 'post',
      path: `${base}/health/stop`,
      access: 'user',
      handle: () => {
        monitor.stop();
        return ok(monitor.status(), 'Health monitoring stopped successfully');
      },
    },
    { kind: 'workers.health.status', method: 'get', path: `${base}/health/status`, access: 'user', handle: () => ok(monitor.status()) },
    // After the specific paths, which it would otherwise answer for.
    {
      kind: 'workers.remove',
      method: 'delete',
      path: `${base}/:workerId`,
      access: 'user',
      handle: ({ params }) => {
        const workerId = registry.nameOf(parse(WorkerPath, params).workerId);
        return ok({ workerId, unassignedSessions: registry.remove(workerId) }, `Worker ${workerId} removed successfully`);
      },
    },
  ];
};

const workerJson = (worker: WorkerRecord, store: GatewayStore, registry: WorkerRegistry): Record<string, unknown> => {
  const { workerId, endpoint, status, maxSessions, breakdown, lastHeartbeat, registeredAt } = worker;
  const { description, version, environment, cpuUsage, memoryUsage, uptime, messageCount } = worker;
  return {
    ...{ workerId, endpoint, status },
    sessionCount: breakdown.total,
    maxSessions,
    sessionBreakdown: { ...breakdown, maxSessions },
    assignedSessions: store.sessionsOf(workerId).length,
    ...{ cpuUsage, memoryUsage, uptime, messageCount, description, version, environment },
    lastHeartbeat: lastHeartbeat === undefined ? null : new Date(lastHeartbeat).toISOString(),
    registeredAt: new Date(registeredAt).toISOString(),
    /** Null for a worker that takes no new session. */
    loadScore: registry.scoreOf(worker) ?? null,
  };
};

const statisticsOf = (workers: readonly WorkerRecord[]): Record<string, unknown> => {
  const online = workers.filter(({ status }) => status === 'ONLINE');
  const sum = (key: keyof Breakdown): number => online.reduce((total, { breakdown }) => total + breakdown[key], 0);
  const [totalSessions, totalCapacity] = [sum('total'), sum('maxSessions')];
  const { connected, disconnected, reconnecting, error } = {
    ...{ connected: sum('connected'), disconnected: sum('disconnected'), reconnecting: sum('reconnecting'), error: sum('error') },
  };
  return {
    totalWorkers: workers.length,
    onlineWorkers: online.length,
    offlineWorkers: workers.length - online.length,
    totalSessions,
    totalCapacity,
    availableCapacity: Math.max(0, totalCapacity - totalSessions),
    /** Percent */
    utilization: totalCapacity === 0 ? 0 : Math.round((totalSessions / totalCapacity) * 1000) / 10,
    averageCpuUsage: average(online.map(({ cpuUsage }) => cpuUsage)),
    averageMemoryUsage: average(online.map(({ memoryUsage }) => memoryUsage)),
    totalMessages: online.reduce((total, { messageCount }) => total + messageCount, 0),
    sessionBreakdown: { total: totalSessions, connected, disconnected, qr_required: sum('qr_required'), reconnecting, error },
  };
};

const average = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((total, value) => total + value, 0) / values.length;

/** `http://203.0.113.45:8001` → `worker-203-0-113-45-8001` */
const idOf = (endpoint: string): string => {
  const { hostname, port, protocol } = new URL(endpoint);
  const host = hostname.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '');
  return `worker-${host}-${port || (protocol === 'https:' ? '443' : '80')}`;
};

const refuseKnown = (workers: readonly WorkerRecord[], { workerId, endpoint }: { workerId: string; endpoint: string }): void => {
  const known = workers.find((worker) => worker.workerId === workerId || worker.endpoint === endpoint);
  if (known) throw new GatewayError('WORKER_CONFLICT', `The worker ${known.workerId} at ${known.endpoint} is known already.`);
};
