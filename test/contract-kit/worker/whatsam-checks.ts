import { CheckSkipped, type Check } from '../check.js';
import { contractId } from '../contract-id.js';
import type { Exchange } from '../exchange.js';
import { expectShape, expectStatus, expectThat } from '../expect-answer.js';
import { failure, success } from '../formats.js';
import { readableQr } from '../qr-text.js';
import { waitUntil } from '../wait-until.js';
import { healthAnswer } from './guide-shapes.js';
import { whatsamReportChecks } from './whatsam-report-checks.js';
import { sendAnswer, sessionAnswer, startAnswer } from './whatsam-shapes.js';
import type { WhatsamWorker } from './whatsam-worker.js';

const TEXT = { to: '6281234567890', type: 'text', message: 'From the contract kit' };
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const life: Check<WhatsamWorker>[] = [
  {
    id: 'health-open',
    section: 'Health',
    title: 'GET /health answers 200 without a token',
    run: async (worker) => {
      const exchange = await worker.health({ bearer: null });
      expectStatus(exchange, 'GET /health without a token', 200);
      expectShape(exchange, 'the answer of /health', healthAnswer);
    },
  },
  {
    id: 'start',
    section: 'Sessions',
    title: 'start creates and connects in one, and answers INIT or QR_REQUIRED, flat and nested',
    run: async (worker) => {
      const exchange = await worker.start(contractId());
      expectStatus(exchange, 'start', '2xx');
      const { status, data } = expectShape(exchange, 'the answer of start', startAnswer);
      expectThat(status === data.status, 'the flat status is not the nested one', exchange);
    },
  },
  {
    id: 'start-again',
    section: 'Sessions',
    title: 'a repeated start is taken: never 404 or 409',
    after: ['start'],
    run: async (worker) => {
      const exchange = await worker.start(await worker.newSession());
      expectStatus(exchange, 'the second start', '2xx');
      expectShape(exchange, 'the answer of the second start', sessionAnswer);
    },
  },
  {
    id: 'status',
    section: 'Sessions',
    title: 'status is upper case, flat and nested',
    after: ['start'],
    run: async (worker) => {
      const exchange = await worker.status(await worker.newSession());
      expectStatus(exchange, 'status', 200);
      const { status, data } = expectShape(exchange, 'the answer of status', sessionAnswer);
      expectThat(status === data.status, 'the flat status is not the nested one', exchange);
    },
  },
  {
    id: 'start-qr',
    section: 'Sessions',
    title: 'the QR code in the answer of start can be read, as a picture or as its text',
    after: ['start', 'status'],
    timeoutMs: 10 * 60_000,
    run: async (worker) => {
      const sessionId = await worker.newSession();
      let last: Exchange | undefined;
      const found = await waitUntil(
        async () => {
          last = await worker.start(sessionId);
          const answer = expectShape(last, 'the answer of start', sessionAnswer);
          return answer.status === 'QR_REQUIRED' ? answer : undefined;
        },
        { timeoutMs: worker.patienceMs, everyMs: 1_000, signal: worker.scope.signal },
      );
      expectThat(found !== undefined, `start did not answer QR_REQUIRED within ${worker.patienceMs} ms`, last);
      const qrCode = found?.['qrCode'];
      expectThat(readableQr(qrCode), 'qrCode holds no QR code', last);
      expectThat(found?.data['qrCode'] === qrCode, 'the flat qrCode is not the nested one', last);
    },
  },
  ...(['disconnect', 'restart', 'logout'] as const).map((verb): Check<WhatsamWorker> => ({
    id: verb,
    section: 'Sessions',
    title: `${verb} is taken, announced as JSON with an empty body`,
    after: ['start'],
    run: async (worker) => {
      const exchange = await worker.act(await worker.newSession(), verb);
      expectStatus(exchange, verb, '2xx');
      expectShape(exchange, `the answer of ${verb}`, success);
    },
  })),
  {
    id: 'delete',
    section: 'Sessions',
    title: 'delete is taken, announced as JSON with an empty body, and the session is gone then',
    after: ['status'],
    run: async (worker) => {
      const sessionId = await worker.newSession();
      const exchange = await worker.remove(sessionId);
      expectStatus(exchange, 'delete', '2xx');
      expectShape(exchange, 'the answer of delete', success);
      expectStatus(await worker.status(sessionId), 'status of a deleted session', 404);
    },
  },
];

