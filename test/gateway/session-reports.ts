import { z } from 'zod';
import { SessionName } from './dialects/body-parts.js';
import type { StatusReport } from './dialects/dialect.js';
import { MessageReport } from './dialects/whatsam.js';
import { ok, parse, type Answer } from './endpoint.js';
import { GatewayError } from './gateway-error.js';
import type { GatewayParts } from './gateway-sessions.js';
import type { ReportRecord, SessionRecord } from './gateway-state.js';

const Addressed = z.looseObject({ sessionId: SessionName });

/** Takes what workers report, and keeps every report with the answer it got. */
export class SessionReports {
  readonly #parts: Omit<GatewayParts, 'placement' | 'client'>;

  constructor(parts: Omit<GatewayParts, 'placement' | 'client'>) {
    this.#parts = parts;
  }

  /** @throws INVALID_REQUEST, SESSION_NOT_FOUND, SESSION_ELSEWHERE */
  takeStatus(body: unknown): Answer {
    return this.#kept('session-status', body, () => {
      const { dialect } = this.#parts;
      const report = parse(dialect.StatusReport, body);
      const session = this.#sessionOf(report.sessionId);
      this.#attach(session, report.workerId);
      this.#apply(session, report);
      const { sessionId, phoneNumber, displayName, updatedAt } = session;
      return ok({
        sessionId,
        status: dialect.spell(session.status),
        phoneNumber,
        displayName,
        updatedAt: new Date(updatedAt).toISOString(),
      });
    });
  }

  /** @throws INVALID_REQUEST, MESSAGE_NOT_FOUND for a message that was not sent through this gateway */
  takeMessageStatus(body: unknown): Answer {
    return this.#kept('message-status', body, () => {
      const { sessionId, messageId, status } = parse(MessageReport, body);
      const isKnown = this.#parts.store.sessions.get(sessionId)?.sentMessages.includes(messageId);
      if (!isKnown) throw new GatewayError('MESSAGE_NOT_FOUND', `There is no message ${messageId} of the session ${sessionId}.`);
      return ok({ messageId, status, sessionId });
    });
  }

  #kept(kind: ReportRecord['kind'], body: unknown, take: () => Answer): Answer {
    const arrivedAt = this.#parts.now();
    const keep = (answer: number): void => {
      const { data } = Addressed.safeParse(body);
      if (data) this.#parts.store.addReport(data.sessionId, { arrivedAt, kind, answer, body: data });
    };
    try {
      const answer = take();
      keep(answer.status);
      return answer;
    } catch (error) {
      if (error instanceof GatewayError) keep(error.status);
      throw error;
    }
  }

  #sessionOf(sessionId: string): SessionRecord {
    const session = this.#parts.store.sessions.get(sessionId);
    if (!session) throw new GatewayError('SESSION_NOT_FOUND', `There is no session ${sessionId}.`);
    return session;
  }

  /** A session that was freed while its worker was thought dead goes back to the worker that reports it. */
  #attach(session: SessionRecord, given: string | undefined): void {
    const { store, registry, dialect } = this.#parts;
    const worker = given === undefined ? undefined : store.workers.get(registry.nameOf(given));
    if (!worker || session.workerId === worker.workerId) return;
    if (session.workerId !== null && !dialect.reportsMoveSessions) {
      throw new GatewayError('SESSION_ELSEWHERE', `The session ${session.sessionId} belongs to the worker ${session.workerId} now.`);
    }
    session.workerId = worker.workerId;
    registry.heard(worker);
  }

  #apply(session: SessionRecord, { status, qrCode, phoneNumber, displayName }: StatusReport): void {
    const { store, now } = this.#parts;
    const at = now();
    Object.assign(session, { status, updatedAt: at, reportedAt: at });
    if (status !== 'qr_required') delete session.qr;
    else if (qrCode !== undefined) session.qr = { code: qrCode, at };
    if (phoneNumber !== undefined) session.phoneNumber = phoneNumber;
    if (displayName !== undefined) session.displayName = displayName;
    store.changed();
  }
}
