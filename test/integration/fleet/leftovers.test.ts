import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { identityOf, isAlive, killAndWait, type ProcessIdentity } from '../../../shared/process-identity.js';
import { killLeftovers } from '../../../supervisor/fleet/leftovers.js';
import { eventually } from '../../fixtures/eventually.js';
import { FIXTURE_RUNNER } from '../../fixtures/fleet-world.js';

const IDLE = fileURLToPath(new URL('../../fixtures/idle-process.mjs', import.meta.url));
const ORPHAN_MAKER = fileURLToPath(new URL('../../../dist/test/fixtures/orphan-maker.js', import.meta.url));

const dataDir = mkdtempSync(join(tmpdir(), 'leftovers-'));
const started: ProcessIdentity[] = [];
const identify = (pid: number | undefined): ProcessIdentity => {
  const identity = pid === undefined ? undefined : identityOf(pid);
  if (!identity) throw new Error('no such process');
  started.push(identity);
  return identity;
};

const startIdle = async (): Promise<{ child: ChildProcess; identity: ProcessIdentity }> => {
  const child = spawn(process.execPath, [IDLE], { stdio: ['ignore', 'pipe', 'inherit'] });
  const identity = identify(child.pid);
  await once(child.stdout, 'data');
  return { child, identity };
};

/** A supervisor of its own with one ready runner; neither is a child of this fleet. */
const startSupervisor = async (): Promise<{ supervisor: ProcessIdentity; runner: ProcessIdentity }> => {
  const child = fork(ORPHAN_MAKER, [FIXTURE_RUNNER, dataDir], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const supervisor = identify(child.pid);
  const messages: unknown[] = [];
  child.on('message', (message) => messages.push(message));
  await eventually(() => messages.includes('ready'), 'the runner was ready');
  const runner = messages[0] as ProcessIdentity;
  started.push(runner);
  return { supervisor, runner };
};

afterEach(async () => {
  await Promise.all(started.splice(0).map(async (identity) => killAndWait(identity, 5_000)));
});

afterAll(() => {
  rmSync(dataDir, { recursive: true, force: true });
});

describe('the identity of a process', () => {
  it('names this one, and no process that is gone', async () => {
    expect(identityOf(process.pid)).toEqual(identityOf(process.pid));
    expect(identityOf(2 ** 22 + 1)).toBeUndefined();
    const { child, identity } = await startIdle();
    expect(isAlive(identity)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isAlive(identity)).toBe(false);
  });

  it('does not fit another process with the same pid', () => {
    const own = identify(process.pid);
    started.pop();
    expect(isAlive({ ...own, start: 'another time' })).toBe(false);
  });

  it('is found dead while it is a zombie that nobody collected', async () => {
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] });
    identify(parent.pid);
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    await eventually(() => identityOf(pid) === undefined || !isAlive(identityOf(pid) ?? { pid, start: '' }), 'it became a zombie');
    const zombie = identityOf(pid);
    if (zombie) expect(await killAndWait(zombie, 100)).toBe(true);
  });
});

describe('a left-over runner', () => {
  it('is killed, also a stopped one and one that ignores SIGTERM', async () => {
    const [stopped, stubborn] = await Promise.all([startIdle(), startIdle()]);
    stopped.child.kill('SIGSTOP');
    const ended = await killLeftovers([stopped.identity, stubborn.identity]);
    expect(ended).toEqual([stopped.identity.pid, stubborn.identity.pid]);
    expect([stopped.identity, stubborn.identity].some(isAlive)).toBe(false);
  });

  it('is left alone when its pid belongs to another process by now', async () => {
    const { identity } = await startIdle();
    expect(await killLeftovers([{ ...identity, start: 'another time' }])).toEqual([]);
    expect(isAlive(identity)).toBe(true);
  });

  it('does not exist when the supervisor was killed: a runner ends with its channel', async () => {
    const { supervisor, runner } = await startSupervisor();
    process.kill(supervisor.pid, 'SIGKILL');
    await eventually(() => !isAlive(runner), 'the runner ended by itself');
  });

  it('that was stopped when its supervisor was killed is ended by the next one', async () => {
    const { supervisor, runner } = await startSupervisor();
    process.kill(runner.pid, 'SIGSTOP');
    await killAndWait(supervisor, 5_000);
    expect(isAlive(runner)).toBe(true);
    expect(await killLeftovers([runner])).toEqual([runner.pid]);
    expect(isAlive(runner)).toBe(false);
  });
});