const refusals: Check<WhatsamWorker>[] = [
  {
    id: 'unknown-status',
    section: 'Sessions',
    title: 'status of a session that never was is answered 404',
    run: async (worker) => {
      expectStatus(await worker.status(contractId()), 'status of an unknown session', 404);
    },
  },
  {
    id: 'send-unconnected',
    section: 'Messages',
    title: 'a send by a session that is not connected is refused with 4xx, which is not tried again',
    after: ['start'],
    run: async (worker) => {
      expectStatus(await worker.send(await worker.newSession(), TEXT), 'send by an unconnected session', '4xx');
    },
  },
  {
    id: 'manage-bad',
    section: 'Messages',
    title: 'both manage routes refuse an unknown action with 400',
    after: ['start'],
    run: async (worker) => {
      const sessionId = await worker.newSession();
      for (const root of ['message', 'messages'] as const) {
        const exchange = await worker.manage(root, sessionId, { action: 'explode', messageId: 'msg_1', phone: '6281234567890' });
        expectStatus(exchange, `an unknown action at /api/${root}/:id/manage`, 400);
      }
    },
  },
  {
    id: 'error-text',
    section: 'Failures',
    title: 'a failure is {success: false, error: "a sentence"}',
    run: async (worker) => {
      for (const exchange of [
        await worker.status(contractId()),
        await worker.send(contractId(), TEXT),
        await worker.send(contractId(), {}),
      ]) {
        // A call that was not refused is another check's matter.
        if (exchange.status >= 400) expectShape(exchange, 'a failure', failure);
      }
    },
  },
  {
    id: 'token',
    section: 'Tokens',
    title: 'every call but /health is answered 401 without the token, or with a wrong one',
    requires: ['token'],
    run: async (worker) => {
      const id = contractId();
      for (const bearer of [null, `${worker.http.bearer ?? ''}-wrong`]) {
        const auth = { bearer };
        const name = bearer === null ? 'without a token' : 'with a wrong token';
        expectStatus(await worker.start(id, auth), `start ${name}`, 401);
        expectStatus(await worker.status(id, auth), `status ${name}`, 401);
        expectStatus(await worker.act(id, 'disconnect', auth), `disconnect ${name}`, 401);
        expectStatus(await worker.send(id, TEXT, auth), `send ${name}`, 401);
        expectStatus(await worker.remove(id, auth), `delete ${name}`, 401);
      }
    },
  },
];

/** Without these a worker is of no use; of the others it may say that it cannot send them. */
const NEEDED: ReadonlySet<string> = new Set(['text', 'link']);

/** Sent one by one to the number that the operator named. */
const MESSAGES: Readonly<Record<string, Record<string, unknown>>> = {
  text: { type: 'text', message: 'Text of the contract kit' },
  link: { type: 'link', url: 'https://example.org/', text: 'Link of the contract kit' },
  location: { type: 'location', location: { latitude: -6.2, longitude: 106.8, name: 'Jakarta', address: 'Jakarta' } },
  contact: { type: 'contact', contact: { name: 'Contract Kit', phone: '6281234567890', email: 'kit@example.org', organization: 'Kit' } },
  poll: { type: 'poll', question: 'Does it hold?', options: ['Yes', 'No'], maxAnswer: 1 },
  image: { type: 'image', media: PIXEL, filename: 'pixel.png', caption: 'Image of the contract kit' },
};

const sends: Check<WhatsamWorker>[] = [
  {
    id: 'paired-status',
    section: 'Sessions',
    title: 'status of a connected session is CONNECTED',
    requires: ['session'],
    run: async (worker) => {
      const exchange = await worker.status(worker.paired.sessionId);
      const { status } = expectShape(exchange, 'the answer of status', sessionAnswer);
      expectThat(status === 'CONNECTED', `the session is ${status}, not CONNECTED`, exchange);
    },
  },
  ...Object.entries(MESSAGES).map(([type, content]): Check<WhatsamWorker> => ({
    id: `paired-send-${type}`,
    section: 'Messages',
    title: `a send of type ${type} answers a messageId, flat and nested`,
    requires: ['session'],
    after: ['paired-status'],
    run: async (worker) => {
      const exchange = await worker.send(worker.paired.sessionId, { to: worker.paired.to, ...content });
      if (!NEEDED.has(type)) skipIfUnable(exchange);
      expectStatus(exchange, `a send of type ${type}`, '2xx');
      const { messageId, data } = expectShape(exchange, 'the answer of send', sendAnswer);
      expectThat(messageId === data.messageId, 'the flat messageId is not the nested one', exchange);
    },
  })),
  {
    id: 'paired-typing',
    section: 'Messages',
    title: 'typing_start and typing_stop are taken',
    requires: ['session'],
    after: ['paired-status'],
    run: async (worker) => {
      for (const type of ['typing_start', 'typing_stop']) {
        const exchange = await worker.send(worker.paired.sessionId, { to: worker.paired.to, type });
        skipIfUnable(exchange);
        expectStatus(exchange, type, '2xx');
        expectShape(exchange, `the answer of ${type}`, success);
      }
    },
  },
];

/** A worker that understands a message and cannot send it says so with a 422: that ends the gateway's tries as well. */
const skipIfUnable = (exchange: Exchange): void => {
  if (exchange.status === 422) throw new CheckSkipped(`the worker says: ${expectShape(exchange, 'a failure', failure).error}`);
};

/** Everything a worker of the whatsam dialect has to do. */
export const whatsamWorkerChecks: readonly Check<WhatsamWorker>[] = [...life, ...refusals, ...sends, ...whatsamReportChecks];
