import type { GatewayState, ReportRecord, SavedState, SessionRecord, WorkerRecord } from './gateway-state.js';
import { readState, StateFile } from './state-file.js';

const REPORTS_PER_SESSION = 1_000;
/** Sessions whose reports are kept, deleted and unknown ones included. */
const REPORTED_SESSIONS = 10_000;
const SENT_MESSAGES = 200;

/** The state in memory and, with a file, on disk. Whoever changes a record calls `changed`; answers go out after `settled`. */
export class GatewayStore implements GatewayState {
  readonly workers: Map<string, WorkerRecord>;
  readonly sessions: Map<string, SessionRecord>;
  /** Key of the access tokens, base64url. */
  readonly secret: string;
  readonly #reports: Map<string, ReportRecord[]>;
  readonly #file: StateFile | undefined;
  #arrivals: number;

  private constructor(saved: SavedState, path: string | undefined, onFailure: (error: unknown) => void) {
    this.workers = new Map(saved.workers.map((worker) => [worker.workerId, worker]));
    this.sessions = new Map(saved.sessions.map((session) => [session.sessionId, session]));
    this.#reports = new Map(Object.entries(saved.reports));
    this.secret = saved.secret;
    this.#arrivals = saved.arrivals;
    this.#file = path === undefined ? undefined : new StateFile(path, () => JSON.stringify(this.#saved()), onFailure);
  }

  /** @throws Error with a sentence when the file is damaged or cannot be written */
  static async open(path: string | undefined, onFailure: (error: unknown) => void): Promise<GatewayStore> {
    const store = new GatewayStore(await readState(path), path, onFailure);
    // The secret of a new gateway must outlive the first token that is signed with it.
    store.changed();
    await store.settled();
    return store;
  }

  reports(sessionId: string): readonly ReportRecord[] {
    return this.#reports.get(sessionId) ?? [];
  }

  addReport(sessionId: string, report: Omit<ReportRecord, 'arrival'>): void {
    const reports = this.#reports.get(sessionId) ?? [];
    reports.push({ arrival: this.#arrivals++, ...report });
    if (reports.length > REPORTS_PER_SESSION) reports.shift();
    this.#reports.set(sessionId, reports);
    const [oldest] = this.#reports.keys();
    if (this.#reports.size > REPORTED_SESSIONS && oldest !== undefined) this.#reports.delete(oldest);
    this.changed();
  }

  addSentMessage(session: SessionRecord, messageId: string): void {
    session.sentMessages.push(messageId);
    if (session.sentMessages.length > SENT_MESSAGES) session.sentMessages.shift();
    this.changed();
  }

  sessionsOf(workerId: string): SessionRecord[] {
    return [...this.sessions.values()].filter((session) => session.workerId === workerId);
  }

  changed(): void {
    this.#file?.changed();
  }

  /** Resolves when everything changed so far is on disk; rejects when it could not be written. */
  async settled(): Promise<void> {
    await this.#file?.settled();
  }

  #saved(): SavedState {
    return {
      version: 1,
      secret: this.secret,
      arrivals: this.#arrivals,
      workers: [...this.workers.values()],
      sessions: [...this.sessions.values()],
      reports: Object.fromEntries(this.#reports),
    };
  }
}
