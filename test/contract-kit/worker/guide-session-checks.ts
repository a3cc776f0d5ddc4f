import { setTimeout as sleep } from 'node:timers/promises';
import { CheckSkipped, type Check } from '../check.js';
import { contractId } from '../contract-id.js';
import type { Exchange } from '../exchange.js';
import { expectShape, expectStatus, expectThat } from '../expect-answer.js';
import { qrText } from '../qr-text.js';
import { waitUntil } from '../wait-until.js';
import { anyConnectAnswer, connectAnswer, createAnswer, deleteAnswer, healthAnswer, statusAnswer } from './guide-shapes.js';
import type { GuideWorker } from './guide-worker.js';

const BAD_IDS: readonly (readonly [name: string, sessionId: unknown])[] = [
  ['an empty sessionId', ''],
  ['a path as sessionId', '../../etc'],
  ['a slash in sessionId', 'a/b'],
  ['a line feed in sessionId', 'a\nb'],
  ['a number as sessionId', 42],
  ['null as sessionId', null],
  ['an object as sessionId', {}],
];

const health: Check<GuideWorker>[] = [
  {
    id: 'health-shape',
    section: 'Health Check Endpoint',
    title: 'GET /health says online, whole numbers for sessions and uptime, and percentages from 0 to 100',
    run: async (worker) => {
      const exchange = await worker.health();
      expectStatus(exchange, 'GET /health', 200);
      expectShape(exchange, 'the answer of /health', healthAnswer);
    },
  },
  {
    id: 'health-open',
    section: 'Health Check Endpoint',
    title: 'GET /health needs no token',
    run: async (worker) => {
      expectStatus(await worker.health({ bearer: null }), 'GET /health without a token', 200);
    },
  },
];

const create: Check<GuideWorker>[] = [
  {
    id: 'create',
    section: 'Create Session',
    title: 'POST /session/create answers the id, status disconnected and a message',
    run: async (worker) => {
      const sessionId = contractId();
      const exchange = await worker.create({ sessionId, userId: 'contract', sessionName: 'Contract kit' });
      expectStatus(exchange, 'create', 200, 201);
      const { data } = expectShape(exchange, 'the answer of create', createAnswer);
      expectThat(data.sessionId === sessionId, `create answers the id ${data.sessionId} instead of ${sessionId}`, exchange);
    },
  },
  {
    id: 'create-without-name',
    section: 'Worker Testing',
    title: 'create takes a session without sessionName, as in the guide’s own test',
    after: ['create'],
    run: async (worker) => {
      expectStatus(await worker.create({ sessionId: contractId(), userId: 'contract' }), 'create without sessionName', 200, 201);
    },
  },
  {
    id: 'create-duplicate',
    section: 'Create Session',
    title: 'create of an id that exists is answered 409',
    after: ['create'],
    run: async (worker) => {
      const sessionId = await worker.newSession();
      expectStatus(await worker.create({ sessionId, userId: 'contract', sessionName: 'Again' }), 'create of an id that exists', 409);
    },
  },
  {
    id: 'create-bad-id',
    section: 'Create Session',
    title: 'create refuses ids that are no name (empty, paths, line feeds, other types) with 400',
    run: async (worker) => {
      for (const [name, sessionId] of BAD_IDS) {
        expectStatus(await worker.create({ sessionId, userId: 'contract', sessionName: 'Bad' }), `create with ${name}`, 400);
      }
    },
  },
  {
    id: 'create-missing-fields',
    section: 'Create Session',
    title: 'create without a sessionId is answered 400',
    run: async (worker) => {
      expectStatus(await worker.create({}), 'create with an empty object', 400);
      expectStatus(await worker.create({ userId: 'contract', sessionName: 'No id' }), 'create without sessionId', 400);
    },
  },
  {
    id: 'create-malformed-json',
    section: 'Create Session',
    title: 'create with broken JSON is answered 400',
    run: async (worker) => {
      expectStatus(await worker.createRaw('{"sessionId":'), 'create with broken JSON', 400);
    },
  },
];

const connect: Check<GuideWorker>[] = [
  {
    id: 'connect',
    section: 'Connect Session',
    title: 'connect answers connecting, or qr_required with a PNG data URL',
    after: ['create'],
    run: async (worker) => {
      const sessionId = await worker.newSession();
      const exchange = await worker.connect(sessionId);
      expectStatus(exchange, 'connect', 200);
      const { data } = expectShape(exchange, 'the answer of connect', connectAnswer);
      expectThat(data.sessionId === sessionId, `connect answers the id ${data.sessionId} instead of ${sessionId}`, exchange);
    },
  },
  {
    id: 'connect-qr',
    section: 'Connect Session',
    title: 'the QR code in the answer of connect can be read from the picture',
    after: ['create', 'connect'],
    timeoutMs: 10 * 60_000,
    run: async (worker) => {
      const [exchange, qrCode] = await connectForQr(worker, await worker.newSession());
      try {
        qrText(qrCode);
      } catch (error) {
        expectThat(false, `qrCode shows no QR code: ${error instanceof Error ? error.message : String(error)}`, exchange);
      }
    },
  },
  {
    id: 'connect-twice',
    section: 'Connect Session',
    title: 'a second connect of the same session does no harm',
    after: ['create', 'connect'],
    run: async (worker) => {
      const sessionId = await worker.newSession();
      await worker.connect(sessionId);
      const second = await worker.connect(sessionId);
      expectStatus(second, 'the second connect', 200);
      expectShape(second, 'the answer of the second connect', anyConnectAnswer);
      expectStatus(await worker.status(sessionId), 'status after the second connect', 200);
    },
  },
  {
    id: 'status-while-connecting',
    section: 'Get Session Status',
    title: 'a session that is being connected has one of the same five statuses',
    after: ['connect', 'status-shape'],
    run: async (worker) => {
      const sessionId = await worker.newSession();
      await worker.connect(sessionId);
      expectShape(await worker.status(sessionId), 'the answer of status', statusAnswer);
    },
  },
];

