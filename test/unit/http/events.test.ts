import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createNetServer, type AddressInfo, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import type { LoggedEvent } from '../../../supervisor/events/event-page.js';
import { PresenceEvent } from '../../../supervisor/http/schemas/profile.js';
import type { PresenceNews } from '../../../supervisor/queries/presence-feed.js';
import { sendEvents } from '../../../supervisor/http/event-stream.js';
import type { InheritedSocket } from '../../../supervisor/service-manager/inherited-socket.js';
import { eventually } from '../../fixtures/eventually.js';
import { readEventStream, type EventConsumer } from '../../support/event-consumer.js';
import { closeServersAfterEach, startServer, TOKEN, type Fixture } from './http-fixture.js';
import { STARTED_AT } from './memory-sessions.js';

closeServersAfterEach();

const setUp = async (count: number, text = 'text', inherited?: InheritedSocket): Promise<Fixture> => {
  const fixture = await startServer({}, {}, inherited);
  await fixture.call('POST', '/session/create', { sessionId: 's' });
  add(fixture, count, text);
  return fixture;
};

const add = ({ worker }: Fixture, count: number, text = 'text'): void => {
  for (let n = 0; n < count; n++) {
    const seq = (worker.loggedEvents.at(-1)?.seq ?? 0) + 1;
    const message = { ...{ id: `A${seq}`, chat: 'c', from: 'c', to: 'me', fromMe: false, type: 'text', content: text } };
    const event: LoggedEvent = {
      ...{ seq, type: 'message', at: STARTED_AT, messageId: message.id },
      message: { ...message, timestamp: STARTED_AT, status: 'delivered' },
    };
    worker.loggedEvents.push(event);
  }
  for (const ring of worker.rings) ring();
};

const follow = async ({ baseUrl }: Fixture, query = '', headers: Record<string, string> = {}): Promise<EventConsumer> => {
  const consumer = await readEventStream(`${baseUrl}/session/s/events${query}`, { Authorization: `Bearer ${TOKEN}`, ...headers });
  onTestFinished(() => {
    consumer.cut();
  });
  return consumer;
};
const seqs = ({ events }: EventConsumer): number[] => events.map(({ seq }) => seq);

it('answers the events after a number, with what shows whether the consumer is still with them', async () => {
  const { call, worker } = await setUp(3);
  worker.loggedEvents.push(
    { seq: 4, type: 'message.status', at: STARTED_AT, messageId: 'B1', status: 'read' },
    { ...{ seq: 5, type: 'session', at: STARTED_AT, from: 'connecting', to: 'connected' }, reason: 'opened', status: 'connected' },
    { seq: 6, type: 'void' },
    { seq: 9, type: 'restored', at: STARTED_AT, after: 6 },
    { seq: 10, type: 'message', at: STARTED_AT, messageId: 'A9', message: undefined },
  );
  const at = '2024-01-15T10:30:00.000Z';
  const common = { sessionId: 's', at };
  const { data } = await call('GET', '/session/s/events?after=2&limit=7');
  expect(data).toEqual({
    ...{ createdAt: at, oldest: 1, newest: 10 },
    events: [
      {
        ...{ ...common, seq: 3, type: 'message', messageId: 'A3' },
        message: {
          ...{ id: 'A3', from: 'c', to: 'me', type: 'text', content: 'text', timestamp: at },
          ...{ status: 'delivered', fromMe: false, chat: 'c' },
        },
      },
      { ...common, seq: 4, type: 'message.status', messageId: 'B1', status: 'read' },
      {
        ...{ ...common, seq: 5, type: 'session', from: 'connecting', to: 'connected', status: 'connected', reason: 'opened' },
        message: 'The session is connected to WhatsApp.',
      },
      { sessionId: 's', seq: 6, type: 'void' },
      { ...common, seq: 9, type: 'restored', after: 6 },
      { ...common, seq: 10, type: 'message', messageId: 'A9', message: null },
    ],
  });
});

it.each([
  ['after=-1', {}],
  ['after=x', {}],
  ['after=99999999999999999', {}],
  ['after=', {}],
  ['limit=0', {}],
  ['limit=501', {}],
  ['createdAt=yesterday', {}],
  ['after=1&after=2', {}],
  ['include=typing', {}],
  ['include=', {}],
  ['include=presence&include=presence', {}],
  ['', { 'last-event-id': 'x' }],
])('refuses %s', async (query, headers) => {
  const { call } = await setUp(1);
  for (const accept of ['application/json', 'text/event-stream']) {
    const { status, body } = await call('GET', `/session/s/events?${query}`, undefined, { accept, ...headers });
    expect([status, body['code']]).toEqual([400, 'INVALID_REQUEST']);
  }
});

