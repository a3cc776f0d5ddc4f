import { EXIT } from '../../shared/exit-codes.js';
import type { Fleet } from './fleet.js';
import { afterLook, GIVE_UP_LIMITS, shouldGiveUp, startHelloWatch, type GiveUpLimits } from './give-up-policy.js';
import type { FleetRunnerView } from './runner-view.js';

export interface HelloWatchOptions {
  fleet: Pick<Fleet, 'views' | 'on'>;
  /** Called once, with a sentence for the log and the exit code. */
  onFatal: (why: string, code: number) => void;
  limits?: GiveUpLimits;
  /** Milliseconds of a monotonic clock. */
  clock?: () => number;
}

/** Looks at the fleet now and then, and gives up when the policy says so. @returns what ends it */
export const watchForHello = ({
  fleet,
  onFatal,
  limits = GIVE_UP_LIMITS,
  clock = () => performance.now(),
}: HelloWatchOptions): (() => void) => {
  let watch = startHelloWatch(clock());
  const off = fleet.on({
    ready: () => {
      watch = startHelloWatch(clock());
    },
  });
  const end = (): void => {
    off();
    clearInterval(timer);
  };
  const timer = setInterval(() => {
    const runners = fleet.views();
    watch = afterLook(watch, runners, clock(), limits);
    if (!shouldGiveUp(watch, limits)) return;
    end();
    onFatal(sentence(limits.silentMs, runners), EXIT.temporary);
  }, limits.lookEveryMs).unref();
  return end;
};

const sentence = (silentMs: number, runners: readonly FleetRunnerView[]): string => {
  const ends = runners.flatMap(({ slot, wanted, lastExit: last }) =>
    wanted ? [`slot ${slot}: ${last ? `${last.verdict}, ${last.signal ?? `code ${last.code ?? 'unknown'}`}` : 'starting'}`] : [],
  );
  return `no runner has come up for ${Math.round(silentMs / 1_000)} s although sessions need one (${ends.join('; ')}); the worker ends to be started afresh`;
};
