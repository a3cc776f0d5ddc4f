import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readState, StateFile } from '../../gateway/state-file.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateway-state-'));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

const noFailure = (error: unknown): void => {
  throw error;
};

test('a missing file is a new gateway with a secret of its own', async () => {
  const [one, other] = [await readState(join(folder, 'none.json')), await readState(undefined)];
  expect(one).toMatchObject({ version: 1, workers: [], sessions: [], reports: {} });
  expect(one.secret).not.toBe(other.secret);
});

test.each([
  ['cut off', '{"version":1,"secret":"'],
  ['empty', ''],
  ['of another version', '{"version":2}'],
  ['something else', '["a list"]'],
])('a file that is %s is refused with a sentence', async (_name, content) => {
  const path = join(folder, 'state.json');
  await writeFile(path, content);
  await expect(readState(path)).rejects.toThrow(/The state file .*state\.json is damaged or belongs to something else .*move it away/);
  expect(await readFile(path, 'utf8')).toBe(content);
});

test('what was noted is on disk when it is settled, in fewer saves than changes, and no temporary file stays', async () => {
  const path = join(folder, 'deep', 'state.json');
  let [value, saves] = [0, 0];
  const file = new StateFile(
    path,
    () => {
      saves++;
      return String(value);
    },
    noFailure,
  );
  for (let round = 0; round < 5; round++) {
    for (let change = 0; change < 100; change++) {
      value++;
      file.changed();
    }
    await file.settled();
    expect(await readFile(path, 'utf8')).toBe(String(value));
  }
  expect(saves).toBeLessThanOrEqual(10);
  expect(await readdir(join(folder, 'deep'))).toEqual(['state.json']);
});

test('a change that could not be saved is said to who waits for it, and the next save carries it', async () => {
  const path = join(folder, 'state.json');
  const failures: unknown[] = [];
  let value = 'first';
  const file = new StateFile(
    path,
    () => value,
    (error) => failures.push(error),
  );
  await mkdir(path);
  file.changed();
  await expect(file.settled()).rejects.toThrow();
  expect(failures).toHaveLength(1);
  await rm(path, { recursive: true });
  value += ', second';
  file.changed();
  await file.settled();
  expect(await readFile(path, 'utf8')).toBe('first, second');
});
