// What a run is judged by. Four things are not held against the worker, each for a reason, and the report shows how often they came:
// - A send of a session that an earlier fault had hit is no send beside a later one, even if it still waits then (`leftOver`).
// - A runner that is told to fill its heap may be ended by the watchdog instead, as a crash, when that takes more than ten seconds.
// - A session that is to be alone in a runner of its own is back later than the others: that runner is started for it.
// - The memory of the supervisor is compared with what it was after a fifth of the run: until then the heap grows into its work.
import { collectEvidence } from '../support/ledger/evidence.js';
import { findingsOf } from '../support/ledger/tally.js';
import type { Traffic } from '../support/ledger/traffic.js';
import { trailsOf } from '../support/ledger/trails.js';
import { until, type WorkerProcess } from '../support/worker-process.js';
import type { Observed } from './chaos-run.js';
import type { ChaosScene } from './chaos-scene.js';
import { disconnectsOutside, type Disconnect, type Login } from './disconnects.js';
import { FAULT_KINDS, type FaultKind } from './faults.js';
import { lookAtRunners } from './fleet-look.js';
import { calmTimes, leftOver, p99, pooled, timesBeside } from './latency.js';
import { median, residentSamples, runnersBelow } from './vital-signs.js';

/** What all faults of a kind did. Times are milliseconds. */
interface KindRow {
  kind: FaultKind;
  faults: number;
  outsideDisconnects: number;
  /** Sends of sessions beside the fault while it went on. */
  samples: number;
  p99: number | undefined;
  /** Of that p99 to the one in calm. */
  ratio: number | undefined;
  /** From the end of the process until the last session that was not isolated was connected again; undefined when none had to end. */
  longestAway: number | undefined;
  /** How many sessions were suspected by chance, and isolated by the second chance of that sort. */
  suspects: number;
  isolated: number;
}

/** Sends beside faults of these kinds, together. */
interface PoolRow {
  kinds: readonly FaultKind[];
  samples: number;
  p99: number | undefined;
  ratio: number | undefined;
}

interface Check {
  name: string;
  value: number;
  limit: number;
  unit: string;
  /** `count`: whatever the machine is busy with. `speed`: also says how busy it is. */
  sort: 'count' | 'speed';
  pass: boolean;
}

export interface Judgement {
  rows: KindRow[];
  /** What the ratio is judged by. */
  pools: PoolRow[];
  /** Sends that no fault is judged by, because one before had hit their session. */
  leftOver: number;
  calm: { samples: number; p99: number | undefined };
  sent: number;
  received: number;
  lost: number;
  doubled: number;
  checks: Check[];
  /** For a person: what was wrong, and where it went. */
  complaints: string[];
}

const LIMITS = { p99Ratio: 2, awayMs: 5_000, descriptors: 4, residentPercent: 10 };
const REST_TIMEOUT_MS = 20_000;
const TRAILS = 8;

export const judge = async (
  { scene, sessions, friends }: ChaosScene,
  traffic: Traffic,
  observed: Observed,
  descriptors: (worker: WorkerProcess) => number,
): Promise<Judgement> => {
  const { accepted, refused } = traffic;
  const { strikes, answered } = observed;
  const evidence = await collectEvidence(scene, { sessions, friends, accepted });
  const findings = findingsOf(evidence);
  const { connections, overlaps } = await scene.phones.connections();
  const idOf = new Map(sessions.map(({ sessionId, number }) => [number, sessionId]));
  const logins = connections.flatMap(({ deviceJid, closedAt, closeReason }): Login[] => {
    const sessionId = idOf.get(/^\d+/.exec(deviceJid ?? '')?.[0] ?? '');
    return sessionId === undefined ? [] : [{ sessionId, closedAt, closeReason }];
  });
  const disconnects = disconnectsOutside(logins, strikes, observed);

  const calm = calmTimes(answered, strikes);
  const kinds = FAULT_KINDS.filter((kind) => strikes.some((one) => one.kind === kind));
  const rows = kinds.map((kind) => rowOf(kind, observed, disconnects, p99(calm)));
  const pools = pooled(kinds.map((kind) => ({ kind, times: timesBeside(answered, strikes, kind) }))).map(
    ({ kinds: together, times }): PoolRow => ({ kinds: together, samples: times.length, ...compared(times, p99(calm)) }),
  );
  const strays = await strayRunners(scene.worker, scene.dataDir);
  const leaked = await leakedDescriptors(scene.worker, observed.descriptorsBefore, descriptors);
  const lost = findings.filter(({ kind }) => kind === 'lost').length;
  const wrong = strikes.flatMap((one) => one.wrong);
  const slowest = Math.max(0, ...rows.flatMap(({ longestAway }) => longestAway ?? []));
  const worstRatio = Math.max(0, ...pools.flatMap(({ ratio }) => ratio ?? []));
  const checks: Omit<Check, 'pass'>[] = [
    { name: 'lost', value: lost, limit: 0, unit: 'messages', sort: 'count' },
    { name: 'doubled', value: findings.length - lost, limit: 0, unit: 'messages', sort: 'count' },
    { name: 'sends refused for good', value: refused.length, limit: 0, unit: 'messages', sort: 'count' },
    { name: 'disconnects outside', value: disconnects.length, limit: 0, unit: 'connections', sort: 'count' },
    { name: 'overlapping connections', value: overlaps.length, limit: 0, unit: 'connections', sort: 'count' },
    { name: 'ends judged wrongly', value: wrong.length, limit: 0, unit: 'runners', sort: 'count' },
    { name: 'orphans', value: strays.length, limit: 0, unit: 'processes', sort: 'count' },
    { name: 'descriptors leaked', value: leaked, limit: LIMITS.descriptors, unit: 'descriptors', sort: 'count' },
    {
      name: 'memory of the supervisor',
      value: residentChange(observed),
      limit: LIMITS.residentPercent,
      unit: '% change',
      sort: 'speed',
    },
    { name: 'longest away', value: slowest, limit: LIMITS.awayMs, unit: 'ms', sort: 'speed' },
    { name: 'worst p99 ratio', value: worstRatio, limit: LIMITS.p99Ratio, unit: 'times calm', sort: 'speed' },
  ];
  const deeds = strikes.map(({ at, kind, slot, pid }) => ({ at: new Date(at), what: `${kind} in runner ${pid} of slot ${slot}` }));
  return {
    rows,
    pools,
    leftOver: leftOver(answered, strikes),
    calm: { samples: calm.length, p99: p99(calm) },
    sent: accepted.filter(({ keyed }) => keyed).length,
    received: accepted.filter(({ keyed }) => !keyed).length,
    lost,
    doubled: findings.length - lost,
    checks: checks.map((check) => ({ ...check, pass: Math.abs(check.value) <= check.limit })),
    complaints: [
      ...wrong,
      ...refused.slice(0, TRAILS).map((refusal) => `refused: ${refusal}`),
      ...disconnects.slice(0, TRAILS).map(describe),
      ...strays.map((pid) => `process ${pid} is a runner that nobody knows of`),
      ...findings
        .slice(0, TRAILS)
        .map(({ kind, message, where, found }) => `${kind}: "${message.text}" in ${where}: ${found.join(', ') || 'nothing'}`),
      ...(await trailsOf(scene, findings.slice(0, TRAILS), evidence, deeds)),
    ],
  };
};

