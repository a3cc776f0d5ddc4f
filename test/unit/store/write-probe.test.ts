import { rmSync, writeFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { dataFile } from '../../../shared/store/store-file.js';
import { WriteProbe } from '../../../shared/store/write-probe.js';
import { tempFolder } from './temp-store.js';

const probes: WriteProbe[] = [];
afterEach(() => {
  for (const probe of probes.splice(0)) probe.close();
});

const setUp = (): { probe: WriteProbe; folder: string } => {
  const folder = tempFolder();
  writeFileSync(dataFile(folder), '');
  const probe = new WriteProbe(folder);
  probes.push(probe);
  return { probe, folder };
};

it('says what keeps the store from being written', () => {
  const { probe, folder } = setUp();
  rmSync(dataFile(folder));
  expect(() => {
    probe.assert();
  }).toThrow('ENOENT');
});

it('asks the disk once in a turn, and anew in the next', async () => {
  const { probe, folder } = setUp();
  probe.assert();
  rmSync(dataFile(folder));
  probe.assert();
  await setImmediate();
  expect(() => {
    probe.assert();
  }).toThrow('ENOENT');
  // What failed is asked again at once.
  writeFileSync(dataFile(folder), '');
  probe.assert();
});
