import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { anonymousBytes, ProcessFigures } from '../../../shared/process-figures.js';
import { tempFolder } from '../store/temp-store.js';

it('says how much of the resident memory no file holds', () => {
  const file = join(tempFolder(), 'status');
  writeFileSync(file, 'VmRSS:\t  300 kB\nRssAnon:\t     200 kB\nRssFile:\t     100 kB\n');
  expect(anonymousBytes(file)).toBe(200 * 1024);
});

it('says nothing where the system does not', () => {
  const file = join(tempFolder(), 'status');
  expect(anonymousBytes(file)).toBeUndefined();
  writeFileSync(file, 'VmRSS:\t  300 kB\n');
  expect(anonymousBytes(file)).toBeUndefined();
});

it('counts no file of this very process as its own', () => {
  const figures = new ProcessFigures();
  const { rssBytes, anonymousBytes: anonymous } = figures.take();
  figures.stop();
  expect(anonymous).toBeGreaterThan(0);
  expect(anonymous).toBeLessThanOrEqual(rssBytes);
});
