import type { Check } from './check.js';
import { backendChecks } from './backend/backend-checks.js';
import { guideWorkerChecks } from './worker/guide-worker-checks.js';
import { whatsamWorkerChecks } from './worker/whatsam-checks.js';

type Row = Pick<Check<never>, 'id' | 'section' | 'title' | 'requires' | 'after'>;

/** Every table of checks, by its heading. */
export const CHECK_TABLES: Readonly<Record<string, readonly Row[]>> = {
  'Worker, guide dialect': guideWorkerChecks,
  'Worker, whatsam dialect': whatsamWorkerChecks,
  'Backend, guide dialect': backendChecks.guide,
  'Backend, whatsam dialect': backendChecks.whatsam,
};

/** The tables as markdown, columns padded as prettier pads them. */
export const checkList = (): string =>
  Object.entries(CHECK_TABLES)
    .map(([heading, checks]) => `### ${heading}\n\n${table(checks)}`)
    .join('\n\n');

const table = (checks: readonly Row[]): string => {
  const rows = checks.map(({ id, section, title, requires = [], after = [] }) => [
    `\`${id}\``,
    escaped(section),
    escaped(title),
    requires.map((need) => `\`${need}\``).join(', '),
    after.map((name) => `\`${name}\``).join(', '),
  ]);
  const head = ['check', 'section', 'what holds', 'needs', 'only if'];
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
};

const escaped = (cell: string): string => cell.replaceAll('|', '\\|').replaceAll('*', '\\*').replaceAll('_', '\\_');
