// `npm run chaos -- --minutes N [--seed S] [--runners N] [--sessions N] [--json FILE]`
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { chaosRun } from './chaos-run.js';
import { FAULT_KINDS, FAULTS } from './faults.js';
import { reportOf } from './report.js';

const EXIT_USAGE = 64;
const faults = FAULT_KINDS.map((kind) => `  ${kind.padEnd(12)}${FAULTS[kind].explanation}`);
const USAGE = `usage: npm run chaos -- --minutes N [--seed S] [--runners 4] [--sessions 25] [--sends 8] [--json FILE]
--sessions is how many each runner holds, --sends how many are sent in a second by all of them together
faults:
${faults.join('\n')}`;

const readOptions = () => {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string' },
      seed: { type: 'string' },
      runners: { type: 'string', default: '4' },
      sessions: { type: 'string', default: '25' },
      sends: { type: 'string', default: '8' },
      json: { type: 'string' },
    },
  });
  const whole = (name: 'runners' | 'sessions' | 'sends', least: number): number => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < least) throw new Error(`--${name} must be a whole number from ${least} on`);
    return value;
  };
  const minutes = Number(values.minutes);
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  if (!(minutes > 0)) throw new Error('--minutes must be a number above 0');
  if (!Number.isInteger(seed)) throw new Error('--seed must be a whole number');
  const sends = whole('sends', 1);
  return {
    seed,
    seconds: minutes * 60,
    atLeast: 1,
    // Somebody must be outside.
    runners: whole('runners', 2),
    // One alone in its runner would be given up for what was done to it.
    sessionsPerRunner: whole('sessions', 2),
    sendsPerSecond: sends,
    receivedPerSecond: sends / 2,
    json: values.json,
  };
};

const options = (() => {
  try {
    return readOptions();
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exit(EXIT_USAGE);
  }
})();

// Everything below ends with its parent, but only an orderly end removes the files.
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    interrupted.abort(new Error(`ended by ${signal}`));
  });
const { seed, runners, sessionsPerRunner, seconds, json } = options;
const startedAt = performance.now();
try {
  console.log(`${runners} runners with ${sessionsPerRunner} sessions each, faults for ${seconds} s, seed ${seed}`);
  const result = await chaosRun({ ...options, kinds: FAULT_KINDS, say: console.log, signal: interrupted.signal });
  for (const line of reportOf(result)) console.log(line);
  if (json !== undefined) {
    const { rows, pools, calm, checks, sent, received, passed } = result;
    const strikes = result.observed.strikes.map(({ hit, ...strike }) => ({ ...strike, hit: hit.size }));
    writeFileSync(
      json,
      `${JSON.stringify({ seed, node: process.version, passed, rows, pools, calm, sent, received, checks, strikes }, null, 2)}\n`,
    );
  }
  console.log(`${result.passed ? 'passed' : 'FAILED'} after ${Math.round((performance.now() - startedAt) / 1000)} s, seed ${seed}`);
  process.exitCode = result.passed ? 0 : 1;
} catch (error) {
  console.error(error);
  console.log(`FAILED, seed ${seed}`);
  process.exitCode = 1;
}
