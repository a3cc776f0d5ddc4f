// The page of figures, from the files that benches wrote.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import type { BenchReport } from '../bench.js';
import { lineChart, type Series } from './line-chart.js';

export const FIGURES = 'docs/benchmarks';
const PAGE = 'docs/benchmarks.md';
/** One line of a picture must not join figures of several. */
const PICTURED_NODE = 'v20.';

const HEAD = `# Benchmarks

\`npm run bench -- all\` makes all figures anew, which takes some hours, and this page from them; \`npm run bench -- report\` only the page. One bench alone: \`npm run bench -- NAME --json ${FIGURES}/NAME.json\`; what is said about its figures is in \`${FIGURES}/NAME.md\`. With \`--wss\` there is TLS between sessions and WhatsApp, as in real life.

Every bench runs the built worker against the [simulated WhatsApp](../test/whatsapp/README.md), which is a process of its own, with sessions that were paired once and are kept under \`.cache/bench\`. The yardstick does the same work in the same run: Baileys alone in one process with its keys in the heap, as it comes (\`stock\`) and with the repairs that the runners make to it (\`fixed\`). Both have the worker's stand-in for the WebAssembly of Baileys, and take 5 MB less for it. Figures are medians of repeated rounds, with the least and the greatest beside them. Memory is PSS over all processes unless a name says otherwise. Targets are upper bounds; what is to be many times as good is given as its inverse. Pictures are of Node.js 20 without TLS.
`;

interface Picture {
  file: string;
  title: string;
  x: string;
  y: string;
  series: Series[];
}

/** Reads every file of figures in `folder` and writes the page and its pictures. */
export const writeReport = async (): Promise<void> => {
  mkdirSync(FIGURES, { recursive: true });
  const reports = readdirSync(FIGURES)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .map((name) => JSON.parse(readFileSync(join(FIGURES, name), 'utf8')) as BenchReport);
  const pictured = reports.filter(({ node, wss = false }) => node.startsWith(PICTURED_NODE) && !wss);
  const pictures: Picture[] = [
    { file: 'memory.svg', title: 'Memory of idle sessions', x: 'sessions', y: 'MB (PSS)', series: memoryOverSessions(pictured) },
    { file: 'latency.svg', title: 'From a text to its acknowledgement', x: 'texts per second', y: 'ms', series: latencyOverRate(pictured) },
  ].filter(({ series }) => series.length > 0);
  for (const { file, series, ...labels } of pictures) writeFileSync(join(FIGURES, file), lineChart(labels, series));
  const shown = pictures.map(({ file, title }) => `![${title}](benchmarks/${file})\n`);
  const sections = reports.flatMap((report, n) => [sectionOf(report), ...(reports[n + 1]?.bench === report.bench ? [] : remarkOn(report))]);
  const page = [HEAD, ...shown, ...sections].join('\n');
  const options = (await resolveConfig(PAGE)) ?? {};
  writeFileSync(PAGE, await format(page, { ...options, parser: 'markdown' }));
};

/** What a person wrote about the figures of a bench, behind the last of them. */
const remarkOn = ({ bench }: BenchReport): string[] => {
  const file = join(FIGURES, `${bench}.md`);
  return existsSync(file) ? [readFileSync(file, 'utf8')] : [];
};

/** What tells a section from that of the same bench. */
const unlessPictured = (node: string, wss: boolean): string =>
  (node.startsWith(PICTURED_NODE) ? '' : `, Node.js ${node}`) + (wss ? ', over TLS' : '');

const sectionOf = ({ bench, node, machine, wss, results, spread, targets }: BenchReport): string => {
  const rows = Object.entries(results).map(([name, value]) => {
    const target = targets.find((one) => one.name === name);
    const limit = target ? `${target.pass ? '✓' : '✗'} ≤ ${target.limit} ${target.unit}` : '';
    return `| ${name} | ${value} | ${spread?.[name]?.join('–') ?? ''} | ${limit} |`;
  });
  const others = targets
    .filter(({ name }) => results[name] === undefined)
    .map(({ name, value, limit, unit, pass }) => `| ${name} | ${value} | | ${pass ? '✓' : '✗'} ≤ ${limit} ${unit} |`);
  const sessions = results['sessions'] === undefined ? '' : `, ${results['sessions']} sessions`;
  return [
    `## ${bench}${sessions}${unlessPictured(node, wss)}\n`,
    `Node.js ${node}, ${machine}${wss ? ', connections over TLS' : ''}.\n`,
    '| figure | median | range | target |',
    '| --- | --- | --- | --- |',
    ...rows,
    ...others,
    '',
  ].join('\n');
};

const memoryOverSessions = (reports: readonly BenchReport[]): Series[] => {
  const density = reports.filter(({ bench }) => bench === 'density').map(({ results }) => results);
  const lines = ['worker', 'fixed', 'stock'].map((name) => ({
    name,
    points: density
      .flatMap(({ sessions = 0, workerAtHalfPssMB, ...results }): [number, number | undefined][] => [
        ...(name === 'worker' ? ([[sessions / 2, workerAtHalfPssMB]] as [number, number | undefined][]) : []),
        [sessions, results[`${name}PssMB`]],
      ])
      .flatMap(([x, y]): [number, number][] => (y === undefined ? [] : [[x, y]]))
      .toSorted(([one], [other]) => one - other),
  }));
  return lines.filter(({ points }) => points.length > 0);
};

const latencyOverRate = (reports: readonly BenchReport[]): Series[] => {
  const figures = reports.filter(({ bench }) => bench === 'latency').flatMap(({ results }) => Object.entries(results));
  const lines = new Map<string, [rate: number, ms: number][]>();
  for (const [figure, ms] of figures) {
    const [, kind, rate, percentile] = /^([a-z]+)At(\d+)P(\d+)Ms$/.exec(figure) ?? [];
    if (kind === undefined) continue;
    const name = `${kind} p${percentile}`;
    lines.set(name, [...(lines.get(name) ?? []), [Number(rate), ms]]);
  }
  return [...lines].map(([name, points]) => ({ name, points }));
};
