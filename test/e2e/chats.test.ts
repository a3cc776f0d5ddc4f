// The list of chats and of people, from what the phone gives and what comes and goes.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openScene, type Scene } from '../support/scene.js';
import { workerCommand } from '../support/worker-command.js';
import { until } from '../support/worker-process.js';

type Row = Record<string, unknown>;

let scene: Scene;
let alice: string;
let bob: string;
let cara: string;

beforeAll(async () => {
  scene = await openScene();
  [alice, bob, cara] = (await Promise.all(['Alice', 'Bob', 'Cara'].map(async (name) => scene.phones.createPhone({ name })))).map(
    ({ number }) => number,
  ) as [string, string, string];
  await scene.phones.setPast(alice, { chats: [{ with: bob, name: 'Bob of the shop', messages: 2 }] });
  await scene.worker.create('alice');
  await scene.phones.scan(alice, await scene.worker.connectForQr('alice'));
  await scene.worker.untilStatus('alice', 'connected');
}, 180_000);
afterAll(async () => scene.close());

const chats = async (query = ''): Promise<Row[]> => (await scene.worker.call('GET', `/session/alice/chats${query}`))['chats'] as Row[];
const contacts = async (): Promise<Row[]> => (await scene.worker.call('GET', '/session/alice/contacts'))['contacts'] as Row[];
const shown = async (): Promise<unknown[]> =>
  (await chats()).map(({ id, name, lastMessage }) => [id, name, (lastMessage as Row)['content']]);
const jid = (number: string): string => `${number}@s.whatsapp.net`;

it('names people as the phone does, else as they do, and groups by their subject', async () => {
  await until(
    async () => (await contacts()).some(({ name }) => name === 'Bob of the shop'),
    60_000,
    () => 'the address book',
  );
  await scene.phones.send(bob, alice, 'from Bob');
  await scene.phones.send(cara, alice, 'from Cara');
  await until(
    async () => (await chats()).length === 2,
    60_000,
    () => 'both chats',
  );
  expect(await shown()).toEqual([
    [jid(cara), 'Cara', 'from Cara'],
    [jid(bob), 'Bob of the shop', 'from Bob'],
  ]);
  const group = await scene.phones.groups.create(bob, 'Lunch', [alice, cara]);
  expect((await scene.worker.send('alice', group.jid, 'to all')).status).toBe(200);
  await until(
    async () => (await chats())[0]?.['name'] === 'Lunch',
    60_000,
    () => 'the group by its name',
  );
  expect((await scene.worker.send('alice', bob, 'to Bob')).status).toBe(200);
  expect((await chats()).map(({ id }) => id)).toEqual([jid(bob), group.jid, jid(cara)]);
  expect((await contacts()).find((row) => row['jid'] === jid(bob))).toMatchObject({ name: 'Bob of the shop', pushName: 'Bob' });
  expect((await chats())[0]).toMatchObject({ phoneNumber: `+${bob}`, lid: expect.stringMatching(/@lid$/) as string });
}, 120_000);

it('tells of every member of a group when they had a message and read it', async () => {
  const group = await scene.phones.groups.create(bob, 'Dinner', [alice, cara]);
  const { body } = await scene.worker.send('alice', group.jid, 'who comes?');
  const id = String(body.data?.['messageId']);
  await scene.phones.waitForShown(cara, id);
  await scene.phones.markRead(cara, { ids: [id] });
  const receipts = async (): Promise<Row[]> =>
    (await scene.worker.call('GET', `/session/alice/messages/${id}/receipts`))['receipts'] as Row[];
  let rows: Row[] = [];
  await until(
    async () => (rows = await receipts()).length === 2 && rows.some(({ readAt }) => readAt !== undefined),
    60_000,
    () => `the receipts: ${JSON.stringify(rows)}`,
  );
  const [ofBob, ofCara] = [bob, cara].map((number) => rows.find((row) => row['jid'] === jid(number)));
  expect(ofBob).toMatchObject({ name: 'Bob of the shop', deliveredAt: expect.any(String) as string });
  expect(ofBob).not.toHaveProperty('readAt');
  expect(ofCara).toMatchObject({ name: 'Cara', deliveredAt: expect.any(String) as string, readAt: expect.any(String) as string });
}, 120_000);

it('has the same after the worker and its runner were killed', async () => {
  const settled = async (): Promise<boolean> => (await chats()).every(({ lastMessage }) => (lastMessage as Row)['status'] !== 'sent');
  await until(settled, 60_000, () => 'receipts');
  const before = [await chats(), await contacts()];
  const [runner] = await scene.worker.runners();
  process.kill(runner?.pid ?? 0, 'SIGKILL');
  await scene.worker.kill();
  const { lines } = await workerCommand(scene.dataDir, ['check']);
  expect(lines.filter((line) => line.startsWith('error'))).toEqual([]);
  await scene.restartWorker();
  expect([await chats(), await contacts()]).toEqual(before);
  const { nextCursor } = await scene.worker.call('GET', '/session/alice/chats?limit=1');
  expect(await chats(`?limit=1&cursor=${String(nextCursor)}`)).toEqual((before[0] as Row[]).slice(1, 2));
}, 120_000);
