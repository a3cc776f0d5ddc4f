import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../fixtures/eventually.js';
import { PATIENT, createFleetWorld, type FleetWorld, type FleetWorldOptions } from '../../fixtures/fleet-world.js';

let world: FleetWorld;
const start = (options?: FleetWorldOptions): FleetWorld => (world = createFleetWorld(options));

afterEach(async () => {
  expect(await world.close()).toEqual([]);
});

describe('a slot', () => {
  it('starts one runner for many who ask, and answers calls once it is ready', async () => {
    const { fleet, send, told } = start();
    await expect(send('echo 1')).rejects.toMatchObject({ code: 'RUNNER_UNAVAILABLE' });
    await Promise.all([fleet.ensure(0), fleet.ensure(0), fleet.ensure(0)]);
    await fleet.ensure(0);
    expect(await send('echo 5')).toEqual({ timestamp: 5 });
    expect(told).toEqual(['ready 0/1']);
    expect(fleet.views()).toMatchObject([
      { slot: 0, state: 'ready', incarnation: 1, restarts: 0, lastExit: undefined, quarantined: false },
    ]);
  });

  it('reports beats and facts', async () => {
    const { fleet, told } = start();
    await fleet.ensure(3);
    await fleet.call(3, 'session.open', { sessionId: 's1', epoch: 1, pairing: false });
    expect(told).toEqual(['ready 3/1', 'fact 3/1 s1 connecting']);
    await eventually(() => fleet.views()[0]?.beat !== undefined, 'a beat came');
  });

  it('records the process before any call goes to it, and forgets it once it ended', async () => {
    const order: string[] = [];
    let commit: () => void = () => undefined;
    const { fleet, told } = start({
      recordSpawn: async () => {
        order.push('recording');
        await new Promise<void>((resolve) => (commit = resolve));
        order.push('recorded');
      },
      forgetSpawn: async () => {
        order.push('forgotten');
        return Promise.resolve();
      },
    });
    const ready = fleet.ensure(0).then(() => order.push('ready'));
    await eventually(() => fleet.views()[0]?.pid !== undefined, 'it was forked');
    await sleep(300);
    expect(told).toEqual([]);
    commit();
    await ready;
    await fleet.release(0);
    await eventually(() => order.includes('forgotten'), 'it was forgotten');
    expect(order).toEqual(['recording', 'recorded', 'ready', 'forgotten']);
  });

  it('gives up a runner whose record cannot be written', async () => {
    const { fleet, told } = start({ recordSpawn: async () => Promise.reject(new Error('disk full')) });
    await expect(fleet.ensure(0)).rejects.toMatchObject({ code: 'RUNNER_UNAVAILABLE' });
    expect(told).toEqual(['exited 0/1 crash']);
  });

  it('ends an idle runner, does not start it again by itself, and starts it when asked', async () => {
    const { fleet, told } = start();
    fleet.keep(0, true);
    await fleet.ensure(0);
    await Promise.all([fleet.release(0), fleet.release(0)]);
    expect(fleet.views()).toMatchObject([{ state: 'idle', pid: undefined, lastExit: { verdict: 'clean' } }]);
    await fleet.ensure(0);
    expect(told).toEqual(['ready 0/1', 'exited 0/1 clean', 'ready 0/2']);
  });

  it('starts a new runner for whoever asks while the old one drains', async () => {
    const { fleet, told } = start();
    await fleet.ensure(0);
    const released = fleet.release(0);
    await fleet.ensure(0);
    await released;
    expect(told).toEqual(['ready 0/1', 'exited 0/1 clean', 'ready 0/2']);
  });

  it('starts no more than two runners at a time', async () => {
    const { fleet, spawned, told } = start({ maxConcurrentStarts: 2 });
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, spawned.length - told.length);
    }, 1);
    await Promise.all([0, 1, 2, 3, 4].map(async (slot) => fleet.ensure(slot)));
    clearInterval(watch);
    expect(most).toBeLessThanOrEqual(2);
    expect(fleet.views().map(({ slot, state }) => `${slot} ${state}`)).toEqual(['0 ready', '1 ready', '2 ready', '3 ready', '4 ready']);
  });
});

