import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../fixtures/eventually.js';
import { PEER_RUNNER, createFleetWorld, type FleetWorld, type FleetWorldOptions } from '../../fixtures/fleet-world.js';

let world: FleetWorld;
const start = (options?: FleetWorldOptions): FleetWorld => (world = createFleetWorld({ runnerMain: PEER_RUNNER, ...options }));

afterEach(async () => {
  expect(await world.close()).toEqual([]);
});

describe('a runner made of the real peer', () => {
  it('says hello, answers, tells facts and commits its spool', async () => {
    const committed: unknown[] = [];
    const { fleet, send, told } = start({
      handlers: {
        'spool.commit': async (slot, { records }) => {
          committed.push([slot, ...records.map(({ kind }) => kind)]);
          return Promise.resolve({});
        },
        'connect.turn': async () => Promise.resolve({ grantedAt: 0 }),
      },
    });
    await fleet.ensure(0);
    await fleet.call(0, 'session.open', { sessionId: 's1', epoch: 3, pairing: true });
    expect(told).toEqual(['ready 0/1', 'fact 0/1 s1 connecting']);
    expect(committed).toEqual([[0, 'message']]);
    expect(await send('12')).toEqual({ timestamp: 12 });
  });

  it('carries errors with their code, and keeps unknown ones to itself', async () => {
    const { fleet } = start();
    await fleet.ensure(0);
    await expect(fleet.call(0, 'session.logout', { sessionId: 's1' })).rejects.toMatchObject({
      code: 'SESSION_LOGGED_OUT',
      message: 'It is logged out.',
    });
    const error: unknown = await fleet.call(0, 'session.erase', { sessionId: 's1' }).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'INTERNAL' });
    expect(String(error)).not.toContain('secret');
  });

  it('hears of a deadline that passed', async () => {
    const { fleet, send, told } = start();
    await fleet.ensure(0);
    await expect(send('wait', { deadlineMs: 30 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await eventually(() => told.includes('fact 0/1 aborted connecting'), 'the handler was told');
  });

  it('drains and ends', async () => {
    const { fleet, exits } = start();
    await fleet.ensure(0);
    await fleet.release(0);
    expect(exits[0]?.verdict).toBe('clean');
  });
});
