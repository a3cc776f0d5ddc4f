import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { SessionSettings } from '../../../shared/domain/session-settings.js';
import { AppError } from '../../../shared/errors.js';
import type { Store } from '../../../shared/store/store.js';
import { DeadLetters } from '../../../supervisor/delivery/dead-letters.js';
import { EventLog } from '../../../supervisor/events/event-log.js';
import { webhookJson } from '../../../supervisor/http/event-json.js';
import { Registry } from '../../../supervisor/placement/registry.js';
import { Settings } from '../../../supervisor/settings/settings.js';
import { openSupervisorStore, removeSessionRows, TABLES } from '../../../supervisor/supervisor-store.js';
import type { DeadWebhook } from '../../../supervisor/webhooks/dead-webhook.js';
import { WebhookClient } from '../../../supervisor/webhooks/webhook-client.js';
import { WebhookLog } from '../../../supervisor/webhooks/webhook-log.js';
import type { WorkerWebhook } from '../../../supervisor/webhooks/webhook-target.js';
import { Webhooks } from '../../../supervisor/webhooks/webhooks.js';
import { eventually } from '../../fixtures/eventually.js';
import { WebhookConsumer } from '../../support/webhook-consumer.js';
import { silent } from '../shared/logged.js';
import { tempFolder } from '../store/temp-store.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

let consumer: WebhookConsumer;
let open: World[];

beforeEach(async () => {
  consumer = await new WebhookConsumer(SECRET).start();
  open = [];
});
afterEach(async () => {
  for (const world of open) await world.close();
  await consumer.kill();
});

/** Everything from the catalog to the socket, over one folder. */
class World {
  store!: Store;
  registry!: Registry;
  settings!: Settings;
  webhooks!: Webhooks;
  dead!: DeadLetters<DeadWebhook>;
  readonly #folder: string;
  readonly #worker: WorkerWebhook | undefined;

  constructor(worker: WorkerWebhook | undefined, folder = tempFolder()) {
    this.#folder = folder;
    this.#worker = worker;
  }