describe('what reaches a runner', () => {
  it('is the allow-list, its own variables and the options of Node, no secret', async () => {
    const { fleet, send, exits, dataDir } = start({
      environment: { PATH: process.env['PATH'], TZ: 'UTC', WORKER_AUTH_TOKEN: 'secret', NODE_OPTIONS: '--no-warnings' },
      nodeOptions: ['--max-semi-space-size=1', '--title=a b'],
      runnerVariables: { WA_VERSION: '2.3.4', TMPDIR: '/tmp' },
    });
    await fleet.ensure(2);
    await expect(send('environment', { slot: 2 })).rejects.toMatchObject({ code: 'RUNNER_UNAVAILABLE' });
    await eventually(() => exits.length === 1, 'it ended');
    // NODE_CHANNEL_* are how Node itself tells the child of its channel.
    const told = exits[0]?.stderr.filter((line) => !line.startsWith('NODE_CHANNEL_'));
    expect(new Set(told)).toEqual(
      new Set([
        'TZ=UTC',
        'WA_VERSION=2.3.4',
        'TMPDIR=/tmp',
        'RUNNER_SLOT=2',
        'RUNNER_INCARNATION=1',
        `RUNNER_DATA_DIR=${dataDir}/runners/2`,
        'execArgv=--max-semi-space-size=1|--title=a b',
      ]),
    );
  });

  it('comes back on stdout line by line', async () => {
    const { fleet, send, stdout } = start();
    let text = '';
    stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await fleet.ensure(0);
    await send('say hello');
    await eventually(() => text === 'hello\n', 'the line came');
  });
});

describe('the hello of a runner', () => {
  it.each(['beats-first', 'garbage-first', 'old-protocol', 'other-slot', 'old-incarnation', 'other-pid'])(
    'is refused, and the runner killed, when it %s',
    async (behaviour) => {
      const { fleet, told, alive } = start({ behaviour });
      await expect(fleet.ensure(0)).rejects.toMatchObject({ code: 'RUNNER_UNAVAILABLE' });
      expect(told).toEqual(['exited 0/1 crash']);
      expect(alive()).toEqual([]);
    },
  );

  it('is waited for only so long', async () => {
    const { fleet, told, exits } = start({ behaviour: 'silent', timing: { ...PATIENT, helloDeadlineMs: 300 } });
    await expect(fleet.ensure(0)).rejects.toMatchObject({ code: 'RUNNER_UNAVAILABLE' });
    expect(told).toEqual(['exited 0/1 crash']);
    expect(exits[0]?.signal).toBe('SIGKILL');
  });
});

describe('a process that cannot be made', () => {
  it('counts as an exit when the program is missing', async () => {
    const { fleet, told, exits } = start({ execPath: '/nowhere/node' });
    await expect(fleet.ensure(0)).rejects.toMatchObject({ code: 'RUNNER_UNAVAILABLE' });
    expect(told).toEqual(['exited 0/1 crash']);
    expect(exits[0]?.stderr.join()).toContain('ENOENT');
  });

  it('counts as an exit when the main file is missing', async () => {
    const { fleet, exits } = start({ runnerMain: '/nowhere/main.js' });
    await expect(fleet.ensure(0)).rejects.toMatchObject({ code: 'RUNNER_UNAVAILABLE' });
    expect(exits[0]).toMatchObject({ verdict: 'crash', code: 1 });
    expect(exits[0]?.stderr.join()).toContain('Cannot find module');
  });

  it('counts as an exit when its folder cannot be made', async () => {
    const { fleet, exits } = start({ dataDir: '/dev/null' });
    await expect(fleet.ensure(0)).rejects.toMatchObject({ code: 'RUNNER_UNAVAILABLE' });
    expect(exits[0]?.stderr.join()).toContain('ENOTDIR');
  });
});
