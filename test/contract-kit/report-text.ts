import type { CheckResult } from './check.js';
import { shorten } from './shorten.js';
import type { KitReport } from './run-kit.js';

const MARKS: Readonly<Record<CheckResult['outcome'], string>> = { holds: '✓', fails: '✗', skipped: '–' };
const ID_WIDTH = 26;

/** One check as a row of the printed table; a failed one with what was asked and answered. */
export const resultText = ({ id, title, outcome, reason, exchange }: CheckResult, secrets: readonly string[]): string => {
  const lines = [`${MARKS[outcome]} ${id.padEnd(ID_WIDTH)} ${title}`];
  if (reason !== undefined) lines.push(`    ${outcome === 'skipped' ? 'skipped: ' : ''}${reason}`);
  if (outcome === 'fails' && exchange) {
    const { direction, request, headers, requestBody, status, answer, failure, durationMs } = shorten(exchange, secrets);
    lines.push(`    ${direction === 'sent' ? 'asked' : 'was asked'}: ${request} ${JSON.stringify(headers)}`);
    if (requestBody !== undefined) lines.push(`      ${JSON.stringify(requestBody)}`);
    const answered = failure === undefined ? `${status} after ${durationMs} ms` : failure;
    lines.push(`    ${direction === 'sent' ? 'answer' : 'answered'}: ${answered}`);
    if (answer !== undefined) lines.push(`      ${JSON.stringify(answer)}`);
  }
  return lines.join('\n');
};

export const summaryText = ({ results, leftBehind }: KitReport): string => {
  const count = (outcome: CheckResult['outcome']): number => results.filter((result) => result.outcome === outcome).length;
  const left = leftBehind.map((sentence) => `left behind: ${sentence}`);
  return [...left, `${count('holds')} hold, ${count('fails')} fail, ${count('skipped')} skipped`].join('\n');
};

/** For a program: the same, with exchanges of failed checks shortened. */
export const reportJson = ({ results, ...report }: KitReport, secrets: readonly string[]): string => {
  const shown = results.map(({ exchange, ...result }) => ({
    ...result,
    ...(result.outcome === 'fails' && exchange && { exchange: shorten(exchange, secrets) }),
  }));
  return `${JSON.stringify({ ...report, results: shown }, null, 2)}\n`;
};
