import { z } from 'zod';
import { CheckSkipped, type Check } from '../check.js';
import { contractId } from '../contract-id.js';
import type { Call } from '../http-client.js';
import { expectShape, expectStatus, expectThat } from '../expect-answer.js';
import { count, isoTime, success, text } from '../formats.js';
import type { BackendUnderTest } from './backend-under-test.js';
import { findField, findJwt, findListed } from './find-in-answer.js';

const milliseconds = z.number('must be milliseconds').min(0, 'must not be negative');
/** Nobody listens there, and nobody without rights can. */
const DEAD_ENDPOINT = 'http://127.0.0.1:1';

const testAnswer = success.extend({
  data: z.looseObject({ endpoint: text, status: z.literal('online', 'must be "online"'), responseTime: milliseconds, message: text }),
});

const healthCheckAnswer = success.extend({
  data: z.looseObject({
    summary: z.looseObject({ totalWorkers: count, onlineWorkers: count, offlineWorkers: count, averageResponseTime: milliseconds }),
    results: z.array(
      z.discriminatedUnion(
        'status',
        [
          z.looseObject({ status: z.literal('online'), workerId: text, endpoint: text, responseTime: milliseconds, checkedAt: isoTime }),
          z.looseObject({ status: z.literal('offline'), workerId: text, endpoint: text, error: text, checkedAt: isoTime }),
        ],
        'must have the status online or offline',
      ),
      'must be a list',
    ),
  }),
});

const login: Check<BackendUnderTest> = {
  id: 'admin-login',
  section: 'Admin JWT Authentication',
  title: 'an admin logs in and gets a JWT that the worker list accepts',
  requires: ['admin'],
  run: async (backend) => {
    const { admin } = backend.visit.options;
    if (admin && 'email' in admin) {
      const exchange = await backend.login(admin.email, admin.password);
      expectStatus(exchange, 'the login', '2xx');
      const jwt = findJwt(exchange.body);
      expectThat(jwt !== undefined, 'there is no JWT in the answer to the login', exchange);
      backend.visit.jwt = jwt;
    }
    expectStatus(await backend.admin('GET', '/workers'), 'the list of workers', 200);
  },
};

const workers: Check<BackendUnderTest>[] = [
  {
    id: 'admin-list',
    section: 'Get All Workers',
    title: 'the list of workers has the worker that registered',
    after: ['admin-login', 'register'],
    run: async (backend) => {
      const { workerId } = await backend.worker();
      const exchange = await backend.admin('GET', '/workers');
      expectStatus(exchange, 'the list of workers', 200);
      expectShape(exchange, 'the list of workers', success);
      expectThat(findListed(exchange.body, workerId) !== undefined, `worker ${workerId} is not in the list`, exchange);
    },
  },
  {
    id: 'admin-add',
    section: 'Add Worker Manually',
    title: 'a worker that answers /health can be added by its endpoint, and is listed then',
    after: ['admin-list'],
    run: async (backend) => {
      const { endpoint } = await backend.anotherWorker();
      const exchange = await backend.admin('POST', '/workers', { endpoint, maxSessions: 20, description: 'Added by the contract kit' });
      const workerId = findField(exchange.body, 'workerId', 'id');
      if (workerId !== undefined) backend.scope.defer(async () => backend.removeWorker({ workerId, endpoint }));
      expectStatus(exchange, 'adding a worker', '2xx');
      expectShape(exchange, 'the answer to adding a worker', success);
      const list = await backend.admin('GET', '/workers');
      expectThat(findListed(list.body, endpoint) !== undefined, `no worker with the endpoint ${endpoint} is in the list`, list);
    },
  },
  {
    id: 'admin-test',
    section: 'Test Worker Connectivity',
    title: 'the test of a worker that answers says online, with its endpoint, response time and a message',
    after: ['admin-login'],
    run: async (backend) => {
      const { endpoint } = await backend.anotherWorker();
      const exchange = await backend.admin('POST', '/workers/test', { endpoint });
      expectStatus(exchange, 'the test of a worker', 200);
      const { data } = expectShape(exchange, 'the answer to the test of a worker', testAnswer);
      expectThat(data.endpoint === endpoint, `the answer names the endpoint ${data.endpoint} instead of ${endpoint}`, exchange);
    },
  },
  {
    id: 'admin-test-dead',
    section: 'Test Worker Connectivity',
    title: 'the test of an endpoint where nobody listens does not say online',
    after: ['admin-login'],
    run: async (backend) => {
      const exchange = await backend.admin('POST', '/workers/test', { endpoint: DEAD_ENDPOINT });
      expectThat(findField(exchange.body, 'status') !== 'online', 'an endpoint where nobody listens is said to be online', exchange);
    },
  },
  {
    id: 'admin-health-check',
    section: 'Manual Health Check',
    title: 'a health check answers a result for each worker, and a summary that counts them',
    after: ['admin-login', 'register'],
    run: async (backend) => {
      const exchange = await backend.admin('POST', '/workers/health-check');
      expectStatus(exchange, 'the health check', 200);
      const { summary, results } = expectShape(exchange, 'the answer to the health check', healthCheckAnswer).data;
      const online = results.filter(({ status }) => status === 'online').length;
      expectThat(
        summary.totalWorkers === results.length,
        `totalWorkers is ${summary.totalWorkers} with ${results.length} results`,
        exchange,
      );
      expectThat(summary.onlineWorkers === online, `onlineWorkers is ${summary.onlineWorkers}, ${online} results say so`, exchange);
      expectThat(
        summary.offlineWorkers === results.length - online,
        'onlineWorkers and offlineWorkers do not sum to totalWorkers',
        exchange,
      );
      const { workerId } = await backend.worker();
      const own = results.find((result) => result.workerId === workerId);
      expectThat(own?.status === 'online', `worker ${workerId}, which answers, is ${own?.status ?? 'missing'}`, exchange);
    },
  },
  {
    id: 'admin-statistics',
    section: 'Get Worker Statistics',
    title: 'the statistics can be reached: their path is not taken for a worker’s',
    after: ['admin-login'],
    run: async (backend) => {
      const exchange = await backend.admin('GET', '/workers/statistics');
      expectStatus(exchange, 'the statistics', 200);
      const { data } = expectShape(
        exchange,
        'the answer to the statistics',
        success.extend({ data: z.looseObject({}, 'must be an object') }),
      );
      expectThat(data['workerId'] === undefined, 'the answer is that of a worker', exchange);
      expectThat(Object.keys(data).length > 0, 'the statistics are empty', exchange);
    },
  },
];

