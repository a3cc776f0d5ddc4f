import { rm } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { S3ObjectStore } from '../../shared/object-store/s3-object-store.js';
import type { ObjectStore } from '../../shared/object-store/object-store.js';
import { environmentOf, openObjectScene, untilServing, type ObjectScene } from '../support/object-scene.js';
import { HOW_TO_INSTALL, ownServers } from '../support/object-servers/find.js';
import { pair } from '../support/scene.js';
import { killWorkers, until, WorkerProcess } from '../support/worker-process.js';

const [found] = ownServers();

let scene: ObjectScene | undefined;
const opened: ObjectStore[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map(async (store) => store.close()));
  await scene?.close();
  scene = undefined;
  await killWorkers();
});

const open = async (env: Record<string, string> = {}): Promise<ObjectScene> => {
  if (!found) throw new Error(HOW_TO_INSTALL);
  scene = await openObjectScene(await found.start(), { env });
  return scene;
};

const bucketOf = ({ server }: ObjectScene): ObjectStore => {
  const store = new S3ObjectStore(server);
  opened.push(store);
  return store;
};

const keysIn = async (store: ObjectStore, prefix: string): Promise<string[]> => {
  const keys = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
};

describe.skipIf(!found)(`The object store (${found?.name ?? HOW_TO_INSTALL})`, () => {
  it('may be away: messages go on, health says so, and it catches up by itself', async () => {
    const { worker, phones, server, storage, untilShipped, untilWell } = await open();
    await pair({ worker, phones }, 'one');
    const friend = await phones.createPhone({ name: 'friend' });
    await untilShipped();
    await server.stopGateway();
    for (let n = 0; n < 5; n++) expect((await worker.send('one', `${friend.number}@s.whatsapp.net`, `while away ${n}`)).status).toBe(200);
    await until(
      async () => (await storage()).state === 'degraded',
      60_000,
      () => 'nobody noticed',
    );
    const { lagMs, changesWaiting, sentence } = await storage();
    expect(lagMs).toBeGreaterThan(0);
    expect(changesWaiting).toBeGreaterThan(0);
    expect(sentence).toMatch(/cannot be reached/);
    expect((await worker.call('GET', '/health'))['storage']).toMatchObject({ state: 'degraded', sentence });
    await server.startGateway();
    await untilWell();
    await scene?.loseMachine();
    await scene?.worker.untilStatus('one', 'connected');
    expect(await scene?.worker.messages('one')).toHaveLength(5);
  });

  it('may hold a damaged object: it is named, set aside and left as it is, and only its session is an error', async () => {
    const { worker, phones, untilShipped } = await open();
    for (const name of ['good', 'bad']) await pair({ worker, phones }, name);
    await untilShipped();
    await worker.call('POST', '/storage/flush');
    if (!scene) return;
    const bucket = bucketOf(scene);
    const key = 'sessions/bad/auth_info_baileys/auth.json.gz';
    const damaged = Buffer.from((await bucket.get(key))?.body ?? Buffer.alloc(0)).fill(7, 100, 110);
    await bucket.put(key, damaged);

    await scene.loseMachine();
    await scene.worker.untilStatus('good', 'connected');
    expect(await scene.worker.untilStatus('bad', 'error')).toMatchObject({ reason: 'storage_corrupt' });
    expect(await scene.worker.request('POST', '/session/bad/connect')).toMatchObject({ status: 409, body: { code: 'STORAGE_CORRUPT' } });
    await scene.worker.call('POST', '/storage/flush');
    expect((await bucket.get(key))?.body.equals(damaged)).toBe(true);
    expect((await keysIn(bucket, 'damaged/worker-a/')).some((copy) => copy.endsWith(key))).toBe(true);
  });

  it('forgets a deleted session, also when it was away at the delete and the worker was killed since', async () => {
    const { worker, phones, server, untilShipped } = await open();
    await pair({ worker, phones }, 'user1');
    await pair({ worker, phones }, 'user10');
    await untilShipped();
    await worker.call('POST', '/storage/flush');
    if (!scene) return;
    const bucket = bucketOf(scene);
    expect(await keysIn(bucket, 'sessions/user1/')).not.toEqual([]);
    await server.stopGateway();
    expect((await worker.request('DELETE', '/session/user1')).status).toBe(200);
    expect((await worker.request('DELETE', '/session/user1')).status).toBe(404);
    await worker.kill();
    await scene.restartWorker();
    await scene.worker.create('user1');
    await server.startGateway();
    await scene.untilWell();
    await scene.worker.call('POST', '/storage/flush');
    await until(
      // The new one has a description and events, and neither credentials nor messages.
      async () =>
        (await keysIn(bucket, 'sessions/user1/')).every((key) => /^sessions\/user1\/(session-data\.json|sends\.json\.gz)$/.test(key)),
      60_000,
      () => 'objects of the deleted session are still there',
    );
    expect(await keysIn(bucket, 'sessions/user10/')).toContain('sessions/user10/auth_info_baileys/auth.json.gz');
    await scene.loseMachine();
    expect(await scene.worker.status('user1')).toMatchObject({ status: 'disconnected' });
    expect(await scene.worker.connectForQr('user1')).not.toBe('');
    await scene.worker.untilStatus('user10', 'connected');
  });

  it('may lose everything it has: all of it is shipped anew', async () => {
    const { worker, phones, untilShipped } = await open();
    const { number } = await pair({ worker, phones }, 'one');
    const friend = await phones.createPhone({ name: 'friend' });
    await phones.send(friend.number, number, 'kept');
    await until(
      async () => (await worker.messages('one')).length === 1,
      60_000,
      () => 'the message did not arrive',
    );
    await untilShipped();
    await worker.call('POST', '/storage/flush');
    if (!scene) return;
    const bucket = bucketOf(scene);
    for (const prefix of ['journal/', 'sessions/']) await bucket.delete(await keysIn(bucket, prefix));
    await until(
      async () => (await keysIn(bucket, 'sessions/one/')).includes('sessions/one/auth_info_baileys/auth.json.gz'),
      60_000,
      () => 'the credentials were not shipped anew',
    );
    await worker.call('POST', '/storage/flush');
    await scene.loseMachine();
    await scene.worker.untilStatus('one', 'connected');
    expect(await scene.worker.messages('one')).toMatchObject([{ content: 'kept' }]);
  });

  it('makes the older of two data folders of one worker stop for good', async () => {
    const { worker, phones, untilShipped, dataDir, server, whatsapp } = await open();
    await pair({ worker, phones }, 'one');
    await untilShipped();
    const other = `${dataDir}-other`;
    const second = await WorkerProcess.start({ dataDir: other, env: { ...whatsapp.env, WORKER_ID: 'worker-a', ...environmentOf(server) } });
    try {
      await untilServing(second);
      await second.untilStatus('one', 'connected');
      await until(
        () => !worker.isRunning,
        60_000,
        () => 'the older one goes on',
      );
      expect(worker.child.exitCode).toBe(78);
      // It must not even connect: that would throw the newer one out.
      await expect(scene?.restartWorker()).rejects.toThrow(/ended \(78\).*Another data folder took over/s);
      expect(await second.status('one')).toMatchObject({ status: 'connected' });
    } finally {
      await second.stop();
      await rm(other, { recursive: true, force: true });
    }
  });

  it('keeps two workers with two ids on one bucket apart when both lose their machines', async () => {
    const { worker, phones, whatsapp, server, dataDir, untilShipped } = await open();
    const other = `${dataDir}-other`;
    const env = { ...whatsapp.env, ...environmentOf(server), WORKER_ID: 'worker-b' };
    let second = await WorkerProcess.start({ dataDir: other, env });
    try {
      await untilServing(second);
      await pair({ worker, phones }, 'of-a');
      await pair({ worker: second, phones }, 'of-b');
      await untilShipped();
      await until(
        async () => (await second.call('GET', '/storage'))['changesWaiting'] === 0,
        60_000,
        () => 'not shipped',
      );
      await second.kill();
      await rm(other, { recursive: true, force: true });
      await scene?.loseMachine();
      second = await WorkerProcess.start({ dataDir: other, env });
      await untilServing(second);
      await scene?.worker.untilStatus('of-a', 'connected');
      await second.untilStatus('of-b', 'connected');
      expect((await second.request('GET', '/session/of-a/status')).status).toBe(404);
      expect((await scene?.worker.request('GET', '/session/of-b/status'))?.status).toBe(404);
      expect(await scene?.worker.status('of-a')).toMatchObject({ status: 'connected' });
    } finally {
      await second.stop();
      await rm(other, { recursive: true, force: true });
    }
  });
});