const rowOf = (kind: FaultKind, { strikes, answered }: Observed, disconnects: readonly Disconnect[], calm: number | undefined): KindRow => {
  const own = strikes.filter((one) => one.kind === kind);
  const times = timesBeside(answered, strikes, kind);
  const ended = own.flatMap((one) => (one.exitAt === undefined ? [] : [{ ...one, exitAt: one.exitAt }]));
  const away = ended.map(({ exitAt, sharedBackAt }) => sharedBackAt - exitAt);
  return {
    kind,
    faults: own.length,
    outsideDisconnects: disconnects.filter(({ during }) => during?.kind === kind).length,
    samples: times.length,
    ...compared(times, calm),
    longestAway: largest(away),
    suspects: own.reduce((sum, { suspects }) => sum + suspects.length, 0),
    isolated: own.reduce((sum, { isolated }) => sum + isolated.length, 0),
  };
};

const compared = (times: readonly number[], calm: number | undefined): Pick<PoolRow, 'p99' | 'ratio'> => {
  const beside = p99(times);
  return { p99: beside, ratio: beside === undefined || calm === undefined ? undefined : beside / calm };
};

const largest = (values: readonly number[]): number | undefined => (values.length === 0 ? undefined : Math.max(...values));

const describe = ({ sessionId, at, reason, during }: Disconnect): string =>
  `${sessionId} lost its connection at ${new Date(at).toISOString()} (${reason}) ${during ? `during ${during.kind} in slot ${during.slot}` : 'during no fault'}`;

/** Percent that the supervisor's resident memory changed by since it was warm, mapped stores included, which grow with what is stored. */
const residentChange = ({ resident }: Observed): number => {
  const { warm, last } = residentSamples(resident.map(({ all }) => all));
  return median(warm) === 0 ? 0 : (median(last) / median(warm) - 1) * 100;
};

/** Runners of this worker that it does not know of; one that is just starting or ending may be gone at the next look. */
const strayRunners = async (worker: WorkerProcess, dataDir: string): Promise<number[]> => {
  let strays: number[] = [];
  await until(
    async () => {
      const below = runnersBelow(dataDir);
      const known = new Set((await lookAtRunners(worker)).flatMap(({ pid }) => pid ?? []));
      strays = below.filter((pid) => !known.has(pid));
      return strays.length === 0;
    },
    REST_TIMEOUT_MS,
    () => 'runners are left over',
  ).catch((error: unknown) => {
    if (strays.length === 0) throw error;
  });
  return strays;
};

/** How many more there are than before; what is just being closed has a moment. */
const leakedDescriptors = async (
  worker: WorkerProcess,
  before: number,
  descriptors: (worker: WorkerProcess) => number,
): Promise<number> => {
  let more = 0;
  const isBack = (): boolean => (more = descriptors(worker) - before) <= LIMITS.descriptors;
  await until(isBack, REST_TIMEOUT_MS, () => 'descriptors are left over').catch((error: unknown) => {
    if (more <= LIMITS.descriptors) throw error;
  });
  return Math.max(0, more);
};
