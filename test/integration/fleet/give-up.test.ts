import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { watchForHello } from '../../../supervisor/fleet/watch-for-hello.js';
import { eventually } from '../../fixtures/eventually.js';
import { createFleetWorld, PATIENT, type FleetWorld, type FleetWorldOptions } from '../../fixtures/fleet-world.js';

/** A runner that crashes five times has to be started five times, which takes a busy machine a while. */
const PATIENCE_MS = 60_000;
const LIMITS = { silentMs: 400, lookEveryMs: 20 };

let world: FleetWorld;
let end = (): void => undefined;
let fatal: [why: string, code: number][] = [];

const watch = (): void => {
  end = watchForHello({ fleet: world.fleet, onFatal: (...told) => fatal.push(told), limits: LIMITS });
};

/** Asks for the runner again and again, as sessions do. */
const ask = async (slot: number, enough: () => boolean): Promise<void> => {
  while (!enough()) {
    await world.fleet.ensure(slot).catch(() => undefined);
    await sleep(10);
  }
};

afterEach(async () => {
  end();
  fatal = [];
  expect(await world.close()).toEqual([]);
});

const [ended, rests] = [(): boolean => world.exits.length > 0, (): boolean => world.fleet.views()[0]?.quarantined === true];

it.each<[string, FleetWorldOptions, () => boolean, string]>([
  ['says no hello', { behaviour: 'silent', timing: { ...PATIENT, helloDeadlineMs: 100 } }, ended, 'crash, SIGKILL'],
  ['has only begun', { behaviour: 'silent' }, () => world.alive().length > 0, 'starting'],
  ['crashes', { behaviour: 'crashes' }, ended, 'crash, code 1'],
  ['crashed until its slot rests', { behaviour: 'crashes' }, rests, 'crash, code 1'],
  ['refuses its configuration', { behaviour: 'exits-78' }, ended, 'config, code 78'],
])(
  'gives up once, with code 75, when the one runner that is wanted %s',
  async (_name, options, tried, how) => {
    let now = 0;
    world = createFleetWorld({ random: () => 0, oomKills: () => 0, clock: () => now, ...options });
    const asking = ask(0, () => {
      // Each pause is over at once, until the slot rests.
      if (!rests()) now += 5_000;
      return fatal.length > 0;
    });
    await eventually(tried, 'it was tried', PATIENCE_MS);
    world.fleet.keep(0, true);
    watch();
    await eventually(() => fatal.length > 0, 'it gave up', PATIENCE_MS);
    expect(fatal).toEqual([[expect.stringMatching(/^no runner has come up for .* although sessions need one/), 75]]);
    expect(fatal[0]?.[0]).toContain(`(slot 0: ${how})`);
    await sleep(5 * LIMITS.lookEveryMs);
    expect(fatal).toHaveLength(1);
    await world.fleet.stop(1_000);
    await asking;
  },
  2 * PATIENCE_MS,
);

it(
  'goes on while another runner is there, and when nobody wants the one that fails any more',
  async () => {
    let enough = false;
    world = createFleetWorld({ behaviour: 'crashes-in-0', random: () => 0, oomKills: () => 0 });
    const { fleet } = world;
    await fleet.ensure(1);
    watch();
    fleet.keep(0, true);
    const asking = ask(0, () => enough);
    await eventually(() => world.exits.length > 1, 'it failed', PATIENCE_MS);
    await sleep(3 * LIMITS.silentMs);
    expect(fleet.views()).toMatchObject([
      { slot: 0, wanted: true },
      { slot: 1, state: 'ready' },
    ]);
    enough = true;
    await fleet.release(0);
    await asking;
    fleet.keep(0, false);
    await fleet.release(1);
    await sleep(3 * LIMITS.silentMs);
    expect(fatal).toEqual([]);
  },
  2 * PATIENCE_MS,
);
