// Which bodies the other dialect takes.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { GatewayFixture, registrationOf, WORKER_TOKEN } from './gateway-fixture.js';

let gateway: GatewayFixture;
let ahead = 0;
const open = async (): Promise<void> => {
  gateway = await GatewayFixture.open({ dialect: 'whatsam', now: () => Date.now() + ahead });
};

describe('the validation', () => {
  beforeAll(open);
  afterAll(async () => gateway.close());
  // Every webhook counts for the minute, refused ones too.
  beforeEach(() => {
    ahead += 2_000;
  });

  const registration = registrationOf('worker-001', 'http://127.0.0.1:1');
  test.each<[string, object, number]>([
    ['of a good body (nobody is there, though)', {}, 503],
    ['without what has a default', { maxSessions: undefined, description: undefined, version: undefined, environment: undefined }, 503],
    ['an id of two characters', { workerId: 'ab' }, 400],
    ['an id of 51 characters', { workerId: 'a'.repeat(51) }, 400],
    ['an id with a dot', { workerId: 'worker.1' }, 400],
    ['no endpoint', { endpoint: undefined }, 400],
    ['an endpoint that is no URL', { endpoint: 'worker:8001:x' }, 400],
    ['room for nobody', { maxSessions: 0 }, 400],
    ['room for more than 1000', { maxSessions: 1001 }, 400],
    ['an empty description', { description: '' }, 400],
    ['a description of 256 characters', { description: 'x'.repeat(256) }, 400],
    ['a version of two numbers', { version: '1.0' }, 400],
    ['a version with a suffix', { version: '1.0.0-rc1' }, 400],
    ['an environment in lower case', { environment: 'production' }, 400],
  ])('of a registration: %s', async (_name, change, status) => {
    expect((await gateway.worker('POST', '/workers/register', { ...registration, ...change })).status).toBe(status);
  });

  const entry = { sessionId: 'alice', status: 'CONNECTED' };
  test.each<[string, unknown, number]>([
    ['a list alone', { sessions: [] }, 200],
    [
      'all of it, and what it does not know',
      {
        sessions: [{ ...entry, phoneNumber: '+6281', lastActivity: '2024-01-15T10:30:00Z', x: 1 }],
        metrics: { cpuUsage: 1, sessions: {} },
        capabilities: { maxSessions: 20 },
        status: 'online',
      },
      200,
    ],
    ['no list', { metrics: {} }, 400],
    ['the list of the guide', { status: 'online', metrics: { sessions: { total: 0 } } }, 400],
    ['a status in lower case', { sessions: [{ ...entry, status: 'connected' }] }, 400],
    ['a status that does not exist', { sessions: [{ ...entry, status: 'CONNECTING' }] }, 400],
    ['a session without id', { sessions: [{ status: 'CONNECTED' }] }, 400],
    ['a null number', { sessions: [{ ...entry, phoneNumber: null }] }, 400],
    ['a number with a device', { sessions: [{ ...entry, phoneNumber: '6281:12' }] }, 400],
    ['more than 100 percent', { sessions: [], metrics: { memoryUsage: 101 } }, 400],
    ['an uptime with a fraction', { sessions: [], metrics: { uptime: 1.5 } }, 400],
    ['a version with a suffix', { sessions: [], capabilities: { version: '1.0.0-rc1' } }, 400],
  ])('of a heartbeat: %s', async (_name, body, status) => {
    await knownWorker();
    expect((await gateway.worker('PUT', '/workers/worker-beat/heartbeat', body)).status).toBe(status);
  });

  test.each<[string, object, number]>([
    ['a good one', {}, 200],
    ['nulls where nothing is known', { qrCode: null, phoneNumber: null, displayName: null, workerId: null, timestamp: null }, 200],
    ['a QR code of 2000 characters', { qrCode: 'q'.repeat(2000) }, 200],
    ['a QR code of 2001 characters', { qrCode: 'q'.repeat(2001) }, 400],
    ['an empty QR code', { qrCode: '' }, 400],
    ['a status in lower case', { status: 'connected' }, 400],
    ['a number with a device', { phoneNumber: '6281234567890:12' }, 400],
    ['a number that begins with zero', { phoneNumber: '0812' }, 400],
    ['a name of 101 characters', { displayName: 'x'.repeat(101) }, 400],
    ['a time that is none', { timestamp: 'now' }, 400],
    ['no session id', { sessionId: undefined }, 400],
    ['a session nobody knows', { sessionId: 'nobody' }, 404],
  ])('of a session report: %s', async (_name, change, status) => {
    await gateway.admin('POST', '/sessions', { name: 'Alice', sessionId: 'alice' });
    expect((await gateway.report({ sessionId: 'alice', status: 'QR_REQUIRED', ...change })).status).toBe(status);
  });

  test.each<[string, object, number]>([
    ['of a message nobody sent here', {}, 404],
    ['with a status that does not exist', { status: 'PLAYED' }, 400],
    ['in lower case', { status: 'sent' }, 400],
    ['without an id', { messageId: undefined }, 400],
  ])('of a message report %s', async (_name, change, status) => {
    const body = { sessionId: 'alice', messageId: '3EB04CA676438C7B4590BF', status: 'DELIVERED', ...change };
    const headers = { authorization: `Bearer ${WORKER_TOKEN}` };
    expect((await gateway.request('POST', '/api/webhooks/message-status', body, headers)).status).toBe(status);
  });

  const recovery = {
    recoveryResults: [{ sessionId: 'alice', status: 'SUCCESS' }],
    totalSessions: 1,
    successfulRecoveries: 1,
    failedRecoveries: 0,
  };
  test.each<[string, object, number]>([
    ['a good one', {}, 200],
    ['no results', { recoveryResults: undefined }, 400],
    ['a status that does not exist', { recoveryResults: [{ sessionId: 'alice', status: 'OK' }] }, 400],
    ['an error that is no text', { recoveryResults: [{ sessionId: 'alice', status: 'FAILED', error: {} }] }, 400],
    ['no total', { totalSessions: undefined }, 400],
  ])('of a recovery report: %s', async (_name, change, status) => {
    await knownWorker();
    const answer = await gateway.worker('POST', '/workers/worker-beat/sessions/recovery-status', { ...recovery, ...change });
    expect(answer.status).toBe(status);
  });

  const knownWorker = async (): Promise<void> => {
    if (!gateway.gateway.state.workers.has('worker-beat')) await gateway.addWorker('worker-beat');
  };
});