  async open({ timeoutMs = 5_000, allowed = true } = {}): Promise<this> {
    this.store = await openSupervisorStore(this.#folder);
    const events = new EventLog(this.store);
    this.registry = new Registry(this.store, silent, events);
    this.settings = new Settings({ store: this.store, along: (change) => this.webhooks.along(change) });
    this.dead = new DeadLetters({ store: this.store, table: TABLES.deadWebhooks, log: silent, what: 'more' });
    this.webhooks = new Webhooks({
      ...{ store: this.store, registry: this.registry, dead: this.dead, worker: this.#worker, workerId: 'w', logger: silent },
      settingsOf: (sessionId) => this.settings.of(sessionId),
      log: new WebhookLog(this.store, { store: this.store, remote: undefined }),
      client: new WebhookClient({
        timeoutMs,
        allowed: async (url) => {
          if (!allowed) throw new AppError('MEDIA_URL_REFUSED', 'no');
          return Promise.resolve({ url, addresses: [{ address: '127.0.0.1', family: 4 }] });
        },
      }),
      json: webhookJson,
      pause: { baseMs: 5, maxMs: 20 },
    });
    events.subscribeAll((sessionId) => this.webhooks.wake(sessionId));
    this.settings.onChange(({ sessionId }) => this.webhooks.hurry(sessionId));
    await this.webhooks.start();
    open.push(this);
    return this;
  }

  async add(sessionId: string, settings?: SessionSettings): Promise<void> {
    await this.registry.add({ sessionId, userId: undefined, sessionName: undefined }, this.settings.writesForNew(sessionId, settings));
  }

  /** Two events. */
  async happen(sessionId: string): Promise<void> {
    await this.registry.apply(sessionId, 'connect', 'connect_requested');
    await this.registry.apply(sessionId, 'stop', 'disconnect_requested');
  }

  async close(): Promise<void> {
    if (!open.includes(this)) return;
    open.splice(open.indexOf(this), 1);
    await this.webhooks.stop(200);
    await this.store.close();
  }
}

const own = (): WorkerWebhook => ({ url: consumer.url, secret: SECRET, events: undefined });
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
const taken = async (sessionId: string, count: number): Promise<void> => {
  await eventually(() => consumer.seqsOf(sessionId).length >= count, `${count} events of ${sessionId}`);
  expect(consumer.seqsOf(sessionId)).toEqual(upTo(count));
};

it('tells everything of a session from its creation on, in order, signed', async () => {
  const world = await new World(own()).open();
  await world.add('s');
  for (let n = 0; n < 10; n++) await world.happen('s');
  await taken('s', 21);
  expect(consumer.received.every(({ isSigned }) => isSigned)).toBe(true);
  expect(consumer.taken[0]?.event).toMatchObject({ sessionId: 's', seq: 1, type: 'session', from: null, to: 'disconnected' });
});

it('loses nothing and changes no order while the consumer refuses, fails, hangs and dies, and no id changes', async () => {
  const world = await new World(own()).open({ timeoutMs: 300 });
  let n = 0;
  consumer.behave = () => [200, 500, 200, 'hang' as const, 404, 200, 503][n++ % 7] ?? 200;
  await Promise.all(['a', 'b', 'c'].map(async (sessionId) => world.add(sessionId)));
  for (let round = 0; round < 4; round++) {
    for (const sessionId of ['a', 'b', 'c']) await world.happen(sessionId);
    await consumer.kill();
    for (const sessionId of ['a', 'b', 'c']) await world.happen(sessionId);
    await consumer.start();
  }
  consumer.behave = () => 200;
  for (const sessionId of ['a', 'b', 'c']) await taken(sessionId, 17);
  const ids = new Map<string, string>();
  for (const { id, event } of consumer.received) {
    const name = `${event.sessionId} ${event.seq}`;
    expect(ids.get(name) ?? id, name).toBe(id);
    ids.set(name, id);
  }
  expect(new Set(ids.values()).size).toBe(ids.size);
});

it('goes on after a restart where it was', async () => {
  const folder = tempFolder();
  const before = await new World(own(), folder).open();
  await before.add('s');
  await taken('s', 1);
  consumer.behave = () => 500;
  await before.happen('s');
  await eventually(() => consumer.received.length > 2, 'a refused event');
  await before.close();
  consumer.behave = () => 200;
  await new World(own(), folder).open();
  await taken('s', 3);
});

it('tells of sessions that were there before the webhook only what follows', async () => {
  const folder = tempFolder();
  const without = await new World(undefined, folder).open();
  await without.add('s');
  await without.close();
  const world = await new World(own(), folder).open();
  await world.happen('s');
  await eventually(() => consumer.taken.length === 2, 'what follows');
  expect(consumer.seqsOf('s')).toEqual([2, 3]);
});

it('sends to the address of the session itself, signed by its secret only, and only what it wants', async () => {
  const other = await new WebhookConsumer('whsec_c2VjcmV0IG9mIHRoZSBzZXNzaW9u').start();
  const world = await new World(own()).open();
  await world.add('s', { webhook: { url: other.url, secret: 'whsec_c2VjcmV0IG9mIHRoZSBzZXNzaW9u', events: ['message'] } });
  await world.happen('s');
  await world.settings.change('s', { webhook: { events: null } });
  await world.happen('s');
  await eventually(() => other.taken.length >= 2, 'what happened since everything is wanted');
  expect(other.seqsOf('s')).toEqual([4, 5]);
  expect(other.received.every(({ isSigned }) => isSigned)).toBe(true);
  expect(consumer.received).toEqual([]);
  await other.kill();
});

it('ends with the setting, and begins anew with what follows', async () => {
  const world = await new World(undefined).open();
  await world.add('s', { webhook: { url: consumer.url } });
  await taken('s', 1);
  expect(consumer.received[0]?.isSigned).toBe(false);
  await world.settings.change('s', { webhook: null });
  await world.happen('s');
  await world.settings.change('s', { webhook: { url: consumer.url } });
  await world.happen('s');
  await eventually(() => consumer.seqsOf('s').length === 3, 'what follows');
  expect(consumer.seqsOf('s')).toEqual([1, 4, 5]);
});

it('puts aside what is refused for good, goes on, and tells it again when asked to, under its id', async () => {
  const world = await new World(own()).open();
  consumer.behave = ({ event }) => (event.seq === 2 ? 410 : 200);
  await world.add('s');
  await world.happen('s');
  await eventually(() => consumer.seqsOf('s').length === 2, 'the others');
  expect(consumer.seqsOf('s')).toEqual([1, 3]);
  expect(world.dead.page({ limit: 10, offset: 0 })).toMatchObject([{ sessionId: 's', seq: 2, type: 'session', status: 410 }]);
  consumer.behave = () => 200;
  expect(await world.webhooks.replay()).toBe(1);
  await eventually(() => consumer.seqsOf('s').length === 3, 'the dead one');
  expect(new Set(consumer.received.filter(({ event }) => event.seq === 2).map(({ id }) => id)).size).toBe(1);
  await eventually(() => world.dead.size === 0 && world.store.count(TABLES.webhookReplays, []) === 0, 'nothing is left of it');
});

it('says what it can no longer tell', async () => {
  const world = await new World(own()).open();
  consumer.behave = () => 500;
  await world.add('s');
  await world.happen('s');
  await world.happen('s');
  await world.store.commit([1, 2, 3].map((seq) => ({ table: TABLES.events, key: ['s', seq], value: undefined })));
  consumer.behave = () => 200;
  await eventually(() => consumer.seqsOf('s').includes(5), 'the last event');
  const told = consumer.taken.map(({ event: { seq, type, after } }) => ({ seq, type, after }));
  expect(told.slice(-3)).toMatchObject([
    // The first may have been on its way when it was removed.
    { seq: 3, type: 'gone', after: told.at(-4)?.seq ?? 0 },
    { seq: 4, type: 'session' },
    { seq: 5, type: 'session' },
  ]);
});

it('keeps nothing of a session that is deleted while it is told of', async () => {
  const world = await new World(own()).open();
  let release = (): void => undefined;
  consumer.behave = async () =>
    new Promise(
      (resolve) =>
        (release = () => {
          resolve(200);
        }),
    );
  await world.add('s');
  await eventually(() => consumer.received.length === 1, 'a request');
  await world.registry.update('s', { deleting: true });
  await removeSessionRows(world.store, 's');
  await world.registry.remove('s');
  release();
  await world.webhooks.stop(1_000);
  for (const table of [TABLES.webhookCursors, TABLES.webhookReplays, TABLES.deadWebhooks]) expect(world.store.count(table, [])).toBe(0);
});

it('lets a consumer that hangs keep nobody else waiting', async () => {
  const world = await new World(own()).open({ timeoutMs: 60_000 });
  const other = await new WebhookConsumer(SECRET).start();
  consumer.behave = () => 'hang';
  await world.add('stuck');
  await world.add('s', { webhook: { url: other.url } });
  await eventually(() => other.taken.length === 1 && consumer.received.length === 1, 'the other one');
  await other.kill();
});

it('sends nothing of a session to an address inside of the network', async () => {
  const world = await new World(undefined).open({ allowed: false });
  await world.add('s', { webhook: { url: consumer.url } });
  await world.happen('s');
  await world.webhooks.stop(1_000);
  expect(consumer.received).toEqual([]);
});

it('follows no redirect, and is not kept by a long answer', async () => {
  const world = await new World(own()).open();
  const endless = createServer((request, response) => {
    request.resume();
    if (request.url === '/hook') response.writeHead(200).write(Buffer.alloc(10_000_000));
    else response.writeHead(500).end();
  });
  await new Promise<void>((resolve) => endless.listen(0, '127.0.0.1', resolve));
  const target = `http://127.0.0.1:${(endless.address() as AddressInfo).port}/hook`;
  consumer.behave = (_received, response) => {
    response.setHeader('Location', target);
    return 307;
  };
  await world.add('s');
  await eventually(() => consumer.received.length >= 2, 'another try at the same place');
  const before = world.store.get(TABLES.webhookCursors, ['t']);
  await world.add('t', { webhook: { url: target } });
  await world.happen('t');
  await eventually(() => world.store.get(TABLES.webhookCursors, ['t']) === 3, 'all events of the other one');
  expect(before).toBeUndefined();
  endless.closeAllConnections();
  endless.close();
});
