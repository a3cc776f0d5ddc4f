import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../fixtures/eventually.js';
import { createFleetWorld, PATIENT, type FleetWorld, type FleetWorldOptions } from '../../fixtures/fleet-world.js';

/** What only its deadline can end within a test. */
const SLOW = { ...PATIENT, drainMs: 60_000, termMs: 60_000 };

let world: FleetWorld;
const start = (options?: FleetWorldOptions): FleetWorld => (world = createFleetWorld(options));

afterEach(async () => {
  expect(await world.close()).toEqual([]);
});

describe('stopping the fleet', () => {
  it('drains every runner and leaves none alive', async () => {
    const { fleet, alive, exits, spawned, forgotten } = start();
    fleet.keep(0, true);
    await Promise.all([fleet.ensure(0), fleet.ensure(1)]);
    await fleet.stop(60_000);
    expect(alive()).toEqual([]);
    expect(new Set(forgotten)).toEqual(new Set(spawned));
    expect(exits.map(({ verdict }) => verdict)).toEqual(['clean', 'clean']);
    await expect(fleet.ensure(0)).rejects.toMatchObject({ code: 'DRAINING' });
    await expect(fleet.ensure(9)).rejects.toMatchObject({ code: 'DRAINING' });
    await fleet.stop(5_000);
  });

  it('kills what neither drains nor heeds SIGTERM, within its deadline', async () => {
    const { fleet, pid, alive, send } = start({ behaviour: 'never-drains,ignores-sigterm', timing: SLOW });
    await Promise.all([fleet.ensure(0), fleet.ensure(1)]);
    process.kill(pid(1), 'SIGSTOP');
    const call = send('later 60000');
    const settled = expect(call).rejects.toMatchObject({ code: 'DRAINING' });
    const begun = performance.now();
    await fleet.stop(1_000);
    expect(performance.now() - begun).toBeLessThan(SLOW.drainMs);
    await settled;
    expect(alive()).toEqual([]);
  });

  it('ends a runner that is only starting, and tells who waits for it', async () => {
    const { fleet, alive, spawned } = start({ behaviour: 'silent', maxConcurrentStarts: 1 });
    const waiting = [0, 1].map(async (slot) => expect(fleet.ensure(slot)).rejects.toMatchObject({ code: 'DRAINING' }));
    await eventually(() => spawned.length === 1, 'the first was forked');
    await fleet.stop(2_000);
    await Promise.all(waiting);
    expect(alive()).toEqual([]);
    expect(spawned).toHaveLength(1);
  });

  it('does not wait for a release that was given more time', async () => {
    const { fleet, alive } = start({ behaviour: 'never-drains,ignores-sigterm', timing: SLOW });
    await fleet.ensure(0);
    const released = fleet.release(0);
    const begun = performance.now();
    await fleet.stop(500);
    await released;
    expect(performance.now() - begun).toBeLessThan(SLOW.drainMs);
    expect(alive()).toEqual([]);
  });

  it('cancels a planned restart', async () => {
    const { fleet, send, told, spawned } = start();
    fleet.keep(0, true);
    // The first wait is too short to be seen.
    for (const incarnation of [1, 2]) {
      await fleet.ensure(0);
      await expect(send('exit 1')).rejects.toMatchObject({ code: 'RUNNER_UNAVAILABLE' });
      await eventually(() => told.includes(`exited 0/${incarnation} crash`), 'it ended');
    }
    expect(fleet.views()[0]?.state).toBe('backoff');
    await fleet.stop(1_000);
    expect(fleet.views()[0]?.state).toBe('idle');
    expect(spawned).toHaveLength(2);
  });
});
