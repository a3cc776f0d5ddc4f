import type { CrashResult } from './crash-run.js';
import { isHit } from './kill-plan.js';

/** How often each phase was hit, by condition of the object store. A kill that met several phases counts in each. */
const table = ({ aims, kills }: CrashResult): string[] => {
  const conditions = [...new Set(kills.map(({ store }) => store ?? 'no store'))];
  const line = (cells: readonly string[]): string => `  ${cells.map((cell, n) => (n < 2 ? cell.padEnd(11) : cell.padStart(15))).join('')}`;
  return [
    line(['victim', 'phase', ...conditions, 'all']),
    ...aims.map((aim) => {
      const hits = kills.filter((kill) => isHit(aim, kill));
      const counts = conditions.map((condition) => hits.filter(({ store }) => (store ?? 'no store') === condition).length);
      return line([aim.victim, aim.phase, ...[...counts, hits.length].map(String)]);
    }),
  ];
};

export const reportOf = (result: CrashResult): string[] => {
  const { kills, findings, trails, failedDecryptions, missed, refused, repairings, suspects } = result;
  const count = (kind: 'lost' | 'doubled'): number => findings.filter((finding) => finding.kind === kind).length;
  const figures: [string, number][] = [
    ['kills', kills.length],
    ['of them in the phase aimed at', kills.filter(({ aimed }) => aimed).length],
    ['sent over the API', result.sent],
    ...Object.entries(result.forms).map(([form, count]): [string, number] => [`of them ${form}`, count]),
    ['of them paced', result.paced],
    ['requests repeated', result.repeated],
    ['shown once to their recipients', result.shown],
    ['sent by phones', result.received],
    ['lost', count('lost')],
    ['doubled', count('doubled')],
    ['events that consumers got', result.told],
    ['gaps and repeats in them', result.breaks.length],
    ['Bad MAC', result.badMacs],
    ['failed decryptions', failedDecryptions.length],
    ['left undecryptable', result.undecryptable],
    ['phones that asked again', result.retriesOfPhones],
    ['pairings lost', repairings.length],
    ['suspects made by outside kills', suspects.length],
    ['overlapping connections', result.overlaps],
    ['sends refused for good', refused.length],
    ...result.spent.steps.map(([step, milliseconds]): [string, number] => [`seconds of ${step}`, Math.round(milliseconds / 1000)]),
  ];
  const complaints = [
    ...result.failures,
    ...missed.map(({ victim, phase }) => `${victim} was killed too rarely in phase ${phase}`),
    ...repairings,
    ...suspects,
    ...result.breaks.slice(0, 5),
    ...refused.slice(0, 5).map((refusal) => `refused: ${refusal}`),
    ...findings
      .slice(0, 20)
      .map(({ kind, message, where, found }) => `${kind}: "${message.text}" in ${where}: ${found.join(', ') || 'nothing'}`),
    ...trails,
    ...result.folders.map((folder) => `everything is kept in ${folder}`),
  ];
  return [...table(result), ...figures.map(([name, value]) => `  ${name.padEnd(32)}${value}`), ...complaints];
};
