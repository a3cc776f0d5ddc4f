// `npm run profile -- cpu|heap [--of runner|supervisor] [--sessions N] [--seconds S]`
import { existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pairedFleet } from '../bench/fleet/paired-fleet.js';
import { contactsOf, onStage } from '../bench/on-stage.js';
import { WorkerContender } from '../bench/worker-contender.js';
import { until } from '../support/worker-process.js';
import { tableOfCpu, tableOfHeap, type CpuProfile, type HeapNode, type Shares } from './profile-table.js';

const ROWS = 30;
const FOLDER = '.cache/profile';
const WRITE_TIMEOUT_MS = 60_000;
const RECORD = new URL('./record.js', import.meta.url);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    of: { type: 'string', default: 'runner' },
    sessions: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '20' },
  },
});
const [kind] = positionals;
const { of } = values;
if ((kind !== 'cpu' && kind !== 'heap') || (of !== 'runner' && of !== 'supervisor')) {
  console.error('usage: npm run profile -- cpu|heap [--of runner|supervisor] [--sessions N] [--seconds S]');
  process.exit(2);
}
const [sessions, seconds] = [Number(values.sessions), Number(values.seconds)];

mkdirSync(FOLDER, { recursive: true });
const folder = mkdtempSync(join(process.cwd(), FOLDER, `${kind}-`));
RECORD.search = String(new URLSearchParams({ kind, folder }));
const preload = `--import=${RECORD.href}`;

const recorded = await onStage(
  {
    fleet: await pairedFleet(sessions),
    kind: 'worker',
    sessions,
    env: { CONNECT_RATE_PER_SECOND: '10000', RUNNER_MAX_SESSIONS: String(sessions), ...(of === 'supervisor' && { NODE_OPTIONS: preload }) },
    ...(of === 'runner' && { runnerOptions: [preload] }),
  },
  async (contender, stage) => {
    if (!(contender instanceof WorkerContender)) throw new Error('only a worker is profiled');
    const contacts = await contactsOf(stage, sessions);
    const routes = contacts.map((number, session) => ({ session, to: `${number}@s.whatsapp.net` }));
    await contender.open();
    await contender.send({ routes, seconds: Math.min(5, seconds) });
    const [supervisor = 0, runner = 0] = await contender.pids();
    const pid = of === 'supervisor' ? supervisor : runner;
    process.kill(pid, 'SIGUSR2');
    const { done, seconds: took } = await contender.send({ routes, seconds });
    // What was only just used is no longer alive after a while.
    if (kind === 'heap') await sleep(2_000);
    process.kill(pid, 'SIGUSR2');
    const file = join(folder, `${pid}.${kind === 'cpu' ? 'cpuprofile' : 'heapprofile'}`);
    await until(
      () => existsSync(file) && parsed(file) !== undefined,
      WRITE_TIMEOUT_MS,
      () => `${file} was not written`,
    );
    console.log(`${of}: ${done} texts sent in ${took.toFixed(1)} s by ${sessions} sessions; ${file}`);
    return file;
  },
);

const profile = parsed(recorded);
const table = kind === 'cpu' ? tableOfCpu(profile as CpuProfile) : tableOfHeap((profile as { head: HeapNode }).head);
const [unit, size] = kind === 'cpu' ? (['ms', 1_000] as const) : (['kB', 1_024] as const);
print(kind === 'cpu' ? 'self time by package' : 'bytes alive, by the package that allocated them', table.byPackage);
print(kind === 'cpu' ? 'self time by function' : 'bytes alive, by the function that allocated them', table.byFunction);

/** Undefined while it is being written. */
function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function print(title: string, shares: Shares): void {
  console.log(`\n${title}`);
  for (const [name, amount] of shares.slice(0, ROWS)) {
    const percent = ((100 * amount) / table.total).toFixed(1).padStart(5);
    console.log(`  ${percent} %  ${(amount / size).toFixed(0).padStart(8)} ${unit}  ${name}`);
  }
}
