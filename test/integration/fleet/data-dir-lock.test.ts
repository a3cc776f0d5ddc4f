import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataDirLockedError, lockDataDir, type LockHolder } from '../../../supervisor/data-dir-lock.js';
import { eventually } from '../../fixtures/eventually.js';

const TAKER = fileURLToPath(new URL('../../../dist/test/fixtures/lock-taker.js', import.meta.url));
const DEAD = { pid: 2 ** 22 + 1, start: 'long ago' };

let dataDir = '';
let takers: ChildProcess[] = [];
const path = (): string => join(dataDir, 'supervisor.lock');

const startTaker = async (): Promise<{ child: ChildProcess; outcome: () => { won: boolean; why?: string } | undefined }> => {
  const child = fork(TAKER, [dataDir], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  takers.push(child);
  const messages: { won?: boolean; why?: string }[] = [];
  child.on('message', (message) => messages.push(message as { won?: boolean }));
  await eventually(() => messages.length === 1, 'the taker was ready');
  return { child, outcome: () => messages[1] as { won: boolean; why?: string } | undefined };
};

/** Leaves the lock of somebody else behind, refreshed `ageMs` ago. */
const leaveLock = async (holder: Partial<LockHolder>, ageMs = 0): Promise<LockHolder> => {
  const lock = await lockDataDir(dataDir);
  const left = { ...lock.holder, ...holder };
  lock.release();
  writeFileSync(path(), JSON.stringify(left));
  const at = new Date(Date.now() - ageMs);
  utimesSync(path(), at, at);
  return left;
};

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'lock-'));
});

afterEach(async () => {
  for (const child of takers) child.kill('SIGKILL');
  await eventually(() => takers.every(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null), 'all takers ended');
  takers = [];
  rmSync(dataDir, { recursive: true, force: true });
});

describe('the lock of a data folder', () => {
  it('is refused while its holder lives, and names the holder', async () => {
    const lock = await lockDataDir(dataDir);
    const error: unknown = await lockDataDir(dataDir).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(DataDirLockedError);
    expect((error as DataDirLockedError).holder).toEqual(lock.holder);
    expect(String(error)).toContain(`process ${process.pid} on ${lock.holder.host} since ${lock.holder.since}`);
    lock.release();
    (await lockDataDir(dataDir)).release();
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it('is taken from a holder that is dead, or whose pid another process has now', async () => {
    await leaveLock(DEAD);
    (await lockDataDir(dataDir)).release();
    await leaveLock({ start: 'another time' });
    (await lockDataDir(dataDir)).release();
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it('of another host counts until it was not refreshed for a while', async () => {
    await leaveLock({ ...DEAD, host: 'elsewhere' });
    await expect(lockDataDir(dataDir)).rejects.toThrow('on elsewhere');
    await leaveLockAged(31_000);
    (await lockDataDir(dataDir)).release();
  });

  it('of this host before a reboot is watched until it is certainly dead', async () => {
    await leaveLock({ space: 'another boot' });
    const begun = Date.now();
    (await lockDataDir(dataDir, { leaseMs: 600 })).release();
    expect(Date.now() - begun).toBeGreaterThanOrEqual(550);
  });

  it('of a pod of the same name is refused as soon as it is seen to be refreshed', async () => {
    await leaveLock({ space: 'another pod' });
    const refresh = setInterval(() => {
      utimesSync(path(), new Date(), new Date());
    }, 300);
    await expect(lockDataDir(dataDir)).rejects.toBeInstanceOf(DataDirLockedError);
    clearInterval(refresh);
  });

  it('is refreshed while it is held', async () => {
    const lock = await lockDataDir(dataDir, { refreshMs: 10 });
    const old = new Date(0);
    utimesSync(path(), old, old);
    rmSync(path());
    await eventually(() => readdirSync(dataDir).includes('supervisor.lock'), 'it was put back');
    lock.release();
  });

  it('that another one took is reported lost, and not released by the loser', async () => {
    let lost = 0;
    const lock = await lockDataDir(dataDir, { refreshMs: 10, onLost: () => (lost += 1) });
    const other = JSON.stringify({ ...lock.holder, token: crypto.randomUUID() });
    writeFileSync(path(), other);
    await eventually(() => lost === 1, 'the loss was told');
    lock.release();
    expect(readFileSync(path(), 'utf8')).toBe(other);
  });

  it('is not taken when the file is something else', async () => {
    writeFileSync(path(), 'precious');
    await expect(lockDataDir(dataDir)).rejects.toThrow('not a lock file');
    expect(readFileSync(path(), 'utf8')).toBe('precious');
  });

  it.each(['a free lock', 'the lock of a dead holder', 'the lock of a holder that died while another took it over'])(
    'has one winner when many race for %s',
    async (what) => {
      const racers = await Promise.all([1, 2, 3, 4].map(startTaker));
      if (what !== 'a free lock') {
        const dead = await leaveLock(DEAD);
        if (what.includes('took it over')) {
          const guard = { ...dead, pid: DEAD.pid + 1, token: crypto.randomUUID() };
          writeFileSync(`${path()}.${dead.token.slice(0, 8)}`, JSON.stringify(guard));
        }
      }
      for (const { child } of racers) child.send('go');
      await eventually(() => racers.every(({ outcome }) => outcome() !== undefined), 'all tried');
      expect(racers.filter(({ outcome }) => outcome()?.won)).toHaveLength(1);
      for (const { outcome } of racers) if (!outcome()?.won) expect(outcome()?.why).toContain('is in use by process');
    },
  );

  it('passes on when its holder is killed', async () => {
    const taker = await startTaker();
    taker.child.send('go');
    await eventually(() => taker.outcome()?.won === true, 'it was taken');
    await expect(lockDataDir(dataDir)).rejects.toThrow(`process ${taker.child.pid}`);
    taker.child.kill('SIGKILL');
    await eventually(() => taker.child.signalCode !== null, 'the holder ended');
    (await lockDataDir(dataDir)).release();
  });
});

const leaveLockAged = async (ageMs: number): Promise<void> => {
  rmSync(path());
  await leaveLock({ ...DEAD, host: 'elsewhere' }, ageMs);
};
