import type { Logger } from '../../../shared/logging.js';
import type { Store } from '../../../shared/store/store.js';
import type { Registry } from '../../placement/registry.js';
import { TABLES, type SessionRow } from '../../supervisor-store.js';
import type { BackendClient } from '../backend-request.js';
import type { Dialect, Prefixes } from '../dialects/dialect.js';
import { fullSentence } from '../full-sentence.js';
import type { DeadReport, Report } from '../report.js';
import type { WebhookBudget } from '../webhook-budget.js';
import { Breaker } from '../../delivery/breaker.js';
import { DeadLetters } from '../../delivery/dead-letters.js';
import { UNSENT_PER_SESSION } from './collapse.js';
import { Delivery } from './delivery.js';
import type { Lane } from './lane.js';
import { Outbox } from './outbox.js';
import { Outcomes } from './outcomes.js';
import { isUntouched, reportOf } from './report-of.js';
import type { Reports } from './reports.js';
import { REAL_TIME, type ReportsTime } from './reports-time.js';
import { Reregistration } from './reregistration.js';
import { Revival } from './revival.js';
import { SureCommits } from './sure-commits.js';

export interface ReportsOptions {
  store: Store;
  registry: Registry;
  client: BackendClient;
  dialect: Dialect;
  prefixes: Prefixes;
  workerId: () => string;
  budget: WebhookBudget;
  /** @returns whether the backend took the registration */
  registerAgain: () => Promise<boolean>;
  log: Logger;
  time?: ReportsTime;
  /** Reports under way at once. */
  parallel?: number;
  /** Reports of one session that may wait. */
  unsentKept?: number;
  /** Dead reports kept. */
  deadKept?: number;
}

const PARALLEL = 8;
/** Sessions told of in one commit. */
const BATCH = 500;

