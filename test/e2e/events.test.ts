import { afterEach, describe, expect, it } from 'vitest';
import { readEventStream, type SeenEvent } from '../support/event-consumer.js';
import { EventFollower } from '../support/event-follower.js';
import { openObjectScene, type ObjectScene } from '../support/object-scene.js';
import { HOW_TO_INSTALL, ownServers } from '../support/object-servers/find.js';
import { openScene, pair, type Scene } from '../support/scene.js';
import { killWorkers, until } from '../support/worker-process.js';

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.close();
  scene = undefined;
  await killWorkers();
});

const stored = async ({ worker }: Pick<Scene, 'worker'>, sessionId: string, query = 'after=0'): Promise<SeenEvent[]> => {
  const { events } = await worker.call('GET', `/session/${sessionId}/events?limit=500&${query}`);
  return events as SeenEvent[];
};
const everyEvent = async (of: Pick<Scene, 'worker'>, sessionId: string): Promise<SeenEvent[]> => {
  const all: SeenEvent[] = [];
  for (;;) {
    const page = await stored(of, sessionId, `after=${all.length}`);
    all.push(...page);
    if (page.length === 0) return all;
  }
};
const messagesIn = (events: readonly SeenEvent[]): unknown[] =>
  events.filter(({ type }) => type === 'message').map(({ messageId }) => messageId);
const told = ({ seq, type, messageId, status, from, to, reason }: SeenEvent): unknown => ({
  seq,
  type,
  messageId,
  status,
  from,
  to,
  reason,
});

it('a consumer that is killed fifty times, while runner and supervisor are killed too, has every event once and in order', async () => {
  scene = await openScene();
  const { phones } = scene;
  const { number } = await pair(scene, 'busy');
  const friend = await phones.createPhone();
  const current = scene;
  let over = false;
  const talk = async (): Promise<void> => {
    for (let n = 0; !over; n++) {
      await phones.send(friend.number, number, `to ${n}`);
      // What is not taken while the worker is away is no event.
      await current.worker.send('busy', friend.jid, `from ${n}`, `key-${n}`).catch(() => undefined);
    }
  };
  const talking = talk();
  const follower = new EventFollower(scene, 'busy');
  for (let kill = 1; kill <= 50; kill++) {
    await follower.take(1 + (kill % 3));
    if (kill % 20 === 10) process.kill(await current.worker.runnerPidOf('busy'), 'SIGKILL');
    if (kill % 20 === 0) {
      await current.worker.kill();
      await current.restartWorker();
    }
    if (kill % 10 === 0) await current.worker.untilStatus('busy', 'connected', 120_000);
  }
  over = true;
  await talking;
  await current.worker.untilStatus('busy', 'connected', 120_000);
  await phones.send(friend.number, number, 'the last one');
  const isLast = ({ message }: SeenEvent): boolean => (message as { content?: string } | undefined)?.content === 'the last one';
  while (!follower.seen.some(isLast)) await follower.take(1);

  expect(follower.seen.map(({ seq }) => seq)).toEqual(follower.seen.map((_, index) => index + 1));
  let all: SeenEvent[] = [];
  // What came last may not be here yet; at every moment history and events agree.
  await until(
    async () => {
      all = await everyEvent(current, 'busy');
      const ids = messagesIn(all);
      const known: unknown[] = [];
      for (let offset = 0; offset <= ids.length; offset += 500) {
        const { messages } = await current.worker.call('GET', `/session/busy/messages?limit=500&offset=${offset}`);
        known.push(...(messages as { id: string }[]).map((message) => message.id));
      }
      if (ids.length !== known.length) return false;
      expect(ids.toSorted()).toEqual(known.toSorted());
      return true;
    },
    60_000,
    () => 'history has messages that are no events, or the other way round',
  );
  expect(new Set(messagesIn(all)).size).toBe(messagesIn(all).length);
  expect(all.slice(0, follower.seen.length).map(told)).toEqual(follower.seen.map(told));
  for (const state of ['connecting', 'qr_required', 'connected', 'reconnecting']) {
    expect(all.filter(({ type, to }) => type === 'session' && to === state)).not.toEqual([]);
  }
  // Each change begins where the one before ended.
  const changes = all.filter(({ type }) => type === 'session');
  expect(changes.slice(1).map(({ from }) => from)).toEqual(changes.slice(0, -1).map(({ to }) => to));
});

