import { rmSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { crashRun, type CrashResult } from '../crash-points/crash-run.js';
import { reportOf } from '../crash-points/report.js';
import { noStore } from '../crash-points/store-condition.js';

const KILLS = 12;
const KILLS_UNTIL_NOTICED = 4;

let result: CrashResult | undefined;
afterEach(() => {
  for (const folder of result?.folders ?? []) rmSync(folder, { recursive: true, force: true });
  result = undefined;
});

test('processes killed in the midst of every step of a message lose nothing and double nothing', async () => {
  const seed = Date.now() % 2 ** 31;
  result = await crashRun({ kills: KILLS, seed, sabotage: '', stores: [noStore], say: () => undefined });
  const { findings, breaks, badMacs, repairings, overlaps, refused, failures, kills, sent, shown } = result;
  const report = [`seed ${seed}`, ...reportOf(result)].join('\n');
  expect({ findings, breaks, badMacs, repairings, overlaps, refused, failures }, report).toEqual({
    findings: [],
    breaks: [],
    badMacs: 0,
    repairings: [],
    overlaps: 0,
    refused: [],
    failures: [],
  });
  expect(kills).toHaveLength(KILLS);
  expect(Math.min(sent, result.received)).toBeGreaterThan(KILLS);
  expect(shown).toBe(sent);
  for (const [form, count] of Object.entries(result.forms)) expect(count, form).toBeGreaterThan(0);
}, 600_000);

describe('without a safeguard', () => {
  test.each([
    { sabotage: 'no-history-index', kind: 'doubled' },
    { sabotage: 'ack-before-commit', kind: 'lost' },
  ])(
    'messages are $kind: $sabotage',
    async ({ sabotage, kind }) => {
      result = await crashRun({ kills: KILLS_UNTIL_NOTICED, seed: 1, sabotage, stores: [noStore], say: () => undefined });
      expect(result.passed).toBe(false);
      expect(
        result.findings.map((finding) => finding.kind),
        reportOf(result).join('\n'),
      ).toContain(kind);
    },
    600_000,
  );
});
