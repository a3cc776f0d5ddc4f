import { CheckSkipped, type Check } from '../check.js';
import type { Exchange } from '../exchange.js';
import { expectStatus, expectThat } from '../expect-answer.js';
import { contractId } from '../contract-id.js';
import type { BackendUnderTest } from './backend-under-test.js';
import { findField } from './find-in-answer.js';

const SECTION = 'Session Orchestration';

/** The guide leaves the user's side open, so little is asked of it; a backend without it is said to have none. */
export const userChecks: readonly Check<BackendUnderTest>[] = [
  {
    id: 'user-create',
    section: SECTION,
    title: 'a user can create a session',
    after: ['admin-login', 'heartbeat'],
    run: async (backend) => {
      const name = contractId();
      const exchange = await backend.admin('POST', '/sessions', { name, sessionName: name });
      backend.offered(exchange, 'POST /sessions');
      expectStatus(exchange, 'creating a session', '2xx');
      const sessionId = findField(exchange.body, 'sessionId', 'id');
      expectThat(sessionId !== undefined, 'the answer does not name the session', exchange);
      backend.visit.sessionId = sessionId;
    },
  },
  {
    id: 'user-connect',
    section: SECTION,
    title: 'connecting a session asks its worker, with the worker token',
    after: ['user-create'],
    run: async (backend) => {
      const exchange = await backend.admin('POST', `/sessions/${sessionOf(backend)}/connect`, {});
      backend.offered(exchange, 'POST /sessions/:id/connect');
      expectStatus(exchange, 'connecting a session', '2xx');
      const asked = await askedOfWorker(backend);
      if (asked.length === 0) throw new CheckSkipped('the backend gave the session to another worker than the kit’s');
      for (const call of asked) {
        expectThat(
          call.requestHeaders['authorization'] === `Bearer ${backend.http.bearer ?? ''}`,
          'the worker is asked without its token',
          call,
        );
      }
    },
  },
  {
    id: 'user-report',
    section: SECTION,
    title: 'a report about a session that the backend knows is taken',
    after: ['user-connect'],
    run: async (backend) => {
      const { workerId } = await backend.worker();
      const status = backend.dialect === 'whatsam' ? 'DISCONNECTED' : 'disconnected';
      const report = { sessionId: sessionOf(backend), status, workerId, timestamp: new Date().toISOString() };
      expectStatus(await backend.webhook('session-status', report), 'a report about a known session', '2xx');
    },
  },
  {
    id: 'user-delete',
    section: SECTION,
    title: 'a user can delete a session',
    after: ['user-create'],
    run: async (backend) => {
      const exchange = await backend.admin('DELETE', `/sessions/${sessionOf(backend)}`);
      backend.offered(exchange, 'DELETE /sessions/:id');
      expectStatus(exchange, 'deleting a session', '2xx');
    },
  },
];

const sessionOf = ({ visit }: BackendUnderTest): string => {
  if (visit.sessionId === undefined) throw new Error('this check has to follow user-create');
  return visit.sessionId;
};

/** Calls about sessions: of the guide's routes, or of whatsam's. */
const askedOfWorker = async (backend: BackendUnderTest): Promise<Exchange[]> =>
  (await backend.worker()).asked.filter(({ url }) => /^\/(session|api\/sessions)\//.test(url));