it('a stop ends streams and is not held up by them, old events are said to be gone, and a session made anew begins anew', async () => {
  scene = await openScene({ env: { EVENTS_RETENTION_COUNT: '2' } });
  await pair(scene, 'short');
  const { createdAt } = await scene.worker.status('short');
  const open = await readEventStream(`${scene.worker.baseUrl}/session/short/events`);
  const stoppedAt = performance.now();
  expect(await scene.worker.stop()).toBe(0);
  await open.ended;
  // The share of the time that a stop leaves to requests under way is five seconds.
  expect(performance.now() - stoppedAt).toBeLessThan(20_000);

  const worker = await scene.restartWorker();
  await worker.untilStatus('short', 'connected');
  await until(
    async () => (await worker.request('GET', '/session/short/events?after=0')).status === 410,
    90_000,
    () => 'old events are not removed',
  );
  const gone = await worker.request('GET', '/session/short/events?after=0');
  expect(gone.body.code).toBe('EVENTS_GONE');
  const { oldest, newest } = gone.body['details'] as { oldest: number; newest: number };
  const kept = await stored(scene, 'short', `after=${oldest - 1}`);
  expect(kept.map(({ seq }) => seq)).toEqual(Array.from({ length: newest - oldest + 1 }, (_, index) => oldest + index));

  const last = await readEventStream(`${worker.baseUrl}/session/short/events?after=${newest}`);
  await worker.call('DELETE', '/session/short');
  await last.ended;
  expect(last.end).toMatchObject({ code: 'SESSION_NOT_FOUND' });
  await worker.create('short');
  expect((await stored(scene, 'short')).map(told)).toMatchObject([{ seq: 1, type: 'session', from: null, to: 'disconnected' }]);
  expect((await worker.request('GET', `/session/short/events?after=${newest}`)).status).toBe(410);
  expect((await worker.request('GET', `/session/short/events?after=0&createdAt=${String(createdAt)}`)).status).toBe(410);
});

const [found] = ownServers();

describe.skipIf(!found)(`After the loss of a machine (${found?.name ?? HOW_TO_INSTALL})`, () => {
  it('a consumer goes on where it was, and is told of the numbers that were lost', async () => {
    if (!found) return;
    const objectScene: ObjectScene = await openObjectScene(await found.start());
    scene = objectScene;
    const { number } = await pair(scene, 'moved');
    const friend = await scene.phones.createPhone();
    const follower = new EventFollower(scene, 'moved');
    const hear = async (text: string): Promise<void> => {
      await objectScene.phones.send(friend.number, number, text);
      while (!follower.seen.some(({ message }) => (message as { content?: string } | undefined)?.content === text)) await follower.take(1);
    };
    await hear('one');
    await scene.worker.call('POST', '/storage/flush');
    await hear('two');
    await objectScene.untilShipped();
    const before = await stored(scene, 'moved');
    expect(follower.seen.map(told)).toEqual(before.slice(0, follower.seen.length).map(told));

    for (const text of ['three', 'four']) {
      const known = await stored(scene, 'moved');
      await objectScene.loseMachine();
      await hear(text);
      expect((await stored(scene, 'moved')).slice(0, known.length)).toEqual(known);
      await objectScene.untilShipped();
    }
    expect(follower.seen.map(told)).toEqual((await stored(scene, 'moved')).slice(0, follower.seen.length).map(told));
    const markers = follower.seen.filter(({ type }) => type === 'restored');
    expect(markers).toHaveLength(2);
    for (const [index, { seq, type, after }] of follower.seen.entries()) {
      const previous = follower.seen[index - 1]?.seq ?? 0;
      if (type !== 'restored') expect(seq).toBe(previous + 1);
      else {
        expect(after).toBe(previous);
        expect(seq).toBeGreaterThan(previous + 1_000_000);
      }
    }
    expect(new Set(messagesIn(follower.seen)).size).toBe(4);
  });
});