/** Follows `registry` from now on: its changes are committed together with what the backend is to hear of them. */
export const createReports = (options: ReportsOptions): Reports => {
  const { store, registry, dialect, log, budget, time = REAL_TIME } = options;
  const outbox = new Outbox(store, dialect.latestOnly ? 1 : (options.unsentKept ?? UNSENT_PER_SESSION));
  const dead = new DeadLetters<DeadReport>({
    ...{ store, log, table: TABLES.deadReports, newest: options.deadKept },
    what: 'the backend refused more reports',
  });
  const breaker = new Breaker();
  const commits = new SureCommits({ store, log, time });
  const exists = (sessionId: string): boolean => registry.find(sessionId)?.deleting === false;
  const revival: Revival = new Revival({ outbox, dead, commits, exists, wake: (sessionId) => delivery.wake(sessionId) });
  const reregistration: Reregistration = new Reregistration({ ...options, breaker, time, pump: () => delivery.pump() });
  const outcomes: Outcomes = new Outcomes({
    ...{ registry, outbox, dead, breaker, budget, commits, revival, reregistration, time, log },
    delivery: () => delivery,
  });
  const delivery: Delivery = new Delivery({
    ...options,
    ...{ outbox, breaker, time },
    parallel: options.parallel ?? PARALLEL,
    mayProbe: () => reregistration.mayProbe(),
    settle: async (...sent) => {
      await outcomes.settle(...sent).catch((error: unknown) => {
        log.error({ err: error }, 'what became of a report cannot be noted');
      });
    },
    trim: async (lane) => {
      const { writes, ended } = outbox.add(lane, []);
      ended(await commits.commit(writes, () => exists(lane.sessionId)));
    },
  });

  const tell = async (rows: readonly Readonly<SessionRow>[]): Promise<void> => {
    for (let from = 0; from < rows.length; from += BATCH) {
      const ids = rows.slice(from, from + BATCH).map(({ sessionId }) => sessionId);
      // Once more without those that were deleted while the disk took nothing.
      while (!commits.isStopped && !(await tellOf(ids)));
    }
  };
  const tellOf = async (ids: readonly string[]): Promise<boolean> => {
    const told = ids.flatMap((sessionId) => registry.find(sessionId) ?? []).filter(isTold);
    const changes = told.map((row) => outbox.add(outbox.lane(row.sessionId), [reportOf(row)]));
    const writes = changes.flatMap((change) => change.writes);
    const committed = await commits.commit(writes, () => told.every(({ sessionId }) => exists(sessionId)));
    for (const { ended } of changes) ended(committed);
    for (const { sessionId } of told) delivery.wake(sessionId);
    return committed;
  };
  const isTold = (row: Readonly<SessionRow>): boolean => !row.deleting && dialect.isReported(row) && !isUntouched(row);
  /** The backend does not know the session's state, and nothing that waits will tell it. */
  const isMissed = (row: Readonly<SessionRow>): boolean => isTold(row) && outbox.lastSeq(row.sessionId) < row.seq;
  const takeUp = (): void => {
    for (const { sessionId, deleting } of registry.rows()) {
      if (!deleting && outbox.discover(sessionId)) delivery.wake(sessionId);
    }
    if (delivery.state === 'running') inBackground(tell(registry.rows().filter(isMissed)));
  };
  const tellAll = async (): Promise<void> => {
    const rows = registry.rows().filter((row) => {
      const lane = outbox.find(row.sessionId);
      if (lane) lane.toldQr = undefined;
      return isTold(row) && !(lane && outbox.hasUnsent(lane));
    });
    await tell(rows);
  };
  const inBackground = (work: Promise<void>): void => {
    work.catch((error: unknown) => log.error({ err: error }, 'the backend cannot be told of some sessions'));
  };

  registry.follow({
    changed: (row) => {
      if (row.state !== 'qr_required') {
        const lane = outbox.find(row.sessionId);
        if (lane) lane.toldQr = undefined;
      }
      if (row.deleting || !dialect.isReported(row)) return { writes: [], ended: () => undefined };
      const { writes, ended } = outbox.add(outbox.lane(row.sessionId), [reportOf(row)]);
      return {
        writes,
        ended: (committed) => {
          ended(committed);
          if (committed) delivery.wake(row.sessionId);
          else inBackground(tell(registry.rows().filter((known) => known.sessionId === row.sessionId && isMissed(known))));
        },
      };
    },
    qrShown: (sessionId) => {
      outbox.lane(sessionId);
      delivery.wake(sessionId);
    },
    leaving: (sessionId) => delivery.leave(sessionId),
    loaded: () => {
      takeUp();
      if (delivery.state === 'running') inBackground(tellAll());
    },
  });
  takeUp();

  /** What was accepted after the dead ones is told again after them; a backend that wants only the latest hears nothing else. */
  const withState = (reports: Report[], lane: Lane): Report[] => {
    const row = registry.find(lane.sessionId);
    const [first] = reports;
    if (!row || !first) return reports;
    const current = reportOf(row);
    if (dialect.latestOnly) return outbox.hasUnsent(lane) ? [] : [current];
    const last = Math.max(reports.at(-1)?.seq ?? 0, outbox.seqs(lane).at(-1) ?? 0);
    return outbox.acceptedSeq(lane.sessionId) > first.seq && last < row.seq ? [...reports, current] : reports;
  };

  return {
    start: () => {
      const isFirst = delivery.state === 'idle';
      reregistration.registered();
      delivery.start();
      if (isFirst) takeUp();
    },
    tellAll,
    hold: (sessionId) => delivery.hold(sessionId),
    dead: (range) => ({ reports: dead.page(range), total: dead.size }),
    replay: async (ids) => revival.revive(ids, withState),
    status: () => ({
      waiting: outbox.waiting,
      lagMs: Math.max(0, time.now() - (outbox.oldestAt ?? Infinity)),
      dead: dead.size,
      paused: pausedBy(delivery.state, breaker, outbox.waiting),
    }),
    stop: async (withinMs) => {
      await delivery.stop(withinMs);
      commits.stop();
    },
  };
};

const CAUSES: Record<NonNullable<Breaker['cause']>, string> = {
  failing: 'The backend takes no reports now',
  unauthorized: 'The backend does not let this worker report',
  streak: 'The backend refuses session after session',
};

const pausedBy = (state: Delivery['state'], { cause, sentence = '' }: Breaker, waiting: number): string | undefined => {
  if (state === 'idle') return 'The backend does not know this worker yet.';
  if (state === 'stopped') return 'The worker is stopping.';
  // With nothing left to try, nobody would ever learn that the backend is well again.
  return cause && waiting > 0 ? `${CAUSES[cause]}: ${fullSentence(sentence)}` : undefined;
};
