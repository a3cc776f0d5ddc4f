import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startGateway } from '../../gateway/start-gateway.js';
import { GatewayFixture, WORKER_TOKEN } from './gateway-fixture.js';

let gateway: GatewayFixture;
beforeEach(async () => {
  gateway = await GatewayFixture.open();
});
afterEach(async () => gateway.close());

test('a gateway that starts from its file knows workers, sessions, reports and tokens of before', async () => {
  await gateway.addWorker('worker-a');
  await gateway.beat('worker-a', { total: 7, connected: 7 }, { cpuUsage: 33 });
  await gateway.admin('POST', '/sessions', { name: 'Alice', sessionId: 'alice' });
  await gateway.report({ sessionId: 'alice', status: 'connected', phoneNumber: '+6281234567890', seq: 3 });
  const look = async () => [
    (await gateway.admin('GET', '/sessions')).body.data,
    (await gateway.admin('GET', '/sessions/alice/reports')).body.data,
    gateway.gateway.state.workers.get('worker-a'),
  ];
  const before = await look();
  await gateway.restart();
  expect(await look()).toEqual(before);
  await gateway.report({ sessionId: 'alice', status: 'reconnecting', seq: 4 });
  expect(gateway.gateway.state.reports('alice').map(({ arrival, body }) => [arrival, body['seq']])).toEqual([
    [0, 3],
    [1, 4],
  ]);
});

test('a damaged file is refused, and left as it is', async () => {
  const stateFile = join(gateway.folder, 'damaged.json');
  await writeFile(stateFile, '{"version":1,"workers":');
  await expect(startGateway({ workerToken: WORKER_TOKEN, stateFile })).rejects.toThrow(/damaged .* move it away to begin anew/);
  expect(await readFile(stateFile, 'utf8')).toBe('{"version":1,"workers":');
});

test('a port that is taken is refused', async () => {
  await expect(startGateway({ workerToken: WORKER_TOKEN, port: gateway.gateway.port })).rejects.toThrow(/EADDRINUSE/);
});

test('what cannot be saved is not answered as done', async () => {
  const file = join(gateway.folder, 'state.json');
  await rm(file);
  await mkdir(join(file, 'in-the-way'), { recursive: true });
  const report = { sessionId: 'nobody', status: 'connected' };
  await gateway.addWorker('worker-a').then(
    () => expect.unreachable(),
    (error: unknown) => {
      expect(String(error)).toContain('500');
    },
  );
  expect((await gateway.admin('GET', '/workers')).status).toBe(200);
  await rm(file, { recursive: true });
  expect((await gateway.report(report)).status).toBe(404);
  expect((await gateway.beat('worker-a')).status).toBe(200);
});
