import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../fixtures/eventually.js';
import { HASTY, createFleetWorld, type FleetWorld, type FleetWorldOptions } from '../../fixtures/fleet-world.js';

let world: FleetWorld;
const start = (options?: FleetWorldOptions): FleetWorld => (world = createFleetWorld({ timing: HASTY, ...options }));

afterEach(async () => {
  expect(await world.close()).toEqual([]);
});

describe('the watchdog of the fleet', () => {
  it('kills a stopped runner, which ignores SIGTERM', async () => {
    const { fleet, pid, told, exits, alive } = start();
    await fleet.ensure(0);
    process.kill(pid(), 'SIGSTOP');
    await eventually(() => exits.length === 1, 'it was killed');
    expect(told).toEqual(['ready 0/1', 'unresponsive 0/1', 'exited 0/1 crash']);
    expect(exits[0]?.signal).toBe('SIGKILL');
    expect(alive()).toEqual([]);
  });

  it('ends a runner that loops', async () => {
    const { fleet, send, told, exits } = start();
    await fleet.ensure(0);
    await expect(send('loop')).rejects.toMatchObject({ code: 'RUNNER_UNAVAILABLE' });
    await eventually(() => exits.length === 1, 'it was seen to end');
    expect(told).toEqual(['ready 0/1', 'unresponsive 0/1', 'exited 0/1 crash']);
  });

  it('kills a silent runner that ignores SIGTERM, and takes no calls for it meanwhile', async () => {
    const { fleet, send, told, exits } = start({ behaviour: 'ignores-sigterm' });
    await fleet.ensure(0);
    await send('stop-beating');
    await eventually(() => told.includes('unresponsive 0/1'), 'it was found silent');
    expect(fleet.views()[0]?.state).toBe('unresponsive');
    await expect(send('echo 1')).rejects.toMatchObject({ code: 'RUNNER_UNAVAILABLE' });
    await eventually(() => exits.length === 1, 'it was killed');
    expect(exits[0]).toMatchObject({ verdict: 'crash', signal: 'SIGKILL' });
  });

  it('takes a runner back that beats again', async () => {
    const { fleet, pid, told, send } = start({
      behaviour: 'ignores-sigterm',
      timing: { ...HASTY, watchdog: { ...HASTY.watchdog, killAfterMs: 60_000 } },
    });
    await fleet.ensure(0);
    process.kill(pid(), 'SIGSTOP');
    await eventually(() => told.includes('unresponsive 0/1'), 'it was found silent');
    process.kill(pid(), 'SIGCONT');
    await fleet.ensure(0);
    expect(await send('echo 1')).toEqual({ timestamp: 1 });
  });

  it('leaves runners alone when the supervisor itself paused', async () => {
    const { fleet, told, send } = start();
    await fleet.ensure(0);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * HASTY.watchdog.unresponsiveAfterMs);
    expect(await send('echo 1')).toEqual({ timestamp: 1 });
    expect(told).toEqual(['ready 0/1']);
  });
});
