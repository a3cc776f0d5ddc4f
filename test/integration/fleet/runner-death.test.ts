import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/errors.js';
import { eventually } from '../../fixtures/eventually.js';
import { createFleetWorld, type FleetWorld, type FleetWorldOptions } from '../../fixtures/fleet-world.js';

let world: FleetWorld;
const start = (options?: FleetWorldOptions): FleetWorld => (world = createFleetWorld({ random: () => 0, oomKills: () => 0, ...options }));
const codeOf = async (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'ok',
    (error: unknown) => (error instanceof AppError ? error.code : String(error)),
  );

afterEach(async () => {
  expect(await world.close()).toEqual([]);
});

describe('the death of a runner', () => {
  it('settles every call in flight, and starts it again when it is wanted', async () => {
    const { fleet, send, told } = start();
    fleet.keep(0, true);
    await fleet.ensure(0);
    const calls = [send('echo 1'), send('later 60000'), send('later 60000'), send('exit 3')].map(codeOf);
    expect(await Promise.all(calls)).toEqual(['ok', 'RUNNER_UNAVAILABLE', 'RUNNER_UNAVAILABLE', 'RUNNER_UNAVAILABLE']);
    await eventually(() => told.includes('ready 0/2'), 'it came back');
    expect(told).toEqual(['ready 0/1', 'exited 0/1 crash', 'ready 0/2']);
    expect(await send('echo 2')).toEqual({ timestamp: 2 });
    expect(fleet.views()).toMatchObject([{ restarts: 1, incarnation: 2, lastExit: { verdict: 'crash', code: 3 } }]);
  });

  it('does not lose an answer that it wrote before', async () => {
    const { fleet, send } = start();
    await fleet.ensure(0);
    expect(await send('answer-and-exit')).toEqual({ timestamp: 7 });
  });

  it('leaves it down when nobody wants it', async () => {
    const { fleet, send, told } = start();
    await fleet.ensure(0);
    await codeOf(send('exit 1'));
    await eventually(() => told.length === 2, 'it ended');
    expect(fleet.views()).toMatchObject([{ state: 'idle', nextStartInMs: undefined }]);
  });

  it('by a SIGKILL of somebody else is followed by a start at once', async () => {
    const { fleet, pid, told } = start();
    fleet.keep(0, true);
    for (const incarnation of [1, 2, 3, 4, 5, 6, 7]) {
      await fleet.ensure(0);
      expect(fleet.views()[0]?.incarnation).toBe(incarnation);
      process.kill(pid(), 'SIGKILL');
      await eventually(() => told.includes(`exited 0/${incarnation} killed`), 'it was seen to end');
      expect(fleet.views()[0]?.state).toBe('starting');
    }
    await fleet.ensure(0);
  });

  it('by the memory killer of the kernel is oom and waits', async () => {
    const { fleet, pid, told } = start({ oomKills: () => 1 });
    fleet.keep(0, true);
    // The first wait is too short to be seen.
    for (const incarnation of [1, 2]) {
      await fleet.ensure(0);
      process.kill(pid(), 'SIGKILL');
      await eventually(() => told.includes(`exited 0/${incarnation} oom`), 'it was seen to end');
    }
    expect(fleet.views()).toMatchObject([{ state: 'backoff', quarantined: false }]);
    expect(fleet.views()[0]?.nextStartInMs).toBeGreaterThan(0);
  });

  it('by a full heap is oom, with its last words', async () => {
    const { fleet, send, exits } = start({ nodeOptions: ['--max-old-space-size=20'] });
    await fleet.ensure(0);
    expect(await codeOf(send('oom'))).toBe('RUNNER_UNAVAILABLE');
    await eventually(() => exits.length === 1, 'it ended', 60_000);
    expect(exits[0]).toMatchObject({ verdict: 'oom', signal: 'SIGABRT' });
    expect(exits[0]?.stderr.length).toBeLessThanOrEqual(20);
  });

  it('for its configuration is not followed by a start before somebody asks', async () => {
    const { fleet, told } = start({ behaviour: 'exits-78' });
    fleet.keep(0, true);
    expect(await codeOf(fleet.ensure(0))).toBe('RUNNER_UNAVAILABLE');
    expect(fleet.views()).toMatchObject([{ state: 'idle', lastExit: { verdict: 'config', code: 78 } }]);
    expect(await codeOf(fleet.ensure(0))).toBe('RUNNER_UNAVAILABLE');
    expect(told).toEqual(['exited 0/1 config', 'exited 0/2 config']);
  });

  it('five times in a row puts the slot into quarantine, where even asking does not help, and afterwards it is tried once', async () => {
    let now = 0;
    const { fleet, told } = start({ behaviour: 'crashes', clock: () => now });
    for (let i = 0; i < 5; i += 1) {
      expect(await codeOf(fleet.ensure(0))).toBe('RUNNER_UNAVAILABLE');
      now += fleet.views()[0]?.quarantined ? 0 : 10_000;
    }
    expect(told).toHaveLength(5);
    expect(fleet.views()[0]?.quarantined).toBe(true);
    await expect(fleet.ensure(0)).rejects.toMatchObject({ code: 'RUNNER_UNAVAILABLE', retryAfterSeconds: 60 });
    expect(told).toHaveLength(5);
    now += 60_000;
    expect(await codeOf(fleet.ensure(0))).toBe('RUNNER_UNAVAILABLE');
    expect(told).toHaveLength(6);
    await expect(fleet.ensure(0)).rejects.toMatchObject({ retryAfterSeconds: 120 });
  });

  it('while it starts is told to who waits, and the next start works', async () => {
    const { fleet, told } = start({ behaviour: 'crashes-once' });
    fleet.keep(0, true);
    expect(await codeOf(fleet.ensure(0))).toBe('RUNNER_UNAVAILABLE');
    await fleet.ensure(0);
    expect(told).toEqual(['exited 0/1 crash', 'ready 0/2']);
  });

  it('is brought about when it cuts its channel and lives on', async () => {
    const { fleet, send, told, alive } = start();
    await fleet.ensure(0);
    expect(await codeOf(send('disconnect'))).toBe('RUNNER_UNAVAILABLE');
    await eventually(() => told.includes('exited 0/1 crash'), 'it was killed');
    expect(alive()).toEqual([]);
  });
});

