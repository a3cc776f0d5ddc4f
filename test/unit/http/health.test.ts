import { expect, it } from 'vitest';
import type { BackendView } from '../../../supervisor/backend/backend-link.js';
import { closeServersAfterEach, startServer } from './http-fixture.js';

closeServersAfterEach();

const VIEW: BackendView = {
  state: 'registered',
  dialect: 'guide',
  workerId: 'worker-001',
  endpoint: 'http://10.0.0.7:8001',
  lastHeartbeat: Date.UTC(2024, 0, 15, 10, 30),
  sentence: undefined,
  reports: { waiting: 2, lagMs: 150, dead: 0, paused: undefined },
};

it('has no backend to show when the worker stands alone', async () => {
  const { call } = await startServer();
  for (const path of ['/health', '/ready']) expect((await call('GET', path)).data['backend']).toBeNull();
});

it('shows how the worker stands with its backend, without an address', async () => {
  const { call, worker } = await startServer();
  worker.backendView = VIEW;
  for (const path of ['/health', '/ready']) {
    expect((await call('GET', path)).data['backend']).toEqual({
      state: 'registered',
      dialect: 'guide',
      workerId: 'worker-001',
      lastHeartbeat: '2024-01-15T10:30:00.000Z',
      sentence: null,
      reports: { waiting: 2, lagMs: 150, dead: 0, paused: null },
    });
  }
});

it('says what is wrong with the backend', async () => {
  const { call, worker } = await startServer();
  worker.backendView = { ...VIEW, state: 'refused', lastHeartbeat: undefined, sentence: 'Set WORKER_AUTH_TOKEN.' };
  expect((await call('GET', '/health')).data['backend']).toMatchObject({
    state: 'refused',
    lastHeartbeat: null,
    sentence: 'Set WORKER_AUTH_TOKEN.',
  });
});

it('says how far a start is, and why connects are held back', async () => {
  const { call, worker } = await startServer();
  expect((await call('GET', '/ready')).data).toMatchObject({ ramp: null, breaker: null });
  const ramp = { sessions: 30, waiting: 12, connecting: 2, secondsLeft: 3 };
  worker.connects = { ramp, breaker: { reason: 'transient', since: Date.UTC(2024, 0, 15, 10, 30), failing: 11, of: 30 } };
  expect((await call('GET', '/ready')).data).toMatchObject({
    ramp,
    breaker: { reason: 'transient', since: '2024-01-15T10:30:00.000Z', failing: 11, of: 30 },
  });
});
