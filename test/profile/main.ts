// `npm run profile -- cpu|heap [--of runner|supervisor] [--work send|receive] [--sessions N] [--seconds S]`
import { existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pairedFleet, type Stage } from '../bench/fleet/paired-fleet.js';
import { contactsWhoWrite, write } from '../bench/incoming.js';
import { contactsOf, onStage } from '../bench/on-stage.js';
import { WorkerContender } from '../bench/worker-contender.js';
import { until } from '../support/worker-process.js';
import { tableOfCpu, tableOfHeap, type CpuProfile, type HeapNode, type Shares } from './profile-table.js';

const ROWS = 30;
const WARM_UP_SECONDS = 5;
/** By each session. */
const RECEIVED_PER_SECOND = 5;
const FOLDER = '.cache/profile';
const WRITE_TIMEOUT_MS = 60_000;
const RECORD = new URL('./record.js', import.meta.url);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    of: { type: 'string', default: 'runner' },
    work: { type: 'string', default: 'send' },
    sessions: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '20' },
  },
});
const [kind] = positionals;
const { of, work } = values;
if ((kind !== 'cpu' && kind !== 'heap') || (of !== 'runner' && of !== 'supervisor') || (work !== 'send' && work !== 'receive')) {
  console.error('usage: npm run profile -- cpu|heap [--of runner|supervisor] [--work send|receive] [--sessions N] [--seconds S]');
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
    const run = work === 'send' ? await sending(contender, stage) : await receiving(contender, stage);
    await contender.open();
    await run(Math.min(WARM_UP_SECONDS, seconds));
    const [supervisor = 0, runner = 0] = await contender.pids();
    const pid = of === 'supervisor' ? supervisor : runner;
    process.kill(pid, 'SIGUSR2');
    const startedAt = performance.now();
    const done = await run(seconds);
    const took = (performance.now() - startedAt) / 1000;
    // What was only just used is no longer alive after a while.
    if (kind === 'heap') await sleep(2_000);
    process.kill(pid, 'SIGUSR2');
    const file = join(folder, `${pid}.${kind === 'cpu' ? 'cpuprofile' : 'heapprofile'}`);
    await until(
      () => existsSync(file) && parsed(file) !== undefined,
      WRITE_TIMEOUT_MS,
      () => `${file} was not written`,
    );
    console.log(`${of}: ${done} texts ${work === 'send' ? 'sent' : 'received'} in ${took.toFixed(1)} s by ${sessions} sessions; ${file}`);
    return file;
  },
);

const profile = parsed(recorded);
const table = kind === 'cpu' ? tableOfCpu(profile as CpuProfile) : tableOfHeap((profile as { head: HeapNode }).head);
const [unit, size] = kind === 'cpu' ? (['ms', 1_000] as const) : (['kB', 1_024] as const);
print(kind === 'cpu' ? 'self time by package' : 'bytes alive, by the package that allocated them', table.byPackage);
print(kind === 'cpu' ? 'self time by function' : 'bytes alive, by the function that allocated them', table.byFunction);

/** What sends for some seconds, and answers how many texts it was. */
async function sending(contender: WorkerContender, stage: Stage): Promise<(seconds: number) => Promise<number>> {
  const contacts = await contactsOf(stage, sessions);
  const routes = contacts.map((number, session) => ({ session, to: `${number}@s.whatsapp.net` }));
  return async (long) => (await contender.send({ routes, seconds: long })).done;
}

/** The same for texts that come; how long they take is not known before. */
async function receiving(contender: WorkerContender, stage: Stage): Promise<(seconds: number) => Promise<number>> {
  const routes = await contactsWhoWrite(stage, sessions);
  return async (long) => {
    const each = Math.ceil(long * RECEIVED_PER_SECOND);
    const last = `the last of ${each}`;
    await write(stage, routes, each, last);
    await contender.untilReceived([...routes.keys()], last);
    return each * routes.length;
  };
}

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
