import type { ChaosResult } from './chaos-run.js';
import { FEW_SENDS } from './latency.js';
import type { Strike } from './strike.js';
import { median, residentSamples } from './vital-signs.js';

const seconds = (ms: number | undefined): string => (ms === undefined ? '–' : `${(ms / 1000).toFixed(1)} s`);

/** What the sessions of a runner wait for, one part after the other. */
const AWAY_PARTS: readonly [string, (strike: Strike & { exitAt: number }) => number][] = [
  ['until the next start', ({ exitAt, restartedAt = exitAt }) => restartedAt - exitAt],
  ['until the first is back', ({ exitAt, restartedAt = exitAt, firstBackAt = restartedAt }) => firstBackAt - restartedAt],
  ['until the last is back', ({ backAt, firstBackAt = backAt }) => backAt - firstBackAt],
];

/** One fault, for a person who watches. */
export const lineOf = (strike: Strike, from: number): string => {
  const { kind, slot, at, exitAt, hit, wrong } = strike;
  const time = `${((at - from) / 1000).toFixed(1).padStart(7)} s  ${kind.padEnd(10)} slot ${slot}:`;
  if (exitAt === undefined) return [`${time} the runner goes on`, ...wrong].join('; ');
  const parts = AWAY_PARTS.map(([, part]) => seconds(part({ ...strike, exitAt }))).join(' + ');
  return [`${time} ended after ${seconds(exitAt - at)}, ${hit.size} sessions back after ${parts}`, ...wrong].join('; ');
};

const awayOf = (strikes: readonly Strike[]): string => {
  const ended = strikes.flatMap((strike) => (strike.exitAt === undefined ? [] : [{ ...strike, exitAt: strike.exitAt }]));
  return AWAY_PARTS.map(([name, part]) => `${seconds(median(ended.map(part)))} ${name}`).join(', ');
};
/** Of kilobytes: at first, when the process was warm, and at last. */
const courseOf = (samples: readonly number[]): string => {
  const { warm, last } = residentSamples(samples);
  return [samples[0], median(warm), median(last)]
    .map((kilobytes) => `${rounded(kilobytes === undefined ? undefined : kilobytes / 1024)} MB`)
    .join(' → ');
};
const rounded = (value: number | undefined, digits = 0): string => (value === undefined ? '–' : value.toFixed(digits));

export const reportOf = (result: ChaosResult): string[] => {
  const { rows, pools, leftOver, calm, sent, received, lost, doubled, checks, complaints, observed, folder } = result;
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell, n) => (n === 0 ? cell.padEnd(12) : cell.padStart(20))).join('')}`;
  const ended = observed.strikes.filter(({ exitAt }) => exitAt !== undefined).length;
  const overtaken = observed.strikes.filter((strike) => strike.overtaken).length;
  return [
    line(['fault', 'times', 'outside disconnects', 'sends beside it', 'p99', 'p99 / calm', 'longest away', 'suspects']),
    ...rows.map(({ kind, faults, outsideDisconnects, samples, p99, ratio, longestAway, suspects, isolated }) =>
      line([
        kind,
        String(faults),
        String(outsideDisconnects),
        String(samples),
        `${rounded(p99)} ms`,
        rounded(ratio, 2),
        seconds(longestAway),
        isolated === 0 ? String(suspects) : `${suspects}, ${isolated} of them isolated`,
      ]),
    ),
    ...pools
      .filter(({ kinds }) => kinds.length > 1)
      .map(({ samples, p99, ratio }) => line(['few sends', '', '', String(samples), `${rounded(p99)} ms`, rounded(ratio, 2)])),
    line(['none', '', '', String(calm.samples), `${rounded(calm.p99)} ms`]),
    ...pools
      .filter(({ kinds }) => kinds.length > 1)
      .map(
        ({ kinds }) =>
          `  with fewer than ${FEW_SENDS} sends each, ${kinds.join(', ')} are judged together: the p99 of so few is their longest`,
      ),
    `  not judged: ${leftOver} sends of sessions that an earlier fault had hit, ${overtaken} heaps that the watchdog overtook`,
    `  runners ended ${ended}, sent ${sent}, received ${received}, lost ${lost}, doubled ${doubled}`,
    `  sessions were away, in the median, ${awayOf(observed.strikes)}`,
    `  memory of the supervisor: anonymous ${courseOf(observed.resident.map(({ anonymous }) => anonymous))}; mapped files ${courseOf(observed.resident.map(({ all, anonymous }) => all - anonymous))}`,
    `  processors: ${rounded(observed.calmCpuPercent)} % of one taken in calm; load of the machine ${rounded(median(observed.loads), 1)}, at most ${rounded(Math.max(0, ...observed.loads), 1)}`,
    ...checks.map(
      ({ name, value, limit, unit, pass }) =>
        `  ${pass ? '✓' : '✗'} ${name.padEnd(28)}${Number(value.toFixed(2))} (at most ${limit}) ${unit}`,
    ),
    ...observed.failures,
    ...complaints,
    ...(folder === undefined ? [] : [`everything is kept in ${folder}`]),
  ];
};