const connectForQr = async (worker: GuideWorker, sessionId: string): Promise<[Exchange, string]> => {
  const answer = await worker.connect(sessionId);
  const first = expectShape(answer, 'the answer of connect', connectAnswer).data;
  if (first.status === 'qr_required') return [answer, first.qrCode];
  const asked = await waitUntil(
    async () => {
      const { status } = expectShape(await worker.status(sessionId), 'the answer of status', statusAnswer).data;
      return status === 'qr_required' ? true : undefined;
    },
    { timeoutMs: worker.patienceMs, everyMs: 500, signal: worker.scope.signal },
  );
  expectThat(asked === true, `the session did not become qr_required within ${worker.patienceMs} ms of connect`);
  const again = await worker.connect(sessionId);
  const second = expectShape(again, 'the answer of the second connect', connectAnswer).data;
  if (second.status === 'qr_required') return [again, second.qrCode];
  throw new CheckSkipped('connect answers connecting only, the QR code goes to the backend: see report-qr');
};

const status: Check<GuideWorker>[] = [
  {
    id: 'status-shape',
    section: 'Get Session Status',
    title: 'status answers the id, one of the guide’s five statuses and an ISO lastActivity',
    after: ['create'],
    run: async (worker) => {
      const sessionId = await worker.newSession();
      const exchange = await worker.status(sessionId);
      expectStatus(exchange, 'status', 200);
      const { data } = expectShape(exchange, 'the answer of status', statusAnswer);
      expectThat(data.sessionId === sessionId, `status answers the id ${data.sessionId} instead of ${sessionId}`, exchange);
    },
  },
  {
    id: 'create-connects-nothing',
    section: 'Create Session',
    title: 'a created session stays disconnected and shows no QR code until it is connected',
    after: ['create', 'status-shape'],
    run: async (worker) => {
      const sessionId = await worker.newSession();
      // Long enough for a connect that was started in the background to show.
      await sleep(500, undefined, { signal: worker.scope.signal });
      const exchange = await worker.status(sessionId);
      const { data } = expectShape(exchange, 'the answer of status', statusAnswer);
      expectThat(data.status === 'disconnected', `a session that was only created is ${data.status}`, exchange);
      expectThat(!data['qrCode'], 'a session that was only created has a QR code', exchange);
    },
  },
  {
    id: 'encoded-id',
    section: 'Get Session Status',
    title: 'an id in the path may be percent-encoded',
    after: ['status-shape'],
    run: async (worker) => {
      const sessionId = await worker.newSession();
      const path = `/session/${sessionId.replaceAll('-', '%2D').replace('c', '%63')}/status`;
      expectStatus(await worker.http.request({ method: 'GET', path }), 'status of a percent-encoded id', 200);
    },
  },
];

const remove: Check<GuideWorker>[] = [
  {
    id: 'delete',
    section: 'Delete Session',
    title: 'DELETE /session/{sessionId} answers success and a message',
    after: ['create'],
    run: async (worker) => {
      const exchange = await worker.remove(await worker.newSession());
      expectStatus(exchange, 'delete', 200);
      expectShape(exchange, 'the answer of delete', deleteAnswer);
    },
  },
  {
    id: 'delete-connecting',
    section: 'Delete Session',
    title: 'a session that is being connected can be deleted, and is gone then',
    after: ['connect', 'delete'],
    run: async (worker) => {
      const sessionId = await worker.newSession();
      await worker.connect(sessionId);
      expectStatus(await worker.remove(sessionId), 'delete of a session that is being connected', 200);
      expectStatus(await worker.status(sessionId), 'status of a session that was deleted while connecting', 404);
    },
  },
  {
    id: 'recreate',
    section: 'Delete Session',
    title: 'the id of a deleted session can be created again',
    after: ['delete'],
    run: async (worker) => {
      const sessionId = await worker.newSession();
      await worker.remove(sessionId);
      expectStatus(await worker.create({ sessionId, userId: 'contract', sessionName: 'Again' }), 'create after delete', 200, 201);
    },
  },
];

/** The life of a session, from health to delete. */
export const guideSessionChecks: readonly Check<GuideWorker>[] = [...health, ...create, ...status, ...connect, ...remove];
