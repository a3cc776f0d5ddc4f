import { afterEach, expect, test } from 'vitest';
import { openScene, pair, type PairedSession, type Scene } from '../support/scene.js';
import { until } from '../support/worker-process.js';

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.close();
  scene = undefined;
});

const DEAF_AFTER_MS = 6_000;
const NOTICED_WITHIN_MS = 120_000;

const connectionsOf = async ({ phones }: Scene, { number }: PairedSession) =>
  (await phones.connections()).connections.filter(
    ({ deviceJid, loggedInAt }) => deviceJid?.startsWith(`${number}:`) === true && loggedInAt !== null,
  );

/** The number of the open connection. */
const connIdOf = async (from: Scene, session: PairedSession): Promise<number> => {
  let connId: number | undefined;
  await until(
    async () => {
      connId = (await connectionsOf(from, session)).find(({ closedAt }) => closedAt === null)?.connId;
      return connId !== undefined;
    },
    60_000,
    () => `${session.sessionId} has no connection`,
  );
  return connId as number;
};

/** A friend who writes to a session five times a second. */
const chatter = async ({ phones }: Scene, to: PairedSession) => {
  const { number } = await phones.createPhone({ name: 'Friend' });
  const ids: string[] = [];
  const stopped = new AbortController();
  const loop = (async () => {
    while (!stopped.signal.aborted) {
      ids.push(await phones.send(number, to.number, `word ${ids.length}`));
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  })();
  return {
    ids,
    stop: async () => {
      stopped.abort();
      await loop;
    },
  };
};

const idsIn = async ({ worker }: Scene, { sessionId }: PairedSession): Promise<string[]> => {
  const ids: string[] = [];
  for (let offset = 0; ; offset += 500) {
    const { messages } = await worker.call('GET', `/session/${sessionId}/messages?limit=500&offset=${offset}`);
    const page = messages as { id: string }[];
    ids.push(...page.map(({ id }) => id));
    if (page.length < 500) return ids;
  }
};

/** Waits until so many more messages are in history: the session hears. */
const hears = async (from: Scene, session: PairedSession, more: number): Promise<void> => {
  const before = (await idsIn(from, session)).length;
  await until(
    async () => (await idsIn(from, session)).length >= before + more,
    60_000,
    () => `${session.sessionId} hears nothing`,
  );
};

const untilDeaf = async ({ worker }: Scene, { sessionId }: PairedSession, times: number): Promise<Record<string, unknown>> => {
  let status: Record<string, unknown> = {};
  await until(
    async () => {
      status = await worker.status(sessionId);
      return (status['deaf'] as { times?: number } | undefined)?.times === times;
    },
    NOTICED_WITHIN_MS,
    () => `it was not found deaf ${times} times: ${JSON.stringify(status)}`,
  );
  return status;
};

const untilElsewhere = async ({ worker }: Scene, { sessionId }: PairedSession, slot: unknown): Promise<Record<string, unknown>> => {
  let status: Record<string, unknown> = {};
  await until(
    async () => {
      status = await worker.status(sessionId);
      return status['status'] === 'connected' && status['slot'] !== slot;
    },
    60_000,
    () => `it stayed: ${JSON.stringify(status)}`,
  );
  return status;
};

test('a deaf session gets a new socket, then another runner, then its runner is recycled; nothing is lost or doubled, and the others notice nothing', async () => {
  const lines: string[] = [];
  scene = await openScene({
    env: { DEAF_AFTER_MS: String(DEAF_AFTER_MS), RUNNER_MAX_SESSIONS: '3', WORKER_MAX_SESSIONS: '6' },
    onLog: (line) => lines.push(line),
  });
  const here = scene;
  const { phones, worker } = here;
  const deaf = await pair(here, 'deaf');
  const friend = await chatter(here, deaf);
  const beside = await pair(here, 'beside');
  const quiet = await pair(here, 'quiet');
  const others = async (): Promise<number[]> => Promise.all([beside, quiet].map(async (session) => connIdOf(here, session)));
  const before = await others();
  const home = (await worker.status('deaf'))['slot'];
  await phones.send(quiet.number, beside.number, 'one of few');

  /** Nothing but messages is swallowed: pings are answered, sends are acknowledged. */
  const deafen = async (): Promise<number> => {
    const connId = await connIdOf(here, deaf);
    await phones.addFault({ kind: 'stanza', direction: 'out', match: { tag: 'message' }, action: 'swallow', target: { connId } });
    return connId;
  };
  const replaced = async (connId: number): Promise<void> => {
    await until(
      async () => (await connIdOf(here, deaf)) !== connId,
      NOTICED_WITHIN_MS,
      () => 'the socket was not replaced',
    );
  };

  await hears(here, deaf, 40);
  const first = await deafen();
  expect(await untilDeaf(here, deaf, 1)).toMatchObject({ slot: home, deaf: { times: 1, rung: 1 } });
  await replaced(first);
  await worker.untilStatus('deaf', 'connected');
  await hears(here, deaf, 5);

  const second = await deafen();
  expect(await untilDeaf(here, deaf, 2)).toMatchObject({ deaf: { times: 2, rung: 2 } });
  const { slot: refuge } = await untilElsewhere(here, deaf, home);
  await replaced(second);
  await hears(here, deaf, 5);

  // Its new runner has to know of it what the old one learned.
  const third = await deafen();
  expect(await untilDeaf(here, deaf, 3)).toMatchObject({ deaf: { times: 3, rung: 3 } });
  await untilElsewhere(here, deaf, refuge);
  await replaced(third);
  await hears(here, deaf, 5);
  await until(
    async () => (await worker.runners()).every(({ slot, state }) => slot !== refuge || state === 'idle'),
    60_000,
    () => 'the runner in which it was deaf is still there',
  );

  // Either our probe or the library's own ping is the first to notice.
  const frozen = await connIdOf(here, deaf);
  await phones.addFault({ kind: 'freeze', target: { connId: frozen } });
  await replaced(frozen);
  await hears(here, deaf, 5);

  await friend.stop();
  const heard = async (): Promise<string[]> => (await idsIn(here, deaf)).filter((id) => friend.ids.includes(id));
  await until(
    async () => new Set(await heard()).size === friend.ids.length,
    60_000,
    () => 'some messages are missing',
  );
  expect((await heard()).toSorted()).toEqual(friend.ids.toSorted());
  expect(await others()).toEqual(before);
  for (const { sessionId } of [beside, quiet]) {
    expect(await worker.status(sessionId)).toMatchObject({ status: 'connected', slot: home });
    expect(await worker.status(sessionId)).not.toHaveProperty('deaf');
  }
  expect((await phones.connections()).overlaps).toEqual([]);
  const rungs = lines.flatMap((line) => (line.includes('"a session was deaf"') ? [JSON.parse(line) as Record<string, unknown>] : []));
  expect(rungs.slice(0, 3).map(({ times, rung, step, proof }) => [times, rung, step, proof])).toEqual([
    [1, 1, 'socket', 'backlog'],
    [2, 2, 'move', 'backlog'],
    [3, 3, 'recycle', 'backlog'],
  ]);
}, 600_000);
