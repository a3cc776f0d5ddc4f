import { setImmediate as turn } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { Reason, SessionEvent } from '../../../../shared/domain/session.js';
import type { CommitOptions } from '../../../../shared/store/store-options.js';
import { Store, type Write } from '../../../../shared/store/store.js';
import { createReports, type ReportsOptions } from '../../../../supervisor/backend/reports/create-reports.js';
import type { Reports } from '../../../../supervisor/backend/reports/reports.js';
import { createWebhookBudget } from '../../../../supervisor/backend/webhook-budget.js';
import { Registry } from '../../../../supervisor/placement/registry.js';
import { SUPERVISOR_SCHEMA } from '../../../../supervisor/supervisor-store.js';
import type { BackendClient } from '../../../../supervisor/backend/backend-request.js';
import { captureLog } from '../../shared/logged.js';
import { tempFolder } from '../../store/temp-store.js';
import { ModelBackend, plainDialect } from './model-backend.js';
import { VirtualTime } from './virtual-time.js';

/** A store whose process can be killed before any of its commits, and whose disk can be full. */
class MortalStore extends Store {
  commits = 0;
  /** Commits that still reach the disk. */
  left = Infinity;
  failing = false;
  onKilled: () => void = () => undefined;

  override async commit(writes: readonly Write[], options?: CommitOptions): Promise<void> {
    this.commits++;
    if (this.left <= 0) {
      this.onKilled();
      return new Promise(() => undefined);
    }
    this.left--;
    if (!this.failing) return super.commit(writes, options);
    await turn();
    throw new Error('the disk is full');
  }
}

export interface ReportsSetting {
  readonly time: VirtualTime;
  readonly backend: ModelBackend;
  readonly store: MortalStore;
  readonly registry: Registry;
  readonly reports: Reports;
  readonly log: ReturnType<typeof captureLog>;
  /** How often the worker introduced itself again. */
  readonly registrations: number;
  takesRegistrations: boolean;
  /** Kills the process, now or before its `commits`th commit from now, and starts it again with `restart`. */
  killAfter(commits: number): void;
  readonly isKilled: boolean;
  restart(): Promise<void>;
  /** Everything that can happen without time going on has happened. */
  settle(): Promise<void>;
  advance(ms: number): Promise<void>;
  add(...sessionIds: string[]): Promise<void>;
  /** Without waiting for the commit. */
  apply(sessionId: string, event: SessionEvent, reason?: Reason): Promise<void>;
  connect(...sessionIds: string[]): Promise<void>;
  showQr(sessionId: string, value: string, forMs?: number): void;
  /** At the end of the test at the latest. */
  close(): Promise<void>;
}

export const reportsSetting = (options: Partial<ReportsOptions> = {}): ReportsSetting => {
  const time = new VirtualTime();
  const backend = new ModelBackend(time);
  const folder = tempFolder();
  const log = captureLog();
  let calls = 0;
  let killed = false;
  let closed = false;
  let registrations = 0;
  let store: MortalStore;
  let registry: Registry;
  let reports: Reports;
  let client: BackendClient & { kill: () => void };
  let clock: ReturnType<VirtualTime['ofProcess']>;

  const kill = (): void => {
    killed = true;
    store.left = 0;
    client.kill();
    clock.end();
  };
  const open = (): void => {
    killed = false;
    store = new MortalStore(folder, { tables: SUPERVISOR_SCHEMA.tables });
    store.onKilled = kill;
    registry = new Registry(store, log.log);
    client = backend.client();
    clock = time.ofProcess();
    reports = createReports({
      ...{ store, registry, client, time: clock, prefixes: plainDialect.prefixes, log: log.log, dialect: plainDialect },
      workerId: () => 'worker',
      budget: createWebhookBudget(undefined, time.elapsed),
      registerAgain: async () => {
        registrations++;
        return Promise.resolve(setting.takesRegistrations);
      },
      ...options,
    });
  };
  const settle = async (): Promise<void> => {
    for (let before = -1; before !== calls;) {
      before = calls;
      await store.settled();
      for (let i = 0; i < 4; i++) await turn();
      calls = backend.calls.length + store.commits;
    }
  };
  const setting: ReportsSetting = {
    time,
    backend,
    log,
    takesRegistrations: true,
    get store() {
      return store;
    },
    get registry() {
      return registry;
    },
    get reports() {
      return reports;
    },
    get registrations() {
      return registrations;
    },
    get isKilled() {
      return killed;
    },
    killAfter: (commits) => {
      store.left = commits;
      if (commits === 0) kill();
    },
    restart: async () => {
      kill();
      await store.close();
      open();
    },
    settle,
    advance: async (ms) => time.advance(ms, settle),
    add: async (...sessionIds) => {
      await Promise.all(sessionIds.map(async (sessionId) => registry.add({ sessionId, userId: undefined, sessionName: undefined })));
    },
    apply: async (sessionId, event, reason = 'transient') => registry.apply(sessionId, event, reason),
    connect: async (...sessionIds) => {
      for (const sessionId of sessionIds) {
        await registry.apply(sessionId, 'connect', 'connect_requested');
        await registry.apply(sessionId, 'open', 'opened', { everConnected: true });
      }
    },
    showQr: (sessionId, value, forMs = 60_000) => {
      registry.showQr(sessionId, { value, attempt: 1, expiresAt: time.now() + forMs });
    },
    close: async () => {
      if (closed) return;
      closed = true;
      const stopped = reports.stop(0);
      await time.advance(0, settle);
      await stopped;
      await store.close();
    },
  };
  open();
  onTestFinished(async () => setting.close());
  return setting;
};
