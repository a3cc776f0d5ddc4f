// The contract kit as a process of its own, against the built worker and the reference gateway, in both dialects.
import { expect, onTestFinished, test } from 'vitest';
import { spawnGateway } from '../gateway/spawn-gateway.js';
import { DEFAULT_ADMIN } from '../gateway/start-gateway.js';
import { freePort } from '../support/free-port.js';
import { contractCommand, type ContractVerdict } from '../support/contract-command.js';
import { openScene, pair } from '../support/scene.js';

const TOKEN = 'a-token-for-this-test';
const HEARTBEAT_MS = '1000';
const TIMEOUT_MS = 600_000;

type Dialect = 'guide' | 'whatsam';

const tryWorker = async (dialect: Dialect): Promise<ContractVerdict> => {
  const port = await freePort();
  const scene = await openScene({
    env: {
      WORKER_AUTH_TOKEN: TOKEN,
      BACKEND_URL: `http://127.0.0.1:${port}`,
      BACKEND_DIALECT: dialect,
      HEARTBEAT_INTERVAL_MS: HEARTBEAT_MS,
      CONNECT_RATE_PER_SECOND: '20',
    },
  });
  onTestFinished(async () => scene.close());
  const { sessionId } = await pair(scene, 'paired');
  const friend = await scene.phones.createPhone();
  return contractCommand([
    ...['--worker', scene.worker.baseUrl, '--token', TOKEN, '--dialect', dialect],
    ...['--session', sessionId, '--to', friend.number],
    // The worker has tried in vain to register since its start, and may wait a minute until it tries again.
    ...['--listen', String(port), '--heartbeat-ms', HEARTBEAT_MS, '--patience-ms', '150000'],
  ]);
};

const tryGateway = async (dialect: Dialect): Promise<ContractVerdict> => {
  const gateway = await spawnGateway({ workerToken: TOKEN, dialect });
  onTestFinished(async () => void (await gateway.stop()));
  const { email, password } = DEFAULT_ADMIN;
  return contractCommand(['--backend', gateway.url, '--token', TOKEN, '--dialect', dialect, '--admin', `${email}:${password}`]);
};

const TARGETS = { worker: tryWorker, gateway: tryGateway };

test.each([
  ['worker', 'guide'],
  ['worker', 'whatsam'],
  ['gateway', 'guide'],
  ['gateway', 'whatsam'],
] as const)(
  'the %s keeps the whole contract in the %s dialect',
  async (target, dialect) => {
    const { code, text, results, leftBehind } = await TARGETS[target](dialect);
    const others = results.filter(({ outcome }) => outcome !== 'holds');
    expect(Object.fromEntries(others.map(({ id, reason }) => [id, reason])), text).toEqual({});
    expect(leftBehind).toEqual([]);
    expect(code).toBe(0);
  },
  TIMEOUT_MS,
);
