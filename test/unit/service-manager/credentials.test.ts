import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withCredentials } from '../../../supervisor/service-manager/credentials.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'credentials-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const put = (name: string, content: string): void => {
  writeFileSync(join(folder, name), content);
};
const read = (environment: Record<string, string> = {}): Record<string, string | undefined> => ({
  ...withCredentials({ CREDENTIALS_DIRECTORY: folder, ...environment }),
});

describe('secrets in files', () => {
  it('stand for the variables they are named like', () => {
    put('WORKER_AUTH_TOKEN', 'token');
    put('AUTH_ENCRYPTION_KEY', 'key');
    put('MINIO_ACCESS_KEY', 'id');
    put('MINIO_SECRET_KEY', 'secret');
    expect(read()).toMatchObject({
      WORKER_AUTH_TOKEN: 'token',
      AUTH_ENCRYPTION_KEY: 'key',
      MINIO_ACCESS_KEY: 'id',
      MINIO_SECRET_KEY: 'secret',
    });
  });

  it.each([
    ['token\n', 'token'],
    ['token\r\n', 'token'],
    ['token\n\n', 'token\n'],
    [' token ', ' token '],
    ['', ''],
  ])('lose one line break at their end, and nothing else: %j', (content, expected) => {
    put('WORKER_AUTH_TOKEN', content);
    expect(read()['WORKER_AUTH_TOKEN']).toBe(expected);
  });

  it('yield to a variable that is set, and not to an empty one', () => {
    put('WORKER_AUTH_TOKEN', 'from-the-file');
    expect(read({ WORKER_AUTH_TOKEN: 'from-the-environment' })['WORKER_AUTH_TOKEN']).toBe('from-the-environment');
    expect(read({ WORKER_AUTH_TOKEN: '' })['WORKER_AUTH_TOKEN']).toBe('from-the-file');
  });

  it('are not asked for other variables, nor without a folder', () => {
    put('WORKER_PORT', '1');
    expect(read()).toEqual({ CREDENTIALS_DIRECTORY: folder });
    expect(withCredentials({ WORKER_ID: 'a' })).toEqual({ WORKER_ID: 'a' });
  });

  it('are reported all at once, by name and without their content, when they cannot be used', () => {
    put('WORKER_AUTH_TOKEN', 'swordfish'.repeat(2_000));
    mkdirSync(join(folder, 'MINIO_SECRET_KEY'));
    expect(() => read()).toThrow(
      'WORKER_AUTH_TOKEN cannot be read from its file in CREDENTIALS_DIRECTORY (it is larger than 16384 bytes)\n' +
        '  MINIO_SECRET_KEY cannot be read from its file in CREDENTIALS_DIRECTORY (EISDIR)',
    );
    expect(() => read()).not.toThrow('swordfish');
  });

  it('are reported when the system refuses to open them', () => {
    symlinkSync('WORKER_AUTH_TOKEN', join(folder, 'WORKER_AUTH_TOKEN'));
    expect(() => read()).toThrow('WORKER_AUTH_TOKEN cannot be read from its file in CREDENTIALS_DIRECTORY (ELOOP)');
  });
});
