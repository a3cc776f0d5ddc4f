// Secrets as files that only the service may read, as `LoadCredential=` of systemd provides them.
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, type Environment, type Problem } from '../../shared/config.js';

/** Variables that may lie in `$CREDENTIALS_DIRECTORY/<name>` instead of in the environment, where every child and dump would have them. */
const CREDENTIALS = ['WORKER_AUTH_TOKEN', 'AUTH_ENCRYPTION_KEY', 'MINIO_ACCESS_KEY', 'MINIO_SECRET_KEY'] as const;

/** Far above any of them. */
const MAX_BYTES = 16 * 1024;

/**
 * The environment with what the files add to it. A variable that is set wins over its file; a missing or empty file adds nothing.
 * @throws ConfigError with every file that cannot be used
 */
export const withCredentials = (environment: Environment): Environment => {
  const folder = environment['CREDENTIALS_DIRECTORY'];
  if (folder === undefined || folder === '') return environment;
  const problems: Problem[] = [];
  const found: Record<string, string> = {};
  for (const variable of CREDENTIALS) {
    if (environment[variable] !== undefined && environment[variable] !== '') continue;
    try {
      const value = readAtMost(join(folder, variable), MAX_BYTES);
      if (value !== undefined) found[variable] = value.replace(/\r?\n$/, '');
    } catch (error) {
      problems.push({ variable, problem: `cannot be read from its file in CREDENTIALS_DIRECTORY (${reasonOf(error)})` });
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return { ...environment, ...found };
};

/** @returns undefined when there is no such file. @throws when it is larger, or cannot be read */
const readAtMost = (path: string, bytes: number): string | undefined => {
  const file = openIfThere(path);
  if (file === undefined) return undefined;
  try {
    const buffer = Buffer.alloc(bytes + 1);
    let length = 0;
    for (;;) {
      const read = readSync(file, buffer, length, buffer.length - length, null);
      length += read;
      if (length > bytes) throw new Error(`it is larger than ${bytes} bytes`);
      if (read === 0) return buffer.toString('utf8', 0, length);
    }
  } finally {
    closeSync(file);
  }
};

const openIfThere = (path: string): number | undefined => {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

/** The code of a system error alone: its message would repeat the path. */
const reasonOf = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
};
