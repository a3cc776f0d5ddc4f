import { CheckSkipped, ContractBroken, HOW_TO_GIVE, type Check, type CheckResult, type Given } from './check.js';
import { CheckScope } from './check-scope.js';

export interface RunOptions<Context> {
  checks: readonly Check<Context>[];
  given: ReadonlySet<Given>;
  /** Made anew for each check. */
  contextOf: (scope: CheckScope) => Context;
  /** Ends the run early. */
  signal?: AbortSignal;
  checkTimeoutMs: number;
  runTimeoutMs: number;
  onResult?: (result: CheckResult) => void;
}

export interface RunOutcome {
  results: CheckResult[];
  /** What the kit made and could not take away, as sentences. */
  leftBehind: string[];
}

/** Runs the checks one after the other; never rejects for what the target does, and ends within `runTimeoutMs` and one clean-up. */
export const runChecks = async <Context>(options: RunOptions<Context>): Promise<RunOutcome> => {
  const results: CheckResult[] = [];
  const leftBehind: string[] = [];
  // One timer decides both: a clock beside it could say that a check it ended still has some of the run's time left.
  const runOver = new AbortController();
  const runTimer = setTimeout(() => {
    runOver.abort(new ContractBroken(`the run's ${options.runTimeoutMs} ms were over in the middle of this check`));
  }, options.runTimeoutMs);
  for (const check of options.checks) {
    const { id, section, title } = check;
    const obstacle = obstacleOf(check, options.given, results);
    let found: Omit<CheckResult, 'id' | 'section' | 'title'>;
    if (obstacle !== undefined) found = { outcome: 'skipped', reason: obstacle };
    else if (options.signal?.aborted) found = { outcome: 'fails', reason: 'the run was interrupted before this check' };
    else if (runOver.signal.aborted)
      found = { outcome: 'fails', reason: `the run's ${options.runTimeoutMs} ms were over before this check` };
    else {
      const scope = new CheckScope();
      found = await outcomeOf(check, scope, options, runOver.signal);
      leftBehind.push(...(await scope.cleanUp()));
    }
    const result = { id, section, title, ...found };
    results.push(result);
    options.onResult?.(result);
  }
  clearTimeout(runTimer);
  return { results, leftBehind };
};

/** Why the check is skipped before it begins. */
const obstacleOf = <Context>(check: Check<Context>, given: ReadonlySet<Given>, results: readonly CheckResult[]): string | undefined => {
  const missing = check.requires?.find((need) => !given.has(need));
  if (missing) return `needs ${HOW_TO_GIVE[missing]}`;
  const unmet = check.after?.find((id) => results.find((result) => result.id === id)?.outcome !== 'holds');
  return unmet === undefined ? undefined : `says nothing unless ${unmet} holds`;
};

const outcomeOf = async <Context>(
  check: Check<Context>,
  scope: CheckScope,
  { contextOf, signal, checkTimeoutMs }: RunOptions<Context>,
  runOver: AbortSignal,
): Promise<Pick<CheckResult, 'outcome' | 'reason' | 'exchange'>> => {
  const timeoutMs = check.timeoutMs ?? checkTimeoutMs;
  let timer: NodeJS.Timeout | undefined;
  const outOfTime = (): void => scope.abort(runOver.reason as Error);
  const interrupted = (): void => scope.abort(new ContractBroken('the run was interrupted'));
  const ended = new Promise<never>((_, reject) => {
    scope.signal.addEventListener('abort', () => {
      reject(scope.signal.reason as Error);
    });
    timer = setTimeout(() => {
      scope.abort(new ContractBroken(`the check did not end within ${timeoutMs} ms`));
    }, timeoutMs);
    signal?.addEventListener('abort', interrupted);
    runOver.addEventListener('abort', outOfTime);
  });
  try {
    await Promise.race([check.run(contextOf(scope)), ended]);
    return { outcome: 'holds' };
  } catch (error) {
    if (error instanceof CheckSkipped) return { outcome: 'skipped', reason: error.message };
    const exchange = (error instanceof ContractBroken ? error.exchange : undefined) ?? scope.exchanges.at(-1);
    const shown = exchange === undefined ? {} : { exchange };
    if (error instanceof ContractBroken) return { outcome: 'fails', reason: error.message, ...shown };
    return {
      outcome: 'fails',
      reason: `the kit itself failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      ...shown,
    };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', interrupted);
    runOver.removeEventListener('abort', outOfTime);
  }
};