it('answers what goes wrong before a stream begins as any other request', async () => {
  const { call, worker, baseUrl } = await setUp(5);
  worker.loggedEvents.splice(0, 3);
  const accept = { accept: 'text/event-stream' };
  expect((await call('GET', '/session/nobody/events', undefined, accept)).body['code']).toBe('SESSION_NOT_FOUND');
  const gone = await call('GET', '/session/s/events?after=2', undefined, accept);
  expect([gone.status, gone.body['code'], gone.body['details']]).toEqual([410, 'EVENTS_GONE', { oldest: 4, newest: 5 }]);
  expect((await call('GET', '/session/s/events?createdAt=2020-01-01T00:00:00.000Z', undefined, accept)).status).toBe(410);
  expect((await fetch(`${baseUrl}/session/s/events`, { headers: accept })).status).toBe(401);
});

it('streams what is there and what comes, from Last-Event-ID on, whatever the address says', async () => {
  const fixture = await setUp(120);
  const all = await follow(fixture);
  const some = await follow(fixture, '?after=3', { 'Last-Event-ID': '117' });
  await eventually(() => all.events.length === 120 && some.events.length === 3, 'both have what there is');
  add(fixture, 2);
  await eventually(() => all.events.length === 122 && some.events.length === 5, 'both have what came');
  expect(seqs(all)).toEqual(Array.from({ length: 122 }, (_, index) => index + 1));
  expect(seqs(some)).toEqual([118, 119, 120, 121, 122]);
  expect(all.events[0]).toMatchObject({ sessionId: 's', type: 'message', message: { id: 'A1' } });
});

const BOB = '6281200000002@s.whatsapp.net';

it('tells a consumer that asked for it who types, in order with the events and without a number', async () => {
  const fixture = await setUp(2);
  const asked = await follow(fixture, '?include=presence');
  const other = await follow(fixture);
  await eventually(() => asked.events.length === 2 && other.events.length === 2, 'both follow');
  expect(fixture.worker.presenceListeners.size).toBe(1);
  const tell = (who: PresenceNews['who'], presence: PresenceNews['presence']): void => {
    for (const listener of fixture.worker.presenceListeners) listener({ chat: BOB, who, presence });
  };
  tell({ jid: BOB, lid: '100@lid' }, { state: 'composing', at: STARTED_AT });
  await eventually(() => asked.presences.length === 1, 'it is told');
  tell({ jid: '101@lid' }, { state: 'unavailable', lastSeen: STARTED_AT - 60_000, at: STARTED_AT });
  add(fixture, 1);
  await eventually(() => asked.presences.length === 2 && asked.events.length === 3 && other.events.length === 3, 'the rest');
  expect(asked.presences).toEqual([
    {
      ...{ sessionId: 's', type: 'presence', at: '2024-01-15T10:30:00.000Z', chat: BOB, state: 'composing', lastSeen: null },
      ...{ jid: BOB, lid: '100@lid', phoneNumber: '+6281200000002' },
    },
    {
      ...{ sessionId: 's', type: 'presence', at: '2024-01-15T10:30:00.000Z', chat: BOB, state: 'unavailable' },
      ...{ lastSeen: '2024-01-15T10:29:00.000Z', jid: '101@lid' },
    },
  ]);
  for (const presence of asked.presences) expect(PresenceEvent.safeParse(presence).error).toBeUndefined();
  expect(other.presences).toEqual([]);
  asked.cut();
  await eventually(() => fixture.worker.presenceListeners.size === 0, 'nobody listens any more');
});

it('keeps for a consumer that takes nothing only the newest of each person, and of so many', async () => {
  const fixture = await setUp(2_000, 'x'.repeat(20_000));
  const consumer = await follow(fixture, '?include=presence');
  consumer.pause();
  const [hear = () => undefined] = fixture.worker.presenceListeners;
  const tell = (number: number, state: 'composing' | 'available') => {
    hear({ chat: `${number}@lid`, who: { jid: `${number}@lid` }, presence: { state, at: STARTED_AT } });
  };
  for (let number = 0; number < 3_000; number++) tell(number, 'composing');
  tell(2_999, 'available');
  consumer.resume();
  await eventually(() => consumer.events.length === 2_000, 'it has all events', 30_000);
  tell(9_999, 'available');
  await eventually(() => consumer.presences.at(-1)?.['jid'] === '9999@lid', 'it is told of what comes');
  const told = consumer.presences.map(({ jid, state }) => [jid, state]);
  expect(told.length).toBeLessThan(1_100);
  expect(told.at(-2)).toEqual(['2999@lid', 'available']);
});

