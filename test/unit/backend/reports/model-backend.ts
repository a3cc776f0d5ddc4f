import type { BackendAnswer, BackendClient, BackendRequest } from '../../../../supervisor/backend/backend-request.js';
import type { Dialect } from '../../../../supervisor/backend/dialects/dialect.js';
import { guide } from '../../../../supervisor/backend/dialects/guide.js';
import type { Report } from '../../../../supervisor/backend/report.js';
import type { VirtualTime } from './virtual-time.js';

/** Speaks in reports, so that tests can look at them. */
export const plainDialect: Dialect = {
  ...guide,
  report: (report, qr) => ({ method: 'POST', path: '/report', body: { report, qr: qr?.value } }),
};

export interface Received {
  report: Report;
  qr: string | undefined;
  at: number;
}

/** `lost`: the report was taken, but the answer did not arrive. */
export type Mode = 'ok' | 'lost' | 'hang' | { failed: number | undefined; retryAfterMs?: number; afterMs?: number } | { refused: number };

const LATENCY_MS = 20;

/** A backend that answers as it is told, per session or for all, and keeps what it took. */
export class ModelBackend {
  readonly #time: VirtualTime;
  readonly modes = new Map<string, Mode>();
  mode: Mode = 'ok';
  /** Every call, in order of arrival. */
  readonly calls: Received[] = [];
  /** Reports it took. */
  readonly taken: Received[] = [];
  readonly refused: Received[] = [];
  readonly problems: string[] = [];
  mostAtOnce = 0;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  takenOf(sessionId: string): Received[] {
    return this.taken.filter(({ report }) => report.sessionId === sessionId);
  }

  /** A client whose process can be killed: what is under way then is never answered. */
  client(): BackendClient & { kill: () => void } {
    const underWay = new Map<string, number>();
    const life = { over: false };
    const isOver = (): boolean => life.over;
    return {
      kill: () => {
        life.over = true;
      },
      close: () => undefined,
      call: async ({ body }: BackendRequest) => {
        if (isOver()) return never();
        const { report, qr } = body as unknown as Pick<Received, 'report' | 'qr'>;
        const { sessionId } = report;
        if (underWay.has(sessionId)) this.problems.push(`two reports of ${sessionId} at once`);
        underWay.set(sessionId, report.seq);
        this.mostAtOnce = Math.max(this.mostAtOnce, underWay.size);
        const received = { report: { ...report }, qr, at: this.#time.now() };
        this.calls.push(received);
        const mode = this.modes.get(sessionId) ?? this.mode;
        if (mode === 'ok' || mode === 'lost') this.taken.push(received);
        if (typeof mode === 'object' && 'refused' in mode) this.refused.push(received);
        if (mode === 'hang') return never();
        await new Promise<void>((resolve) =>
          this.#time.after((typeof mode === 'object' && 'afterMs' in mode && mode.afterMs) || LATENCY_MS, resolve),
        );
        if (isOver()) return never();
        underWay.delete(sessionId);
        return answerIn(mode);
      },
    };
  }
}

const never = async (): Promise<never> => new Promise(() => undefined);

const answerIn = (mode: Exclude<Mode, 'hang'>): BackendAnswer => {
  if (mode === 'ok') return { kind: 'accepted', status: 200, body: {} };
  if (mode === 'lost') return { kind: 'failed', status: undefined, sentence: 'no answer', retryAfterMs: undefined };
  if ('refused' in mode) return { kind: 'refused', status: mode.refused, sentence: `said ${mode.refused}`, body: {} };
  return { kind: 'failed', status: mode.failed, sentence: `failed with ${mode.failed ?? 'nothing'}`, retryAfterMs: mode.retryAfterMs };
};
