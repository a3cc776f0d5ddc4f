import type { Check } from '../check.js';
import { contractId } from '../contract-id.js';
import type { Exchange } from '../exchange.js';
import { expectShape, expectStatus } from '../expect-answer.js';
import { failure } from '../formats.js';
import type { GuideWorker } from './guide-worker.js';

const NUMBER = '6281234567890@s.whatsapp.net';
const MESSAGE = { to: NUMBER, type: 'text', message: 'From the contract kit' };

interface SessionCall {
  name: string;
  section: string;
  call: (worker: GuideWorker, sessionId: string, auth?: { bearer: string | null }) => Promise<Exchange>;
}

const SESSION_CALLS: readonly SessionCall[] = [
  { name: 'status', section: 'Get Session Status', call: async (worker, id, auth) => worker.status(id, auth) },
  { name: 'connect', section: 'Connect Session', call: async (worker, id, auth) => worker.connect(id, auth) },
  { name: 'send', section: 'Send Message', call: async (worker, id, auth) => worker.send(id, MESSAGE, auth) },
  { name: 'messages', section: 'Get Messages', call: async (worker, id, auth) => worker.messages(id, undefined, auth) },
  { name: 'delete', section: 'Delete Session', call: async (worker, id, auth) => worker.remove(id, auth) },
];

const unknownSessions = SESSION_CALLS.map(({ name, section, call }): Check<GuideWorker> => ({
  id: `unknown-${name}`,
  section,
  title: `${name} of a session that never was is answered 404`,
  run: async (worker) => {
    expectStatus(await call(worker, contractId()), `${name} of an unknown session`, 404);
  },
}));

const deletedSessions = SESSION_CALLS.map(({ name, section, call }): Check<GuideWorker> => ({
  id: `deleted-${name}`,
  section,
  title: `${name} of a deleted session is answered 404`,
  after: ['delete', `unknown-${name}`],
  run: async (worker) => {
    const sessionId = await worker.newSession();
    await worker.remove(sessionId);
    expectStatus(await call(worker, sessionId), `${name} of a deleted session`, 404);
  },
}));

/** Every route but /health, without touching a session that exists. */
const callEveryRoute = async (worker: GuideWorker, bearer: string | null, name: string): Promise<void> => {
  const auth = { bearer };
  const sessionId = contractId();
  const created = await worker.create({ sessionId, userId: 'contract', sessionName: 'Refused' }, auth);
  expectStatus(created, `create with ${name}`, 401);
  for (const route of SESSION_CALLS) expectStatus(await route.call(worker, sessionId, auth), `${route.name} with ${name}`, 401);
};

const tokens: Check<GuideWorker>[] = [
  {
    id: 'token-missing',
    section: 'Worker Token Authentication',
    title: 'every call but /health is answered 401 without a token',
    requires: ['token'],
    run: async (worker) => callEveryRoute(worker, null, 'no token'),
  },
  {
    id: 'token-wrong',
    section: 'Worker Token Authentication',
    title: 'every call but /health is answered 401 with a wrong token',
    requires: ['token'],
    run: async (worker) => callEveryRoute(worker, `${worker.http.bearer ?? ''}-wrong`, 'a wrong token'),
  },
];

const others: Check<GuideWorker>[] = [
  {
    id: 'unknown-path',
    section: 'Required Worker Endpoints',
    title: 'a path that does not exist is answered 404',
    run: async (worker) => {
      expectStatus(await worker.http.request({ method: 'GET', path: `/${contractId()}` }), 'an unknown path', 404);
    },
  },
  {
    id: 'error-body',
    section: 'Required Worker Endpoints',
    title: 'a failure is {success: false, error: "a sentence"}',
    run: async (worker) => {
      for (const [name, exchange] of [
        ['the answer to a create without an id', await worker.create({})],
        ['the answer to broken JSON', await worker.createRaw('{')],
        ['the answer for an unknown session', await worker.status(contractId())],
        ['the answer for an unknown path', await worker.http.request({ method: 'GET', path: `/${contractId()}` })],
      ] as const) {
        // A call that was not refused is another check's matter.
        if (exchange.status >= 400) expectShape(exchange, name, failure);
      }
    },
  },
];

const sends: Check<GuideWorker>[] = [
  {
    id: 'send-unconnected',
    section: 'Send Message',
    title: 'a send by a session that is not connected is refused, with a sentence',
    after: ['create'],
    run: async (worker) => {
      const exchange = await worker.send(await worker.newSession(), MESSAGE);
      expectStatus(exchange, 'send by an unconnected session', '4xx', '5xx');
      expectShape(exchange, 'the refusal of a send', failure);
    },
  },
  {
    id: 'send-incomplete',
    section: 'Send Message',
    title: 'a send without a recipient is refused with 4xx',
    after: ['create'],
    run: async (worker) => {
      const exchange = await worker.send(await worker.newSession(), { type: 'text', message: 'To nobody' });
      expectStatus(exchange, 'send without a recipient', '4xx');
    },
  },
];

/** What a worker has to refuse, and how. */
export const guideRefusalChecks: readonly Check<GuideWorker>[] = [...sends, ...unknownSessions, ...deletedSessions, ...others, ...tokens];
