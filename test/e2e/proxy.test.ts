// Sessions that connect through proxies, and what happens when a proxy fails.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startConnectProxy } from '../fixtures/connect-proxy.js';
import type { LocalProxy } from '../fixtures/local-proxy.js';
import { startSocksProxy } from '../fixtures/socks-proxy.js';
import { sampleFile } from '../support/sample-files.js';
import { openScene, pair, pairCreated, type PairedSession, type Scene } from '../support/scene.js';
import { until } from '../support/worker-process.js';

type Row = Record<string, unknown>;

const PASSWORD = 's3cret-of-the-proxy';
const printed: string[] = [];
let scene: Scene;
let http: LocalProxy;
let socks: LocalProxy;
let alice: PairedSession;
let bob: PairedSession;

beforeAll(async () => {
  [http, socks] = await Promise.all([startConnectProxy(`alice:${PASSWORD}`), startSocksProxy(`alice:${PASSWORD}`)]);
  scene = await openScene({ onLog: (line) => printed.push(line) });
  bob = await pair(scene, 'bob');
  await scene.worker.call('POST', '/session/create', { sessionId: 'alice', settings: { proxy: urlOf('http', http) } });
  alice = await pairCreated(scene, 'alice');
}, 180_000);
afterAll(async () => {
  await scene.close();
  await Promise.all([http.close(), socks.close()]);
});

const urlOf = (protocol: string, proxy: LocalProxy): string => `${protocol}://alice:${PASSWORD}@${proxy.host}`;
const set = async (patch: Row): Promise<Row> => scene.worker.call('PATCH', '/session/alice/settings', patch);
const served = async (): Promise<Buffer | undefined> => {
  const [row] = (await scene.worker.messages('alice')).filter(({ type }) => type === 'image');
  const media = row?.['media'] as Row | undefined;
  if (media?.['state'] !== 'stored') return undefined;
  return Buffer.from(await (await fetch(scene.worker.baseUrl + String(media['url']))).arrayBuffer());
};

it('pairs through an HTTP proxy and moves to a SOCKS proxy alone, with its messages and files', async () => {
  expect(new Set(http.targets)).toEqual(new Set([new URL(scene.whatsapp.url).host]));
  const before = await scene.worker.status('bob');
  const shown = await set({ proxy: urlOf('socks5', socks) });
  expect(shown['proxy']).toBe(`socks5://alice:********@${socks.host}`);
  await until(
    () => socks.targets.length > 0,
    60_000,
    () => 'a connection through the other proxy',
  );
  await scene.worker.untilStatus('alice', 'connected');
  const image = randomBytes(20_000);
  await scene.phones.sendMessage(bob.number, { to: alice.number, media: { type: 'image', bytes: image.toString('base64') } });
  let bytes: Buffer | undefined;
  await until(
    async () => (bytes = await served()) !== undefined,
    60_000,
    () => 'the file',
  );
  expect(bytes?.equals(image)).toBe(true);
  const downloads = socks.targets.length;
  const sent = { to: bob.number, type: 'image', media: sampleFile('png').toString('base64') };
  expect(await scene.worker.request('POST', '/session/alice/send', sent)).toMatchObject({ status: 200 });
  expect(new Set(socks.targets).size).toBe(2);
  expect(socks.targets.length).toBeGreaterThan(downloads);
  expect((await scene.worker.send('alice', bob.number, 'through the proxy')).status).toBe(200);
  expect(await scene.worker.status('bob')).toEqual({ ...before, lastActivity: expect.any(String) as string });
}, 120_000);

it('says that its proxy fails, tries it again, and connects when it works', async () => {
  socks.mood = 'refuse';
  socks.cut();
  const failed = async (): Promise<boolean> => (await scene.worker.status('alice'))['reason'] === 'proxy_failed';
  await until(failed, 60_000, () => 'the reason');
  expect(await scene.worker.status('alice')).toMatchObject({
    status: 'reconnecting',
    message: expect.stringMatching(/^The proxy/) as string,
  });
  socks.mood = 'connect';
  await scene.worker.untilStatus('alice', 'connected');
}, 120_000);

it('connects at once through a proxy that works in the place of one that does not', async () => {
  await set({ proxy: `http://alice:wrong@${http.host}` });
  await until(
    async () => (await scene.worker.status('alice'))['reason'] === 'proxy_failed',
    60_000,
    () => 'the reason',
  );
  await set({ proxy: urlOf('http', http) });
  await scene.worker.untilStatus('alice', 'connected');
  expect(http.targets.length).toBeGreaterThan(2);
  expect(printed.filter((line) => line.includes(PASSWORD) || line.includes('wrong@'))).toEqual([]);
}, 120_000);
