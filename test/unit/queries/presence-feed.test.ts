import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { PresenceFeed, type PresenceNews } from '../../../supervisor/queries/presence-feed.js';
import { Registry } from '../../../supervisor/placement/registry.js';
import { openSupervisorStore } from '../../../supervisor/supervisor-store.js';
import { eventually } from '../../fixtures/eventually.js';
import { MemoryFleet } from '../placement/memory-fleet.js';
import { silent } from '../shared/logged.js';
import { closing, tempFolder } from '../store/temp-store.js';

const NEWS: PresenceNews = { chat: '1@lid', who: { jid: '1@lid' }, presence: { state: 'composing', at: 1 } };

let registry: Registry;
let fleet: MemoryFleet;
let feed: PresenceFeed;
let heard: PresenceNews[];
beforeEach(async () => {
  registry = new Registry(closing(await openSupervisorStore(tempFolder())), silent);
  await registry.add({ sessionId: 's', userId: undefined, sessionName: undefined });
  fleet = new MemoryFleet();
  await fleet.ensure(3);
  await registry.update('s', { slot: 3 });
  heard = [];
  feed = new PresenceFeed({ registry, fleet, log: silent, retryMs: 1 });
  onTestFinished(() => {
    feed.stop();
  });
});

const listen = (): (() => void) => feed.subscribe('s', (news) => heard.push(news));
const connect = async (): Promise<void> => {
  await registry.apply('s', 'connect', 'connect_requested');
  await registry.apply('s', 'open', 'opened');
};
const asked = (): unknown[] => fleet.of('session.query').map(({ params }) => [params.name, params.params]);
const ON = ['presence.watch', { on: true }];
const OFF = ['presence.watch', { on: false }];

test('a runner is asked to tell when the first listener comes, and to stop when the last is gone', async () => {
  await connect();
  const [leave, leaveToo] = [listen(), listen()];
  expect(asked()).toEqual([ON]);
  leave();
  expect(asked()).toEqual([ON]);
  leaveToo();
  leaveToo();
  expect(asked()).toEqual([ON, OFF]);
});

test('a connection that opens is asked again while somebody listens, and not otherwise', async () => {
  await connect();
  expect(asked()).toEqual([]);
  await registry.apply('s', 'retry', 'transient');
  listen();
  expect(asked()).toEqual([]);
  await registry.apply('s', 'open', 'opened');
  expect(asked()).toEqual([ON]);
});

test('what a runner tells reaches who listens to that session, and nobody else', () => {
  const leave = listen();
  fleet.presence(3, { sessionId: 's', ...NEWS });
  fleet.presence(3, { sessionId: 'another', ...NEWS });
  leave();
  fleet.presence(3, { sessionId: 's', ...NEWS });
  expect(heard).toEqual([NEWS]);
});

test('a runner that could not be asked is asked again, with what holds by then', async () => {
  await connect();
  let failures = 2;
  fleet.answer = () => {
    if (failures-- > 0) throw new Error('busy');
    return undefined;
  };
  const leave = listen();
  leave();
  await eventually(() => failures < 0, 'it was asked again');
  expect(asked().at(-1)).toEqual(OFF);
});
