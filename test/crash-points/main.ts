// `npm run crash-points -- --kills N [--seed S] [--sabotage NAME] [--store none|rgw|minio] [--scenes N]`
import { parseArgs } from 'node:util';
import { crashRun } from './crash-run.js';
import { reportOf } from './report.js';
import { SABOTAGES } from './sabotages.js';
import { startStores, storeToUse, type StoresUnderTest } from './object-store.js';
import { STORES, type StoreName } from './store-condition.js';

const EXIT_USAGE = 64;
/** As many as keep two cores at work. Not taken from the machine: the same seed is to mean the same kills everywhere. */
const SCENES = 2;
const sabotages = Object.entries(SABOTAGES).map(([name, { explanation }]) => `  ${name.padEnd(20)}${explanation}`);
const USAGE = `usage: npm run crash-points -- --kills N [--seed S] [--sabotage NAME] [--store ${STORES.join('|')}] [--scenes N]
sabotages, each of which must make it fail:
${sabotages.join('\n')}`;

interface Options {
  kills: number;
  seed: number;
  sabotage: string;
  store: StoreName;
  scenes: number;
}

const readOptions = (): Options => {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string' },
      seed: { type: 'string' },
      sabotage: { type: 'string', default: '' },
      store: { type: 'string' },
      scenes: { type: 'string', default: String(SCENES) },
    },
  });
  const kills = Number(values.kills);
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  const scenes = Number(values.scenes);
  const store = STORES.find((name) => name === values.store);
  const { sabotage } = values;
  if (!Number.isInteger(kills) || kills < 1) throw new Error('--kills must be a whole number above 0');
  if (!Number.isInteger(seed)) throw new Error('--seed must be a whole number');
  if (!Number.isInteger(scenes) || scenes < 1) throw new Error('--scenes must be a whole number above 0');
  if (values.store !== undefined && !store) throw new Error(`--store must be one of ${STORES.join(', ')}`);
  if (sabotage !== '' && !(sabotage in SABOTAGES)) throw new Error(`there is no sabotage ${sabotage}`);
  return { kills, seed, sabotage, store: storeToUse(store), scenes: Math.min(scenes, kills) };
};

const options = ((): Options => {
  try {
    return readOptions();
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exit(EXIT_USAGE);
  }
})();

const startedAt = performance.now();
let stores: StoresUnderTest | undefined;
// Everything below ends with its parent, but only an orderly end removes the files.
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    interrupted.abort(new Error(`ended by ${signal}`));
  });
try {
  stores = await startStores(options.store, options.scenes);
  const sabotaged = options.sabotage && `, sabotage ${options.sabotage}`;
  console.log(`${options.kills} kills in ${options.scenes} scenes, seed ${options.seed}, object store: ${stores.name}${sabotaged}`);
  const result = await crashRun({ ...options, stores: stores.each, say: console.log, signal: interrupted.signal });
  for (const line of reportOf(result)) console.log(line);
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.log(`${result.passed ? 'passed' : 'FAILED'} after ${seconds} s, seed ${options.seed}`);
  process.exitCode = result.passed ? 0 : 1;
} catch (error) {
  console.error(error);
  console.log(`FAILED, seed ${options.seed}`);
  process.exitCode = 1;
} finally {
  await stores?.stop();
}
