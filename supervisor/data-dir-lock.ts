// One supervisor per data folder: a file that names its living holder.
import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { utimesSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ProcessIdentity, identityOf, isAlive, pidSpace } from '../shared/process-identity.js';

const Holder = z.object({
  ...ProcessIdentity.shape,
  host: z.string(),
  /** Where its pid means something; see `pidSpace`. */
  space: z.string(),
  /** ISO time. */
  since: z.string(),
  /** Names this one taking of the lock. */
  token: z.uuid(),
});
export type LockHolder = z.infer<typeof Holder>;

export class DataDirLockedError extends Error {
  readonly holder: LockHolder;

  constructor(dataDir: string, holder: LockHolder) {
    super(`${dataDir} is in use by process ${holder.pid} on ${holder.host} since ${holder.since}; stop it, or set another DATA_DIR`);
    this.name = 'DataDirLockedError';
    this.holder = holder;
  }
}

export interface DataDirLockOptions {
  /** Called once when another supervisor took the lock, which it may when this one was frozen too long: end at once. */
  onLost?: () => void;
  refreshMs?: number;
  /** How long a holder whose process cannot be looked at counts as alive after its last refresh. */
  leaseMs?: number;
}

export interface DataDirLock {
  readonly holder: LockHolder;
  release(): void;
}

const LOCK_FILE = 'supervisor.lock';
const WATCH_MS = 200;

/**
 * Takes the lock, from a dead holder too. A holder on another host is dead when it did not refresh the lock for `leaseMs`; one
 * that may have died moments ago (the same host before a reboot, another pod) is watched until that is certain.
 * @throws DataDirLockedError
 */
export const lockDataDir = async (dataDir: string, options: DataDirLockOptions = {}): Promise<DataDirLock> => {
  const { refreshMs = 5_000, leaseMs = 30_000, onLost } = options;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, LOCK_FILE);
  const holder: LockHolder = { ...ownIdentity(), since: new Date().toISOString(), token: randomUUID() };
  await take(path, holder, { dataDir, leaseMs });

  const refresh = setInterval(() => {
    if (stillOurs(path, holder)) return;
    clearInterval(refresh);
    onLost?.();
  }, refreshMs).unref();
  return {
    holder,
    release: () => {
      clearInterval(refresh);
      if (names(path, holder)) rmSync(path, { force: true });
    },
  };
};

/** Refreshes it; also puts it back when somebody deleted it. A store that cannot be reached now is no proof of a loss. */
const stillOurs = (path: string, holder: LockHolder): boolean => {
  try {
    const current = readHolder(path);
    if (current && current.token !== holder.token) return false;
    if (current) utimesSync(path, new Date(), new Date());
    else put(path, holder);
  } catch {
    return true;
  }
  return true;
};

/** False also when it cannot be read: what is not certainly ours is not ours to remove, and goes stale with our death. */
const names = (path: string, holder: LockHolder): boolean => {
  try {
    return readHolder(path)?.token === holder.token;
  } catch {
    return false;
  }
};

const ownIdentity = (): Omit<LockHolder, 'since' | 'token'> => {
  const identity = identityOf(process.pid);
  if (!identity) throw new Error('the start time of this process cannot be read');
  return { ...identity, host: hostname(), space: pidSpace() };
};

/**
 * A dead holder's file is replaced only by whoever holds a lock named after that very holder, taken in the same way; so of two
 * that find it dead one replaces it, and the other then finds a living one.
 */
const take = async (path: string, holder: LockHolder, where: { dataDir: string; leaseMs: number }): Promise<void> => {
  for (;;) {
    if (put(path, holder)) return;
    const current = readHolder(path);
    // Released this very moment.
    if (!current) continue;
    if (await lives(path, current, holder, where.leaseMs)) throw new DataDirLockedError(where.dataDir, current);
    const guard = `${path}.${current.token.slice(0, 8)}`;
    await take(guard, holder, where);
    try {
      if (readHolder(path)?.token === current.token) {
        replace(path, holder);
        return;
      }
    } finally {
      rmSync(guard, { force: true });
    }
  }
};

const lives = async (path: string, current: LockHolder, self: LockHolder, leaseMs: number): Promise<boolean> => {
  if (current.host === self.host && current.space === self.space) return isAlive(current);
  const firstSeen = refreshedAt(path);
  if (current.host !== self.host) return firstSeen !== undefined && Date.now() - firstSeen < leaseMs;
  for (;;) {
    const refreshed = refreshedAt(path);
    if (refreshed !== firstSeen) return refreshed !== undefined;
    if (refreshed === undefined || Date.now() - refreshed >= leaseMs) return false;
    await sleep(WATCH_MS);
  }
};

/** `link` makes the file whole and at most once. @returns false when there is one already */
const put = (path: string, holder: LockHolder): boolean => {
  const own = writeOwn(path, holder);
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
};

const replace = (path: string, holder: LockHolder): void => {
  renameSync(writeOwn(path, holder), path);
};

/** Flushed first: after a power cut the name must not stand for an empty file. */
const writeOwn = (path: string, holder: LockHolder): string => {
  const own = `${path}.${holder.token}`;
  const file = openSync(own, 'w', 0o600);
  try {
    writeSync(file, JSON.stringify(holder));
    fsyncSync(file);
  } catch (error) {
    rmSync(own, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  return own;
};

/** @throws for a file that is no lock: a person has to look at it */
const readHolder = (path: string): LockHolder | undefined => {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return Holder.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`${path} is not a lock file; remove it when no supervisor uses this folder`, { cause: error });
  }
};

const refreshedAt = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.mtimeMs;
