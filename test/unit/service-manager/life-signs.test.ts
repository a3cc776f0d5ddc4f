import { afterEach, describe, expect, it } from 'vitest';
import { startLifeSigns, type LifeSigns, type LifeSignsOptions } from '../../../supervisor/service-manager/life-signs.js';
import type { Assignments } from '../../../supervisor/service-manager/notify.js';
import type { StatusSource } from '../../../supervisor/service-manager/status-line.js';
import { eventually } from '../../fixtures/eventually.js';
import { quietLog } from '../../fixtures/quiet-log.js';
import { createMemoryWorker, type MemoryWorker } from '../http/memory-worker.js';

let signs: LifeSigns | undefined;
afterEach(() => {
  signs?.end();
});

const start = (options: Partial<LifeSignsOptions> = {}): { told: Assignments[]; signs: LifeSigns; worker: MemoryWorker } => {
  const told: Assignments[] = [];
  signs = startLifeSigns({
    notify: { tell: (assignments) => told.push(assignments) },
    watchdogMs: 30,
    log: quietLog(),
    statusEveryMs: 0,
    restoreCheckMs: 5,
    ...options,
  });
  return { told, signs, worker: createMemoryWorker() };
};
const statuses = (told: Assignments[]): (string | undefined)[] => told.flatMap(({ STATUS }) => STATUS ?? []);

describe('life signs', () => {
  it('put off the end of a start that goes on, and say READY only when requests are answered', async () => {
    const { told, signs, worker } = start();
    await eventually(() => told.length >= 3, 'three beats');
    for (const assignments of told) expect(assignments).toEqual({ WATCHDOG: '1', EXTEND_TIMEOUT_USEC: '60000000' });
    const before = told.length;
    signs.serving(worker);
    expect(told[before]).toMatchObject({ READY: '1', STATUS: '0 of 0 sessions connected; 0 runners; 0 sends waiting' });
    await eventually(() => told.length >= before + 2, 'a beat');
    expect(told.at(-1)).toEqual({ WATCHDOG: '1' });
  });

  it('wait with READY until the sessions are known', async () => {
    const { told, signs, worker } = start();
    let restoring = true;
    const source: StatusSource = {
      ...worker,
      readiness: () => ({ ...worker.readiness(), details: { ...worker.readiness().details, restoring } }),
    };
    signs.serving(source);
    await eventually(() => statuses(told).includes('getting the sessions back from the object store'), 'a status');
    expect(told.some((assignments) => 'READY' in assignments)).toBe(false);
    restoring = false;
    await eventually(() => told.some((assignments) => 'READY' in assignments), 'READY');
    expect(told.filter((assignments) => 'READY' in assignments)).toHaveLength(1);
  });

  it('tell the status only when it changed', async () => {
    const { told, signs, worker } = start();
    signs.serving(worker);
    await eventually(() => told.length >= 5, 'beats');
    expect(statuses(told)).toHaveLength(1);
    await worker.sessions.create({ sessionId: 'alice' });
    worker.set('alice', 'connected', 'opened');
    await eventually(() => statuses(told).length === 2, 'another status');
    expect(statuses(told).at(-1)).toContain('1 of 1 sessions connected');
  });

  it('tell the status no more often than they may', async () => {
    const { told, signs, worker } = start({ statusEveryMs: 60_000 });
    signs.serving(worker);
    await worker.sessions.create({ sessionId: 'alice' });
    const before = told.length;
    await eventually(() => told.length >= before + 5, 'beats');
    expect(statuses(told)).toHaveLength(1);
  });

  it('go on when the figures cannot be had', async () => {
    const { told, signs, worker } = start();
    worker.listFails = { thrown: new Error('no figures') };
    signs.serving(worker);
    const before = told.length;
    await eventually(() => told.length >= before + 3, 'beats');
    expect(told.at(-1)).toEqual({ WATCHDOG: '1' });
  });

  it('without a watchdog are only the status, when it changes', async () => {
    const { told, signs, worker } = start({ watchdogMs: undefined, statusEveryMs: 10 });
    signs.serving(worker);
    const before = told.length;
    await worker.sessions.create({ sessionId: 'alice' });
    await eventually(() => told.length === before + 1, 'a status');
    expect(told.at(-1)).toEqual({ STATUS: '0 of 1 sessions connected; 0 runners; 0 sends waiting' });
  });

  it('end with STOPPING, and say how long it may take', async () => {
    const { told, signs, worker } = start({ watchdogMs: 6 });
    signs.serving(worker);
    signs.stopping(25_000);
    expect(told.at(-1)).toEqual({ STOPPING: '1', STATUS: 'stopping', EXTEND_TIMEOUT_USEC: '35000000' });
    const count = told.length;
    // Others with the same period tell how much time has passed.
    const others = start({ watchdogMs: 6 });
    await eventually(() => others.told.length >= 5, 'beats of others');
    expect(told).toHaveLength(count);
  });
});
