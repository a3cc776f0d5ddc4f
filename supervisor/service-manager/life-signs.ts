// When the service manager is told what: that requests are answered, that the event loop turns, how things stand, that we stop.
import { messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { Notify } from './notify.js';
import { statusFigures, statusLine, type StatusSource } from './status-line.js';

export interface LifeSignsOptions {
  notify: Pick<Notify, 'tell'>;
  /** See `NotifySettings`. */
  watchdogMs: number | undefined;
  log: Logger;
  /** The least time between two status lines. */
  statusEveryMs?: number;
  /** How often a restore is asked whether it is over. */
  restoreCheckMs?: number;
}

export interface LifeSigns {
  /** The API listens. READY follows at once, or when the sessions are known. */
  serving(worker: StatusSource): void;
  /** It will take at most `withinMs`. */
  stopping(withinMs: number): void;
  /** Tells nothing any more. */
  end(): void;
}

const STATUS_EVERY_MS = 10_000;
const RESTORE_CHECK_MS = 250;
/** By this much a start that still goes on puts its end off, with every beat. */
const START_EXTENSION_MS = 60_000;
/** From the end of our own deadline to that of the manager. */
const STOP_MARGIN_MS = 10_000;

/** Driven by the supervisor's event loop alone: a runner, a backend or a store that hangs must not end the worker. */
export const startLifeSigns = (options: LifeSignsOptions): LifeSigns => {
  const { notify, watchdogMs, log, statusEveryMs = STATUS_EVERY_MS, restoreCheckMs = RESTORE_CHECK_MS } = options;
  let worker: StatusSource | undefined;
  let isReady = false;
  let status: string | undefined;
  let toldStatusAt = -Infinity;
  let restoreCheck: NodeJS.Timeout | undefined;

  const changedStatus = (): Record<string, string> => {
    const line = worker && readStatus(worker, log);
    if (line === undefined || line === status) return {};
    status = line;
    return { STATUS: line };
  };
  const beat = (): void => {
    const signs = {
      ...(watchdogMs !== undefined && { WATCHDOG: '1' }),
      ...(!isReady && { EXTEND_TIMEOUT_USEC: String(START_EXTENSION_MS * 1_000) }),
    };
    const now = performance.now();
    const mayTellStatus = now - toldStatusAt >= statusEveryMs;
    const assignments = { ...signs, ...(mayTellStatus && changedStatus()) };
    if ('STATUS' in assignments) toldStatusAt = now;
    if (Object.keys(assignments).length > 0) notify.tell(assignments);
  };
  const beats = setInterval(beat, watchdogMs === undefined ? statusEveryMs : watchdogMs / 3).unref();
  beat();

  const readyOnceKnown = (): void => {
    if (!worker || worker.readiness().details['restoring'] === true) return;
    clearInterval(restoreCheck);
    isReady = true;
    toldStatusAt = performance.now();
    notify.tell({ READY: '1', ...changedStatus() });
  };
  const end = (): void => {
    clearInterval(beats);
    clearInterval(restoreCheck);
  };
  return {
    serving: (source) => {
      worker = source;
      restoreCheck = setInterval(readyOnceKnown, restoreCheckMs).unref();
      readyOnceKnown();
    },
    stopping: (withinMs) => {
      end();
      notify.tell({ STOPPING: '1', STATUS: 'stopping', EXTEND_TIMEOUT_USEC: String((withinMs + STOP_MARGIN_MS) * 1_000) });
    },
    end,
  };
};

/** A figure that cannot be had is no reason to be taken for dead. */
const readStatus = (worker: StatusSource, log: Logger): string | undefined => {
  try {
    return statusLine(statusFigures(worker));
  } catch (error) {
    log.warn({ cause: messageOf(error) }, 'the status line cannot be made');
    return undefined;
  }
};
