import { expect, test } from 'vitest';
import { CheckSkipped, ContractBroken, type Check, type Given } from '../../contract-kit/check.js';
import type { CheckScope } from '../../contract-kit/check-scope.js';
import { runChecks, type RunOutcome } from '../../contract-kit/run-checks.js';

type Row = Partial<Check<CheckScope>> & Pick<Check<CheckScope>, 'id'>;

const holds = async (): Promise<void> => Promise.resolve();
const breaks = async (): Promise<void> => Promise.reject(new ContractBroken('it does not'));
const never = async (): Promise<void> => new Promise(() => undefined);

const run = async (
  rows: readonly Row[],
  options: { given?: Given[]; runTimeoutMs?: number; signal?: AbortSignal } = {},
): Promise<RunOutcome> =>
  runChecks({
    checks: rows.map((row) => ({ section: 'section', title: row.id, run: holds, ...row })),
    given: new Set(options.given ?? []),
    contextOf: (scope) => scope,
    checkTimeoutMs: 1_000,
    runTimeoutMs: options.runTimeoutMs ?? 10_000,
    ...(options.signal && { signal: options.signal }),
  });

const verdicts = ({ results }: RunOutcome): string[] => results.map(({ id, outcome, reason }) => [id, outcome, reason].join(' ').trim());

test('a check that returns holds, and one that throws says what differs', async () => {
  expect(verdicts(await run([{ id: 'one' }, { id: 'two', run: breaks }]))).toEqual(['one holds', 'two fails it does not']);
});

test('a check is skipped aloud when something was not given, or it cannot tell', async () => {
  const cannotTell = async (): Promise<void> => Promise.reject(new CheckSkipped('nobody knows'));
  expect(
    verdicts(
      await run([
        { id: 'one', requires: ['token'] },
        { id: 'two', run: cannotTell },
      ]),
    ),
  ).toEqual(['one skipped needs --token', 'two skipped nobody knows']);
});

test('a check whose ground failed or was skipped is skipped, and so is what follows from it', async () => {
  const rows = [{ id: 'one', run: breaks }, { id: 'two', after: ['one'] }, { id: 'three', after: ['two'] }, { id: 'four' }];
  expect(verdicts(await run(rows))).toEqual([
    'one fails it does not',
    'two skipped says nothing unless one holds',
    'three skipped says nothing unless two holds',
    'four holds',
  ]);
});

test('a check that never ends is ended, and the next one runs', async () => {
  expect(verdicts(await run([{ id: 'one', run: never, timeoutMs: 20 }, { id: 'two' }]))).toEqual([
    'one fails the check did not end within 20 ms',
    'two holds',
  ]);
});

test('what did not fit into the run’s time fails', async () => {
  const outcome = await run([{ id: 'one', run: never }, { id: 'two' }], { runTimeoutMs: 30 });
  expect(outcome.results.map(({ outcome: what }) => what)).toEqual(['fails', 'fails']);
  expect(outcome.results[1]?.reason).toBe("the run's 30 ms were over before this check");
});

test('an interrupted run ends its check and tries no further one', async () => {
  const controller = new AbortController();
  const interrupt = async (): Promise<void> => {
    controller.abort();
    return never();
  };
  expect(verdicts(await run([{ id: 'one', run: interrupt }, { id: 'two' }], { signal: controller.signal }))).toEqual([
    'one fails the run was interrupted',
    'two fails the run was interrupted before this check',
  ]);
});

test('what a check deferred is done after it, the last first, also when it fails; what could not be done is told', async () => {
  const done: string[] = [];
  const leaves = async (scope: CheckScope): Promise<void> => {
    scope.defer(async () => void done.push(await Promise.resolve('first')));
    scope.defer(async () => Promise.reject(new Error('a session stays')));
    scope.defer(async () => void done.push(await Promise.resolve('last')));
    return breaks();
  };
  const { leftBehind } = await run([{ id: 'one', run: leaves }]);
  expect(done).toEqual(['last', 'first']);
  expect(leftBehind).toEqual(['a session stays']);
});