const monitoring = (['status', 'stop', 'start'] as const).map((action): Check<BackendUnderTest> => ({
  id: `admin-monitoring-${action}`,
  section: 'Health Monitoring APIs',
  title:
    action === 'status'
      ? 'the status of health monitoring can be read'
      : `health monitoring can be ${action === 'stop' ? 'stopped' : 'started'}`,
  after: ['admin-login'],
  run: async (backend) => {
    // Whoever watched before goes on watching.
    if (action === 'stop') backend.scope.defer(async () => void (await backend.admin('POST', '/workers/health/start')));
    const exchange = await backend.admin(action === 'status' ? 'GET' : 'POST', `/workers/health/${action}`);
    expectStatus(exchange, `${action} of health monitoring`, '2xx');
    expectShape(exchange, `the answer to ${action} of health monitoring`, success);
  },
}));

/** Nothing of the operator's is touched, should one of them be answered after all. */
const ADMIN_ROUTES: readonly (readonly [Call['method'], string])[] = [
  ['GET', '/workers'],
  ['POST', '/workers'],
  ['GET', '/workers/statistics'],
  ['POST', '/workers/test'],
  ['POST', '/workers/health-check'],
  ['POST', '/workers/health/start'],
  ['GET', '/workers/health/status'],
  ['POST', '/workers/health/stop'],
];

const refuseAll = async (backend: BackendUnderTest, bearer: string | null, name: string): Promise<void> => {
  const routes = [...ADMIN_ROUTES, ['DELETE', `/workers/${contractId()}`] as const];
  for (const [method, path] of routes) {
    const exchange = await backend.admin(method, path, method === 'POST' ? {} : undefined, { bearer });
    expectStatus(exchange, `${method} ${path} with ${name}`, 401);
  }
};

const access: Check<BackendUnderTest>[] = [
  {
    id: 'admin-without-jwt',
    section: 'Admin JWT Authentication',
    title: 'every admin route is answered 401 without a JWT',
    run: async (backend) => refuseAll(backend, null, 'no JWT'),
  },
  {
    id: 'admin-worker-token',
    section: 'Admin JWT Authentication',
    title: 'every admin route is answered 401 with the workers’ token',
    after: ['admin-without-jwt'],
    run: async (backend) => refuseAll(backend, backend.http.bearer ?? null, 'the workers’ token'),
  },
];

const removal: Check<BackendUnderTest> = {
  id: 'admin-remove',
  section: 'Remove Worker',
  title: 'a worker can be removed, is not listed then, and its heartbeat is answered 404',
  after: ['admin-add'],
  run: async (backend) => {
    const worker = await backend.anotherWorker();
    const added = await backend.admin('POST', '/workers', { endpoint: worker.endpoint, maxSessions: 20, description: 'To be removed' });
    const workerId = findField(added.body, 'workerId', 'id');
    if (workerId === undefined) throw new CheckSkipped('the answer to adding a worker does not name it');
    const exchange = await backend.admin('DELETE', `/workers/${workerId}`);
    expectStatus(exchange, 'removing a worker', '2xx');
    const list = await backend.admin('GET', '/workers');
    expectThat(findListed(list.body, worker.endpoint) === undefined, `worker ${workerId} is still listed`, list);
    expectStatus(
      await backend.heartbeat(workerId, { status: 'online', metrics: {}, sessions: [] }),
      'a heartbeat of a removed worker',
      404,
    );
  },
};

/** What a backend offers its admins. */
export const adminChecks: readonly Check<BackendUnderTest>[] = [...access, login, ...workers, ...monitoring, removal];
