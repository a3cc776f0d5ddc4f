// `npm run bench -- NAME [--sessions N] [--seconds S] [--json FILE] [--check]`
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import type { Bench, BenchOptions } from './bench.js';
import { day } from './day.js';
import { hold } from './hold.js';
import { media } from './media.js';
import { recycle } from './recycle.js';
import { start } from './start.js';
import { storage } from './storage/storage.js';

const BENCHES: Readonly<Record<string, { run: Bench; defaults: BenchOptions }>> = {
  day: { run: day, defaults: { sessions: 1, seconds: 0 } },
  hold: { run: hold, defaults: { sessions: 200, seconds: 300 } },
  media: { run: media, defaults: { sessions: 1, seconds: 0 } },
  recycle: { run: recycle, defaults: { sessions: 100, seconds: 0 } },
  start: { run: start, defaults: { sessions: 1_000, seconds: 0 } },
  storage: { run: storage, defaults: { sessions: 1_000, seconds: 60 } },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sessions: { type: 'string' },
    seconds: { type: 'string' },
    json: { type: 'string' },
    check: { type: 'boolean', default: false },
  },
});
const [name = ''] = positionals;
const bench = BENCHES[name];
if (!bench) {
  console.error(
    `usage: npm run bench -- NAME [--sessions N] [--seconds S] [--json FILE] [--check]\nNAME is one of: ${Object.keys(BENCHES).join(', ')}`,
  );
  process.exit(2);
}
const options: BenchOptions = {
  sessions: Number(values.sessions ?? bench.defaults.sessions),
  seconds: Number(values.seconds ?? bench.defaults.seconds),
};
console.log(`${name}: ${options.sessions} sessions, ${options.seconds} s`);
const outcome = await bench.run(options);
const targets = outcome.targets.map((target) => ({ ...target, pass: target.value <= target.limit }));
const { results, spread } = outcome;
for (const [key, value] of Object.entries(results)) {
  const target = targets.find((one) => one.name === key);
  const limit = target ? `${target.pass ? '✓' : '✗'} at most ${target.limit} ${target.unit}` : '';
  console.log(`  ${key.padEnd(28)} ${String(value).padEnd(10)} ${(spread?.[key]?.join('–') ?? '').padEnd(16)} ${limit}`.trimEnd());
}
for (const { name: target, value, limit, unit, pass } of targets.filter((one) => results[one.name] === undefined))
  console.log(`  ${pass ? '✓' : '✗'} ${target}: ${value} (at most ${limit}) ${unit}`);
const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
if (values.json) {
  writeFileSync(values.json, `${JSON.stringify({ bench: name, node: process.version, machine, results, spread, targets }, null, 2)}\n`);
}
if (values.check && targets.some(({ pass }) => !pass)) process.exitCode = 1;
