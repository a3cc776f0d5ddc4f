import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openScene, pair, type Scene } from '../support/scene.js';
import { StockDevice } from '../support/stock-device.js';
import { workerCommand } from '../support/worker-command.js';
import { killWorkers, until, type WorkerProcess } from '../support/worker-process.js';

const SEALED = { AUTH_ENCRYPTION_KEY: randomBytes(32).toString('hex') };

let scene: Scene | undefined;
let folder: string | undefined;
let device: StockDevice | undefined;
afterEach(async () => {
  await device?.close();
  device = undefined;
  await scene?.close();
  scene = undefined;
  await killWorkers();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

const contentsOf = async (worker: WorkerProcess, sessionId: string): Promise<unknown[]> =>
  (await worker.messages(sessionId)).map(({ content }) => content);

const contactsOf = async (worker: WorkerProcess): Promise<unknown> => (await worker.call('GET', '/session/alice/contacts'))['contacts'];

const untilContent = async (worker: WorkerProcess, sessionId: string, content: string): Promise<void> =>
  until(
    async () => (await contentsOf(worker, sessionId)).includes(content),
    60_000,
    () => `${content} is not in the history of ${sessionId}`,
  );

/** A worker with session `alice` that has exchanged messages with a friend, stopped. */
const stoppedWorker = async (): Promise<{ scene: Scene; folder: string; number: string; friend: string; contacts: unknown }> => {
  scene = await openScene({ env: SEALED });
  folder = await mkdtemp(join(tmpdir(), 'moving-'));
  const { number } = await pair(scene, 'alice');
  const { number: friend } = await scene.phones.createPhone({ name: 'friend' });
  await scene.phones.send(friend, number, 'before, to alice');
  await untilContent(scene.worker, 'alice', 'before, to alice');
  await scene.worker.send('alice', `${friend}@s.whatsapp.net`, 'before, from alice');
  const contacts = await contactsOf(scene.worker);
  await scene.worker.stop();
  return { scene, folder, number, friend, contacts };
};

describe('Moving in and out', () => {
  it('goes on in a program of stock Baileys with what was exported, without a QR', async () => {
    const { scene, folder, number, friend } = await stoppedWorker();
    const { code, lines } = await workerCommand(scene.dataDir, ['export', folder], SEALED);
    expect(code, lines.join('\n')).toBe(0);

    device = new StockDevice(join(folder, 'sessions/alice/auth_info_baileys'), scene.whatsapp.url);
    await device.connect();
    await device.untilOpen();
    await scene.phones.send(friend, number, 'to stock Baileys');
    await device.untilText('to stock Baileys');
    const id = await device.send(`${friend}@s.whatsapp.net`, 'from stock Baileys');
    await scene.phones.waitForShown(friend, id);
    expect(device.qrs).toEqual([]);
    expect((await scene.phones.phone(number)).devices).toHaveLength(1);
    expect((await scene.phones.stats()).retries).toEqual({});
  });

  it('takes a session of stock Baileys over, which receives and sends without a QR', async () => {
    scene = await openScene({ env: SEALED });
    folder = await mkdtemp(join(tmpdir(), 'moving-'));
    const { phones, dataDir } = scene;
    const [alice, friend] = [await phones.createPhone({ name: 'Alice' }), await phones.createPhone({ name: 'friend' })];
    device = new StockDevice(join(folder, 'alice'), scene.whatsapp.url);
    await device.connect();
    await phones.scan(alice.number, await device.untilQr());
    await device.untilOpen();
    await phones.send(friend.number, alice.number, 'to stock Baileys');
    await device.untilText('to stock Baileys');
    await phones.waitForShown(friend.number, await device.send(friend.jid, 'from stock Baileys'));
    await device.untilQuiet(phones, alice.number);
    await device.close();
    await phones.send(friend.number, alice.number, 'while nobody was there');
    await scene.worker.stop();

    const { code, lines } = await workerCommand(dataDir, ['import', folder, '--connect'], SEALED);
    expect(code, lines.join('\n')).toBe(0);
    const worker = await scene.restartWorker();
    expect(await worker.untilStatus('alice', 'connected')).toMatchObject({ phoneNumber: `+${alice.number}` });
    await untilContent(worker, 'alice', 'while nobody was there');
    await phones.send(friend.number, alice.number, 'to the worker');
    await untilContent(worker, 'alice', 'to the worker');
    const { body } = await worker.send('alice', friend.jid, 'from the worker');
    await phones.waitForShown(friend.number, String(body.data?.['messageId']));
    expect((await phones.phone(alice.number)).devices).toHaveLength(1);
    expect((await phones.stats()).retries).toEqual({});
    expect((await phones.connections()).overlaps).toEqual([]);
  });

  it('moves everything to another data folder, history and names included', async () => {
    const { scene, folder, number, friend, contacts } = await stoppedWorker();
    await workerCommand(scene.dataDir, ['export', folder], SEALED);
    await rm(scene.dataDir, { recursive: true });
    const { code, lines } = await workerCommand(scene.dataDir, ['import', folder, '--connect'], SEALED);
    expect([code, lines[0]], lines.join('\n')).toEqual([
      0,
      expect.stringMatching(/^alice: imported; keys: \d+, messages: 2, contacts: \d+$/),
    ]);

    const worker = await scene.restartWorker();
    await worker.untilStatus('alice', 'connected');
    expect(await contentsOf(worker, 'alice')).toEqual(['before, from alice', 'before, to alice']);
    expect(contacts).toMatchObject([{ phoneNumber: `+${friend}`, pushName: 'friend' }]);
    expect(await contactsOf(worker)).toEqual(contacts);
    await scene.phones.send(friend, number, 'after, to alice');
    await untilContent(worker, 'alice', 'after, to alice');
    expect((await scene.phones.phone(number)).devices).toHaveLength(1);
  });
});