it('has no presences in a page', async () => {
  const { call } = await setUp(1);
  const { status, body } = await call('GET', '/session/s/events?include=presence');
  expect([status, body['code']]).toEqual([400, 'INVALID_REQUEST']);
});

it('answers HEAD without a stream', async () => {
  const { baseUrl } = await setUp(1);
  const headers = { Authorization: `Bearer ${TOKEN}`, accept: 'text/event-stream' };
  const response = await fetch(`${baseUrl}/session/s/events`, { method: 'HEAD', headers });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
});

it('reads for a consumer that does not take its events only what fits in between, and the rest from the store when it takes them', async () => {
  const fixture = await setUp(2_000, 'x'.repeat(20_000));
  let read = 0;
  const page = fixture.worker.events.page.bind(fixture.worker.events);
  fixture.worker.events.page = async (...args) => {
    const found = await page(...args);
    read = Math.max(read, found.events.at(-1)?.seq ?? 0);
    return found;
  };
  const consumer = await follow(fixture);
  consumer.pause();
  let looks = 0;
  let before = -1;
  await eventually(() => {
    looks = read === before ? looks + 1 : 0;
    before = read;
    return looks > 50;
  }, 'nothing is read any more');
  expect(read).toBeLessThan(2_000);
  consumer.resume();
  await eventually(() => consumer.events.length === 2_000, 'it has all of them', 30_000);
  expect(seqs(consumer)).toEqual(Array.from({ length: 2_000 }, (_, index) => index + 1));
});

it('ends a stream with a reason when its session is deleted, and lets nothing of it live on', async () => {
  const fixture = await setUp(1);
  const consumer = await follow(fixture);
  await eventually(() => consumer.events.length === 1, 'it has what there is');
  await fixture.call('DELETE', '/session/s');
  for (const ring of fixture.worker.rings) ring();
  await consumer.ended;
  expect(consumer.end).toMatchObject({ code: 'SESSION_NOT_FOUND' });
  expect(fixture.worker.rings.size).toBe(0);
});

it('forgets a consumer that went away', async () => {
  const fixture = await setUp(1);
  const consumer = await follow(fixture);
  await eventually(() => fixture.worker.rings.size === 1, 'it follows');
  consumer.cut();
  await eventually(() => fixture.worker.rings.size === 0, 'it is forgotten');
});

it('ends streams at once when the server closes', async () => {
  const fixture = await setUp(3);
  const consumer = await follow(fixture);
  await eventually(() => consumer.events.length === 3, 'it has what there is');
  await fixture.server.close(600_000);
  await consumer.ended;
  expect(consumer.end).toBeUndefined();
});

it('ends streams at once when the socket is handed over, which they do not hold up', async () => {
  const listening = createNetServer().listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo;
  const fixture = await setUp(3, 'text', { handle: listening as unknown as Socket, address: { host: '127.0.0.1', port } });
  const consumers = [await follow(fixture), await follow(fixture)];
  await eventually(() => consumers.every(({ events }) => events.length === 3), 'they have what there is');
  await fixture.server.handOver(600_000);
  for (const { ended, end } of consumers) {
    await ended;
    expect(end).toBeUndefined();
  }
});

it('keeps a silent stream alive with comments', async () => {
  const fixture = await setUp(1);
  const first = await fixture.worker.events.page('s', { limit: 1 });
  const server = createHttpServer((_request, response) => {
    void sendEvents(response, first, 0, {
      read: async (after) => fixture.worker.events.page('s', { limit: 1, after }),
      subscribe: (listener) => fixture.worker.events.subscribe('s', listener),
      json: (event) => event,
      failure: () => ({}),
      ending: new AbortController().signal,
      heartbeatMs: 10,
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const consumer = await readEventStream(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await eventually(() => consumer.heartbeats > 3, 'it is kept alive');
  expect(seqs(consumer)).toEqual([1]);
});
