import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tmpdir } from 'node:os';
import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { openScene, pair, type Scene } from '../support/scene.js';
import { until } from '../support/worker-process.js';

const HOLD_SPOOL = fileURLToPath(new URL('../fixtures/hold-spool.mjs', import.meta.url));

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.close();
  scene = undefined;
});

const copiesOf = async ({ worker }: Scene, sessionId: string, id: string): Promise<number> =>
  (await worker.messages(sessionId)).filter((message) => message['id'] === id).length;

const shownCount = async ({ phones }: Scene, number: string, id: string): Promise<number> =>
  (await phones.shown(number)).filter((message) => message.id === id).length;

const ACK = { direction: 'out', match: { tag: 'ack', class: 'message' } } as const;
const MESSAGE = { direction: 'in', match: { tag: 'message' } } as const;

const swallowOnce = async ({ phones }: Scene, number: string, stanza: typeof ACK | typeof MESSAGE): Promise<{ id: number }> =>
  phones.addFault({ kind: 'stanza', action: 'swallow', target: { number }, count: 1, ...stanza });

describe('a send whose acknowledgement never comes', () => {
  const losses = [
    { name: 'the ack is swallowed', fault: ACK },
    { name: 'the message itself is swallowed', fault: MESSAGE },
  ] as const;

  test.each(losses)('$name and the socket drops: it arrives once, under one id', async ({ fault }) => {
    scene = await openScene();
    const { worker, phones } = scene;
    const sender = await pair(scene, 'sender');
    const receiver = await pair(scene, 'receiver');
    const standing = await swallowOnce(scene, sender.number, fault);

    const answer = worker.send('sender', receiver.jid, 'once', 'key-1');
    await until(
      async () => !(await phones.faults()).some(({ id }) => id === standing.id),
      60_000,
      () => 'nothing was swallowed',
    );
    await phones.closeConnections({ how: 'destroy' }, { number: sender.number });

    const { status, body } = await answer;
    expect(status).toBe(200);
    const id = String(body.data?.['messageId']);
    await phones.waitForShown(receiver.number, id);
    await until(
      async () => (await copiesOf(scene!, 'receiver', id)) > 0,
      60_000,
      () => 'it never reached the receiver',
    );
    expect(await shownCount(scene, receiver.number, id)).toBe(1);
    expect((await phones.shown(receiver.number)).filter(({ text }) => text === 'once')).toHaveLength(1);
    expect((await worker.messages('receiver')).filter(({ content }) => content === 'once')).toHaveLength(1);
    expect((await worker.messages('sender')).filter(({ content }) => content === 'once')).toHaveLength(1);

    const repeated = await worker.send('sender', receiver.jid, 'once', 'key-1');
    expect(repeated.body.data).toEqual(body.data);
    expect((await worker.send('sender', receiver.jid, 'other', 'key-1')).body.code).toBe('IDEMPOTENCY_CONFLICT');
  });

  test('nothing else happens: the connection is made anew and the message sent again, within the time a client waits', async () => {
    scene = await openScene();
    const { worker, phones } = scene;
    const sender = await pair(scene, 'sender');
    const friend = await phones.createPhone();
    await swallowOnce(scene, sender.number, ACK);
    const { status, body } = await worker.send('sender', friend.jid, 'patience');
    expect(status).toBe(200);
    expect(await shownCount(scene, friend.number, String(body.data?.['messageId']))).toBe(1);
    expect((await worker.status('sender'))['status']).toBe('connected');
  });

  test('the runner is killed while it waits: the same id is sent again and shown once', async () => {
    scene = await openScene();
    const { worker, phones } = scene;
    const sender = await pair(scene, 'sender');
    const friend = await phones.createPhone();
    await swallowOnce(scene, sender.number, ACK);

    const answer = worker.send('sender', friend.jid, 'through a crash');
    const { id } = await phones.waitForShown(friend.number, ({ text }) => text === 'through a crash');
    process.kill(await worker.runnerPidOf('sender'), 'SIGKILL');

    const { status, body } = await answer;
    expect(status).toBe(200);
    expect(body.data?.['messageId']).toBe(id);
    expect(await shownCount(scene, friend.number, id)).toBe(1);
  });
});

describe('a received message', () => {
  test('is in history once when its runner is killed between decryption and history', async () => {
    const flag = join(tmpdir(), `hold-${randomUUID()}`);
    scene = await openScene({ extraNodeOptions: [`--import=${HOLD_SPOOL}`, `--title=${flag}`] });
    const { worker, phones } = scene;
    const session = await pair(scene, 'receiver');
    const friend = await phones.createPhone();
    try {
      writeFileSync(flag, '');
      const id = await phones.send(friend.number, session.number, 'decrypted, not stored');
      // The linked device confirmed it, so WhatsApp will not deliver it again.
      await until(
        async () => (await phones.trace(id)).events.some(({ step, device }) => step === 'acked' && device.includes(`${session.number}:`)),
        60_000,
        () => 'the message was not confirmed',
      );
      expect(await copiesOf(scene, 'receiver', id)).toBe(0);
      process.kill(await worker.runnerPidOf('receiver'), 'SIGKILL');
      rmSync(flag);
      await until(
        async () => (await copiesOf(scene!, 'receiver', id)) > 0,
        60_000,
        () => 'the message is lost',
      );
      const last = await phones.send(friend.number, session.number, 'and on it goes');
      await until(
        async () => (await copiesOf(scene!, 'receiver', last)) > 0,
        60_000,
        () => 'nothing comes in any more',
      );
      expect(await copiesOf(scene, 'receiver', id)).toBe(1);
    } finally {
      rmSync(flag, { force: true });
    }
  });

  test('that WhatsApp delivers twice is in history once', async () => {
    scene = await openScene();
    const { phones } = scene;
    const session = await pair(scene, 'receiver');
    const friend = await phones.createPhone();
    await phones.addFault({
      kind: 'stanza',
      direction: 'out',
      match: { tag: 'message' },
      action: 'duplicate',
      target: { number: session.number },
      count: 1,
    });
    const id = await phones.send(friend.number, session.number, 'twice');
    const last = await phones.send(friend.number, session.number, 'last');
    await until(
      // Baileys takes in two messages of one moment in any order.
      async () => (await copiesOf(scene!, 'receiver', last)) > 0 && (await copiesOf(scene!, 'receiver', id)) > 0,
      60_000,
      () => 'not everything came in',
    );
    expect(await copiesOf(scene, 'receiver', id)).toBe(1);
  });

  test('comes after the worker was away', async () => {
    scene = await openScene();
    const { phones } = scene;
    const session = await pair(scene, 'receiver');
    const friend = await phones.createPhone();
    await scene.worker.stop();
    const ids: string[] = [];
    for (let n = 0; n < 20; n++) ids.push(await phones.send(friend.number, session.number, `while you were away ${n}`));
    const worker = await scene.restartWorker();
    await until(
      async () => (await worker.messages('receiver')).length >= ids.length,
      60_000,
      () => 'messages are missing',
    );
    expect((await worker.messages('receiver')).map(({ id }) => id).sort()).toEqual(ids.sort());
  });
});
