import { afterAll, beforeAll, expect, it } from 'vitest';
import { openScene, pair, type PairedSession, type Scene } from '../support/scene.js';
import { until } from '../support/worker-process.js';

let scene: Scene;
let ann: PairedSession;
let friend: string;

beforeAll(async () => {
  scene = await openScene();
  ann = await pair(scene, 'ann');
  friend = (await scene.phones.createPhone({ name: 'Friend' })).number;
}, 180_000);
afterAll(async () => scene.close());

const set = async (patch: Record<string, unknown>): Promise<Record<string, unknown>> =>
  scene.worker.call('PATCH', '/session/ann/settings', patch);
const receiptFor = async (id: string) => {
  const receipt = await scene.phones.waitForReceipt(friend, (seen) => seen.id === id && seen.type === 'read', 30_000);
  return receipt.type;
};
const history = async (): Promise<unknown[]> => {
  const { messages } = await scene.worker.call('GET', '/session/ann/messages');
  return (messages as { content: unknown }[]).map(({ content }) => content);
};

it('marks what is received as read from the moment that this is set', async () => {
  const before = await scene.phones.send(friend, ann.number, 'not read');
  await until(
    async () => (await history()).includes('not read'),
    60_000,
    () => 'the first message',
  );
  await set({ readReceipts: true });
  const after = await scene.phones.send(friend, ann.number, 'read');
  expect(await receiptFor(after)).toBe('read');
  await set({ readReceipts: null });
  const receipts = await scene.phones.receipts(friend);
  expect(receipts.filter(({ id, type }) => id === before && type === 'read')).toEqual([]);
}, 60_000);

it('shows the account offline and online on the same connection', async () => {
  const connections = async (): Promise<number> => (await scene.phones.connections()).connections.length;
  await until(
    async () => (await scene.phones.presence(ann.number)).available,
    60_000,
    () => 'online, as the worker is set',
  );
  const opened = await connections();
  await set({ markOnline: false });
  await until(
    async () => !(await scene.phones.presence(ann.number)).available,
    60_000,
    () => 'offline',
  );
  await set({ markOnline: true });
  await until(
    async () => (await scene.phones.presence(ann.number)).available,
    60_000,
    () => 'online again',
  );
  expect(await connections()).toBe(opened);
}, 60_000);

it('goes by its settings again after its runner and its worker were killed, and keeps what it wants only', async () => {
  const group = await scene.phones.groups.create(friend, 'Family', [ann.number]);
  await set({ ignore: { groups: true } });
  const [runner] = await scene.worker.runners();
  process.kill(runner?.pid ?? 0, 'SIGKILL');
  await scene.worker.kill();
  await scene.restartWorker();
  await scene.worker.untilStatus('ann', 'connected');
  expect(await scene.worker.call('GET', '/session/ann/settings')).toMatchObject({ ignore: { groups: true }, readReceipts: false });
  await scene.phones.sendMessage(friend, { to: group.jid, text: 'to all' });
  await scene.phones.send(friend, ann.number, 'after it');
  await until(
    async () => (await history()).includes('after it'),
    60_000,
    () => 'what came after the ignored message',
  );
  await set({ ignore: null });
  await scene.phones.sendMessage(friend, { to: group.jid, text: 'to all who want it' });
  await until(
    async () => (await history()).includes('to all who want it'),
    60_000,
    () => 'the wanted message',
  );
  expect(await history()).not.toContain('to all');
}, 120_000);
