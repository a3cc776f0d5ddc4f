import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { KEYS } from '../../shared/object-store/keys.js';
import { readAll, S3Client } from '../../shared/object-store/s3-client.js';
import { S3ObjectStore } from '../../shared/object-store/s3-object-store.js';
import { openObjectScene, environmentOf, type ObjectScene } from '../support/object-scene.js';
import { HOW_TO_INSTALL, ownServers } from '../support/object-servers/find.js';
import type { ObjectServer } from '../support/object-servers/object-server.js';
import { StockDevice } from '../support/stock-device.js';
import { workerCommand } from '../support/worker-command.js';
import { killWorkers, until } from '../support/worker-process.js';

let scene: ObjectScene | undefined;
let folder: string | undefined;
afterEach(async () => {
  await scene?.close();
  scene = undefined;
  await killWorkers();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

/** Writes objects as a program does that knows nothing of our rules for keys. */
const putAll = async (server: ObjectServer, objects: Record<string, Buffer | object>): Promise<void> => {
  const [host = '', port = ''] = server.endpoint.split(':');
  const limits = { maxSockets: 4, idleMs: 10_000, totalMs: 30_000 };
  const client = new S3Client(server.bucket, { ...server, ...limits, host, port: Number(port) });
  for (const [key, content] of Object.entries(objects)) {
    const body = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
    await readAll(await client.send({ method: 'PUT', key }, body));
  }
  client.close();
};

const servers = ownServers();

describe.skipIf(servers.length === 0)(`Sessions in a bucket (${servers.map(({ name }) => name).join(', ') || HOW_TO_INSTALL})`, () => {
  it.each(servers)('of a worker that follows the guide are taken over and then kept there as our own: $name', async ({ start }) => {
    scene = await openObjectScene(await start());
    const { phones, server } = scene;
    folder = await mkdtemp(join(tmpdir(), 'naive-'));
    const [alice, friend] = [await phones.createPhone({ name: 'Alice' }), await phones.createPhone({ name: 'friend' })];
    const device = new StockDevice(folder, scene.whatsapp.url);
    await device.connect();
    await phones.scan(alice.number, await device.untilQr());
    await device.untilOpen();
    await device.untilQuiet(phones, alice.number);
    await device.close();
    const auth = await Promise.all((await readdir(folder)).map(async (name) => [name, await readFile(join(folder ?? '', name))] as const));
    const message = (id: string, content: string, timestamp: string) => ({
      ...{ id, from: friend.jid, to: alice.jid, type: 'text', content, timestamp, status: 'delivered' },
    });
    await putAll(server, {
      ...Object.fromEntries(auth.map(([name, body]) => [`sessions/alice/auth_info_baileys/${name}`, body])),
      // Names with all that a key of ours never has.
      'sessions/alice/auth_info_baileys/app-state-sync-key-AAAA__+b=.json': { keyData: 'AAAA' },
      'sessions/alice/auth_info_baileys/sender-key-memory-1203-45@g.us.json': { [friend.jid]: true },
      'sessions/alice/session-data.json': { sessionId: 'alice', userId: 'user123', sessionName: 'Shop', status: 'connected' },
      'sessions/alice/messages/2024-01-15.json': [
        message('msg_001', 'Hello!', '2024-01-15T10:30:00Z'),
        message('msg_002', 'Anyone?', '2024-01-15T10:31:00Z'),
      ],
      'sessions/theirs/session-data.json': { sessionId: 'theirs', workerId: 'worker-b', generation: 4 },
      'sessions/theirs/auth_info_baileys/creds.json': auth.find(([name]) => name === 'creds.json')?.[1] ?? Buffer.alloc(0),
      'sessions/unpaired/session-data.json': { sessionId: 'unpaired' },
    });
    await scene.worker.stop();

    const env = { ...environmentOf(server), WORKER_ID: 'worker-a' };
    // Sessions of its own would keep an empty folder from getting back those of its worker.
    const empty = await workerCommand(join(folder, 'empty'), ['import', 's3'], env);
    expect([empty.code, empty.lines]).toEqual([78, []]);
    expect(empty.errors).toContain('start the worker once, so that it gets them back, then import');
    const { code, lines, errors } = await workerCommand(scene.dataDir, ['import', 's3', '--connect'], env);
    expect([code, lines], errors).toEqual([
      0,
      [
        expect.stringMatching(/^alice: imported; keys: \d{3}, messages: 2, contacts: \d+$/),
        'theirs: left alone: worker worker-b has it already, with newer credentials than these',
        '1 imported, 0 refused, 1 left alone',
        expect.stringMatching(/^End whatever else/),
      ],
    ]);
    await scene.restartWorker();
    await scene.worker.untilStatus('alice', 'connected');
    expect((await scene.worker.messages('alice')).map(({ id, content }) => [id, content])).toEqual([
      ['msg_002', 'Anyone?'],
      ['msg_001', 'Hello!'],
    ]);
    const objects = new S3ObjectStore(server);
    await until(
      async () => (await objects.get(KEYS.auth('alice'))) !== undefined,
      60_000,
      () => 'the credentials were not written as ours',
    );
    await objects.close();
    await scene.untilShipped();

    await scene.loseMachine();
    await scene.worker.untilStatus('alice', 'connected');
    expect((await scene.worker.messages('alice')).map(({ type, content }) => [type, content])).toEqual([
      ['text', 'Anyone?'],
      ['text', 'Hello!'],
    ]);
    await phones.send(friend.number, alice.number, 'still there?');
    await until(
      async () => ((await scene?.worker.messages('alice')) ?? []).some(({ content }) => content === 'still there?'),
      60_000,
      () => 'the restored session does not receive',
    );
    expect((await phones.phone(alice.number)).devices).toHaveLength(1);
  });
});