describe('a call over the channel', () => {
  it('settles once under random answers, deadlines and deaths', async () => {
    const { fleet, send, told } = start();
    fleet.keep(0, true);
    let settled = 0;
    let made = 0;
    for (let round = 0; round < 5; round += 1) {
      await fleet.ensure(0);
      const calls = Array.from({ length: 60 }, async (_, i) => {
        made += 1;
        const text = ['echo 1', 'twice', `later ${i}`, 'fail RATE_LIMITED', 'fail WHATEVER', 'wrong', 'nothing'][i % 7] ?? '';
        const code = await codeOf(send(text, { deadlineMs: 20 + ((i * 13) % 60) }));
        settled += 1;
        return code;
      });
      if (round % 2 === 0)
        setTimeout(() => {
          process.kill(world.pid(), 'SIGKILL');
        }, 15 * round);
      for (const code of await Promise.all(calls)) {
        expect(code).toMatch(/^(ok|RATE_LIMITED|INTERNAL|DEADLINE_EXCEEDED|RUNNER_UNAVAILABLE)$/);
      }
      if (round % 2 === 0) await eventually(() => told.at(-1)?.startsWith('ready') === true && told.length >= round + 2, 'it came back');
    }
    expect(settled).toBe(made);
  });

  it('survives a flood of garbage', async () => {
    const { fleet, send } = start();
    await fleet.ensure(0);
    await send('garbage 2000');
    expect(await send('echo 3')).toEqual({ timestamp: 3 });
  });

  it('is answered by the handler of the slot', async () => {
    const committed: unknown[] = [];
    const { fleet, send } = start({
      handlers: {
        'spool.commit': async (slot, { records }) => {
          committed.push([slot, records.length]);
          return Promise.resolve({});
        },
        'connect.turn': async () => Promise.resolve({ grantedAt: 0 }),
      },
    });
    await fleet.ensure(4);
    expect(await send('commit', { slot: 4 })).toEqual({ timestamp: 1 });
    expect(committed).toEqual([[4, 1]]);
  });

  it('to a dead reader does not end the supervisor: EPIPE is only a call that failed', async () => {
    const { fleet, send, pid } = start();
    await fleet.ensure(0);
    const doomed = pid();
    const calls: Promise<string>[] = [];
    process.kill(doomed, 'SIGSTOP');
    const big = 'x'.repeat(50_000);
    for (let i = 0; i < 50; i += 1) calls.push(codeOf(send(big)));
    process.kill(doomed, 'SIGKILL');
    for (let i = 0; i < 50; i += 1) calls.push(codeOf(send(big)));
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['RUNNER_UNAVAILABLE']));
  });

  it('is refused with BUSY when a stuck runner has too many', async () => {
    const { fleet, send, pid } = start({ maxCallsInFlight: 3 });
    await fleet.ensure(0);
    process.kill(pid(), 'SIGSTOP');
    const calls = [1, 2, 3, 4].map(async () => codeOf(send('echo 1', { deadlineMs: 50 })));
    expect(await Promise.all(calls)).toEqual(['DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'BUSY']);
  });
});
