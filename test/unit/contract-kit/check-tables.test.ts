import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { CHECK_TABLES, checkList } from '../../contract-kit/check-list.js';

describe.each(Object.entries(CHECK_TABLES))('the checks for a %s', (_name, checks) => {
  test('have ids of their own', () => {
    const ids = checks.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('only depend on checks that come before them', () => {
    const late = checks.flatMap(({ id, after = [] }, index) =>
      after.filter((name) => !checks.slice(0, index).some((earlier) => earlier.id === name)).map((name) => `${id} after ${name}`),
    );
    expect(late).toEqual([]);
  });

  test('each say where they come from and what holds', () => {
    expect(checks.filter(({ section, title }) => section === '' || title === '')).toEqual([]);
  });
});

test('the documentation has the same tables', async () => {
  const documentation = await readFile(new URL('../../../docs/contract-kit.md', import.meta.url), 'utf8');
  expect(documentation).toContain(`${checkList()}\n`);
});
