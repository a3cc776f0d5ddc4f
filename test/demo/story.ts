// The product's promise as a story that checks itself: pair, talk, lose a runner, miss nothing.
import { until, type RunnerFacts } from '../support/worker-process.js';
import { pair, type PairedSession, type Scene } from '../support/scene.js';

/** Runs one step; rejects when it does not hold. The answer is what to print beside it. */
export type Step = <T>(title: string, work: () => Promise<T> | T, show?: (result: T) => string) => Promise<T>;

const RECONNECT_LIMIT_MS = 5_000;

const assert = (holds: boolean, complaint: string): void => {
  if (!holds) throw new Error(complaint);
};

export const pairTwo = async (scene: Scene, step: Step): Promise<{ alice: PairedSession; bob: PairedSession }> => {
  const linked = async (sessionId: string): Promise<PairedSession> =>
    step(
      `${sessionId}: QR scanned, connected with a phone number`,
      async () => {
        const session = await pair(scene, sessionId);
        const { phoneNumber } = await scene.worker.status(sessionId);
        assert(phoneNumber === `+${session.number}`, `phone number is ${String(phoneNumber)}, not +${session.number}`);
        return session;
      },
      ({ number }) => `+${number}`,
    );
  const [alice, bob] = [await linked('alice'), await linked('bob')];
  await step(
    'they live in two different runners',
    async () => Promise.all([scene.worker.runnerPidOf('alice'), scene.worker.runnerPidOf('bob')]),
    ([a, b]) => {
      assert(a !== b, 'both live in one runner');
      return `pids ${a} and ${b}`;
    },
  );
  return { alice, bob };
};

/** Sends through the API and waits until the other session has it decrypted in its history. @returns the message id */
export const say = async ({ worker }: Scene, from: PairedSession, to: PairedSession, text: string): Promise<string> => {
  const { status, body } = await worker.send(from.sessionId, to.jid, text);
  assert(status === 200 && body.data?.['status'] === 'sent', `send answered ${status} ${JSON.stringify(body)}`);
  const id = String(body.data?.['messageId']);
  await until(
    async () => (await worker.messages(to.sessionId)).some((message) => message['id'] === id && message['content'] === text),
    10_000,
    () => `${to.sessionId} did not receive ${id}`,
  );
  return id;
};

export const tellStory = async (scene: Scene, step: Step): Promise<void> => {
  const { phones, worker } = scene;
  const { alice, bob } = await pairTwo(scene, step);
  const statusOf = async (sessionId: string, id: string): Promise<unknown> =>
    (await worker.messages(sessionId)).find((message) => message['id'] === id)?.['status'];
  const untilMessageStatus = async (sessionId: string, id: string, status: string): Promise<void> =>
    until(
      async () => (await statusOf(sessionId, id)) === status,
      10_000,
      () => `message ${id} did not become ${status}`,
    );

  const greeting = await step('alice → bob: decrypted', async () => say(scene, alice, bob, 'Hello Bob!'), String);
  const answer = await step('bob → alice: decrypted', async () => say(scene, bob, alice, 'Hello Alice!'), String);
  await step('alice sees her message delivered', async () => untilMessageStatus('alice', greeting, 'delivered'));
  await step("alice sees it read once bob's phone read it", async () => {
    await phones.waitForShown(bob.number, greeting);
    await phones.markRead(bob.number, { ids: [greeting] });
    await untilMessageStatus('alice', greeting, 'read');
  });
  await step('both histories hold both messages, newest first', async () => {
    for (const { sessionId } of [alice, bob]) {
      const ids = (await worker.messages(sessionId)).map(({ id }) => id);
      assert(JSON.stringify(ids) === JSON.stringify([answer, greeting]), `history of ${sessionId} is ${JSON.stringify(ids)}`);
    }
  });

  const friend = await phones.createPhone({ name: 'friend' });
  const before = await runnersOf(scene);
  const bobConnections = await connectionsOf(scene, bob.number);
  const lostAt = performance.now();
  await step("SIGKILL of alice's runner; a friend writes to her and bob goes on sending meanwhile", async () => {
    process.kill(before.alice.pid ?? 0, 'SIGKILL');
    const missed = await phones.send(friend.number, alice.number, 'Are you there?');
    const whileAway = await worker.send('bob', friend.jid, 'Alice is away for a moment.');
    assert(whileAway.status === 200, `bob's send answered ${whileAway.status} ${JSON.stringify(whileAway.body)}`);
    await phones.waitForShown(friend.number, String(whileAway.body.data?.['messageId']));
    await step(
      `alice is connected again in under ${RECONNECT_LIMIT_MS / 1000} s, without a QR`,
      async () => {
        await until(
          async () => (await runnersOf(scene)).alice.incarnation > before.alice.incarnation,
          RECONNECT_LIMIT_MS,
          () => 'no new runner',
        );
        await worker.untilStatus('alice', 'connected', RECONNECT_LIMIT_MS);
        const tookMs = performance.now() - lostAt;
        assert(tookMs < RECONNECT_LIMIT_MS, `it took ${Math.round(tookMs)} ms`);
        return tookMs;
      },
      (tookMs) => `${(tookMs / 1000).toFixed(1)} s`,
    );
    await step("the friend's message is in alice's history exactly once", async () => {
      const copies = async (): Promise<number> => (await worker.messages('alice')).filter(({ id }) => id === missed).length;
      await until(
        async () => (await copies()) > 0,
        10_000,
        () => 'it never came',
      );
      await say(scene, bob, alice, 'Welcome back!');
      assert((await copies()) === 1, `it is there ${await copies()} times`);
    });
  });
  await step("bob's connection never dropped", async () => {
    assert(JSON.stringify(await connectionsOf(scene, bob.number)) === JSON.stringify(bobConnections), 'bob connected again');
  });
  await step('no identity was ever connected twice', async () => {
    const { verdict, overlaps } = await phones.connections();
    assert(verdict === 'single', JSON.stringify(overlaps));
  });
  await step(
    'the worker stops in order',
    async () => worker.stop(),
    (code) => {
      assert(code === 0, `exit code ${String(code)}`);
      return 'exit code 0';
    },
  );
};

const runnersOf = async ({ worker }: Scene): Promise<Record<'alice' | 'bob', RunnerFacts>> => {
  const { sessions } = await worker.call('GET', '/sessions');
  const runners = await worker.runners();
  const of = (sessionId: string): RunnerFacts => {
    const slot = (sessions as Record<string, unknown>[]).find((session) => session['sessionId'] === sessionId)?.['slot'];
    const runner = runners.find((candidate) => candidate.slot === slot);
    if (!runner) throw new Error(`no runner for ${sessionId}`);
    return runner;
  };
  return { alice: of('alice'), bob: of('bob') };
};

/** Logged-in connections of a number's linked device, open ones and closed ones. */
const connectionsOf = async ({ phones }: Scene, number: string): Promise<{ connId: number; closedAt: number | null }[]> =>
  (await phones.connections()).connections
    .filter(({ deviceJid, loggedInAt }) => loggedInAt !== null && deviceJid?.startsWith(number))
    .map(({ connId, closedAt }) => ({ connId, closedAt }));
