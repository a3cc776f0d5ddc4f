import { CheckSkipped, type Check } from '../check.js';
import { contractId } from '../contract-id.js';
import type { Exchange } from '../exchange.js';
import { expectShape, expectStatus, expectThat } from '../expect-answer.js';
import { waitUntil } from '../wait-until.js';
import { anyConnectAnswer, messagesAnswer, sendAnswer, statusAnswer } from './guide-shapes.js';
import type { GuideWorker } from './guide-worker.js';

const LISTED_WITHIN_MS = 60_000;

const history: Check<GuideWorker>[] = [
  {
    id: 'messages-shape',
    section: 'Get Messages',
    title: 'messages answers a list, and pagination with total and the limit and offset that were asked for',
    after: ['create'],
    run: async (worker) => {
      const exchange = await worker.messages(await worker.newSession(), '?limit=7&offset=3');
      expectStatus(exchange, 'messages', 200);
      const { pagination, messages } = expectShape(exchange, 'the answer of messages', messagesAnswer).data;
      expectThat(pagination.limit === 7 && pagination.offset === 3, 'pagination does not repeat limit 7 and offset 3', exchange);
      expectThat(messages.length === 0 && pagination.total === 0, 'a new session has messages', exchange);
    },
  },
  {
    id: 'messages-without-query',
    section: 'Get Messages',
    title: 'messages without limit and offset answers the same shape',
    after: ['messages-shape'],
    run: async (worker) => {
      const exchange = await worker.messages(await worker.newSession(), '');
      expectStatus(exchange, 'messages without a query', 200);
      expectShape(exchange, 'the answer of messages without a query', messagesAnswer);
    },
  },
  {
    id: 'messages-paging-validated',
    section: 'Get Messages',
    title: 'a limit or offset that is no number, or negative, is answered 400',
    after: ['create'],
    run: async (worker) => {
      const sessionId = await worker.newSession();
      for (const query of ['?limit=abc', '?limit=-1', '?offset=abc', '?offset=-1']) {
        expectStatus(await worker.messages(sessionId, query), `messages${query}`, 400);
      }
    },
  },
];

const paired: Check<GuideWorker>[] = [
  {
    id: 'paired-status',
    section: 'Get Session Status',
    title: 'status of a connected session is connected and names its phone number',
    requires: ['session'],
    run: async (worker) => {
      const exchange = await worker.status(worker.paired.sessionId);
      const { data } = expectShape(exchange, 'the answer of status', statusAnswer);
      expectThat(data.status === 'connected', `the session is ${data.status}, not connected`, exchange);
      expectThat(Boolean(data.phoneNumber), 'phoneNumber is missing', exchange);
    },
  },
  {
    id: 'paired-connect',
    section: 'Connect Session',
    title: 'connect of a connected session does no harm',
    requires: ['session'],
    after: ['paired-status'],
    run: async (worker) => {
      const exchange = await worker.connect(worker.paired.sessionId);
      expectStatus(exchange, 'connect of a connected session', 200);
      expectShape(exchange, 'the answer of connect', anyConnectAnswer);
      const status = await worker.status(worker.paired.sessionId);
      expectThat(
        expectShape(status, 'the answer of status', statusAnswer).data.status === 'connected',
        'after a connect the session is no longer connected',
        status,
      );
    },
  },
  {
    id: 'paired-send',
    section: 'Send Message',
    title: 'send answers a messageId, status sent and an ISO timestamp',
    requires: ['session'],
    after: ['paired-status'],
    run: async (worker) => {
      const exchange = await sendText(worker, 'hello');
      expectStatus(exchange, 'send', 200);
      expectShape(exchange, 'the answer of send', sendAnswer);
    },
  },
  {
    id: 'paired-listed',
    section: 'Get Messages',
    title: 'a sent message appears in messages with the guide’s fields',
    requires: ['session'],
    after: ['paired-send'],
    run: async (worker) => {
      const content = `contract kit ${contractId()}`;
      const { messageId } = expectShape(await sendText(worker, content), 'the answer of send', sendAnswer).data;
      let last: Exchange | undefined;
      const found = await waitUntil(
        async () => {
          last = await worker.messages(worker.paired.sessionId);
          const { messages } = expectShape(last, 'the answer of messages', messagesAnswer).data;
          return messages.find(({ id }) => id === messageId);
        },
        { timeoutMs: LISTED_WITHIN_MS, everyMs: 250, signal: worker.scope.signal },
      );
      expectThat(found !== undefined, `message ${messageId} is not among the messages within ${LISTED_WITHIN_MS} ms`, last);
      expectThat(found?.content === content && found.type === 'text', 'the message is listed with another content or type', last);
    },
  },
  {
    id: 'paired-paging',
    section: 'Get Messages',
    title: 'limit and offset walk through the messages',
    requires: ['session'],
    after: ['paired-listed'],
    run: async (worker) => {
      expectShape(await sendText(worker, 'one of two'), 'the answer of send', sendAnswer);
      expectShape(await sendText(worker, 'two of two'), 'the answer of send', sendAnswer);
      const page = async (offset: number): Promise<string | undefined> => {
        const exchange = await worker.messages(worker.paired.sessionId, `?limit=1&offset=${offset}`);
        const { messages, pagination } = expectShape(exchange, 'the answer of messages', messagesAnswer).data;
        expectThat(messages.length === 1, `limit=1 answers ${messages.length} messages`, exchange);
        expectThat(pagination.total >= 2, `total is ${pagination.total} after two sends`, exchange);
        return messages[0]?.id;
      };
      const [first, second] = [await page(0), await page(1)];
      expectThat(first !== second, 'offset 0 and offset 1 answer the same message');
    },
  },
  {
    id: 'paired-idempotency',
    section: 'Send Message',
    title: 'a send repeated with the same Idempotency-Key is sent once (the guide does not ask for it)',
    requires: ['session'],
    after: ['paired-send'],
    run: async (worker) => {
      const headers = { 'idempotency-key': contractId() };
      const message = `contract kit ${contractId()}`;
      const ids = [await sendText(worker, message, headers), await sendText(worker, message, headers)].map(
        (exchange) => expectShape(exchange, 'the answer of send', sendAnswer).data.messageId,
      );
      if (ids[0] !== ids[1]) throw new CheckSkipped('the worker does not honour Idempotency-Key; for information only');
    },
  },
];

const sendText = async (worker: GuideWorker, message: string, headers: Record<string, string> = {}): Promise<Exchange> =>
  worker.send(worker.paired.sessionId, { to: worker.paired.to, type: 'text', message }, { headers });

/** History, and what only a connected session shows. */
export const guideMessageChecks: readonly Check<GuideWorker>[] = [...history, ...paired];
