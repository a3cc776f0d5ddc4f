// `npm run machine-loss -- [--sessions N] [--seconds S] [--every MS] [--interval MS] [--log FILE]`
import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { HOW_TO_INSTALL, ownServers } from '../support/object-servers/find.js';
import { loseMachines } from './experiment.js';

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '15' },
    every: { type: 'string' },
    interval: { type: 'string', default: '2000' },
    log: { type: 'string' },
  },
});
const sessions = Number(values.sessions);
const { log } = values;
const [found] = ownServers();
if (!found) {
  console.error(HOW_TO_INSTALL);
  process.exit(2);
}
console.log(`machine-loss: ${sessions} sessions in two workers on one bucket of ${found.name}`);
const { figures, broken } = await loseMachines(found.start, {
  sessions,
  intervalMs: Number(values.interval),
  loadMs: Number(values.seconds) * 1_000,
  // The same load in all for any number of sessions, as far as a few seconds between two messages allow.
  everyMs: Number(values.every ?? Math.max(250, sessions * 80)),
  patienceMs: 90_000,
  say: (line) => {
    console.log(`  ${line}`);
  },
  ...(log !== undefined && {
    onLog: (line: string) => {
      appendFileSync(log, `${line}\n`);
    },
  }),
});
for (const [name, value] of figures) console.log(`  ${name.padEnd(34)} ${value}`);
for (const sentence of broken) console.log(`  ✗ ${sentence}`);
if (broken.length === 0) console.log('  ✓ every promise was kept');
process.exitCode = broken.length === 0 ? 0 : 1;
