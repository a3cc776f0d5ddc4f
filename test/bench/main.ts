// `npm run bench -- NAME [--sessions N] [--seconds S] [--rounds R] [--wss] [--json FILE] [--check]`, or `all`, or `report`
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import type { Bench, BenchOptions, BenchReport } from './bench.js';
import { api } from './api.js';
import { curve } from './curve.js';
import { day } from './day.js';
import { density } from './density.js';
import { history } from './history.js';
import { hold } from './hold.js';
import { ipc } from './ipc/ipc.js';
import { latency } from './latency.js';
import { login } from './login.js';
import { media } from './media.js';
import { pair } from './pair.js';
import { receive } from './receive.js';
import { recycle } from './recycle.js';
import { writeReport } from './report/report.js';
import { runAll } from './run-all.js';
import { send } from './send.js';
import { soak } from './soak.js';
import { start } from './start.js';
import { storage } from './storage/storage.js';

const BENCHES: Readonly<Record<string, { run: Bench; defaults: Pick<BenchOptions, 'sessions' | 'seconds'> & Partial<BenchOptions> }>> = {
  api: { run: api, defaults: { sessions: 1_000, seconds: 60, rounds: 3 } },
  curve: { run: curve, defaults: { sessions: 0, seconds: 0, rounds: 5 } },
  day: { run: day, defaults: { sessions: 1, seconds: 0 } },
  density: { run: density, defaults: { sessions: 500, seconds: 60, rounds: 3 } },
  history: { run: history, defaults: { sessions: 1, seconds: 0 } },
  hold: { run: hold, defaults: { sessions: 200, seconds: 300 } },
  ipc: { run: ipc, defaults: { sessions: 0, seconds: 10, rounds: 5 } },
  latency: { run: latency, defaults: { sessions: 500, seconds: 60, rounds: 3 } },
  login: { run: login, defaults: { sessions: 500, seconds: 0, rounds: 3 } },
  media: { run: media, defaults: { sessions: 1, seconds: 0 } },
  pair: { run: pair, defaults: { sessions: 50, seconds: 60, rounds: 3 } },
  receive: { run: receive, defaults: { sessions: 50, seconds: 30, rounds: 5 } },
  recycle: { run: recycle, defaults: { sessions: 100, seconds: 0 } },
  send: { run: send, defaults: { sessions: 50, seconds: 30, rounds: 5 } },
  soak: { run: soak, defaults: { sessions: 200, seconds: 1_800 } },
  start: { run: start, defaults: { sessions: 1_000, seconds: 0 } },
  storage: { run: storage, defaults: { sessions: 1_000, seconds: 60 } },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sessions: { type: 'string' },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    json: { type: 'string' },
    wss: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
  },
});
const [name = ''] = positionals;
if (name === 'report') {
  await writeReport();
  process.exit(0);
}
if (name === 'all') process.exit((await runAll()) ? 0 : 1);
const bench = BENCHES[name];
if (!bench) {
  console.error(
    `usage: npm run bench -- NAME [--sessions N] [--seconds S] [--rounds R] [--wss] [--json FILE] [--check]\nNAME is one of: ${Object.keys(BENCHES).join(', ')}; \`all\` runs them all, \`report\` writes docs/benchmarks.md`,
  );
  process.exit(2);
}
const options: BenchOptions = {
  sessions: Number(values.sessions ?? bench.defaults.sessions),
  seconds: Number(values.seconds ?? bench.defaults.seconds),
  rounds: Number(values.rounds ?? bench.defaults.rounds ?? 1),
  wss: values.wss,
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
  const report: BenchReport = { bench: name, node: process.version, machine, wss: values.wss, results, ...(spread && { spread }), targets };
  writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
}
if (values.check && targets.some(({ pass }) => !pass)) process.exitCode = 1;
