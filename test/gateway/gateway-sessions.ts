import { randomBytes } from 'node:crypto';
import type { Dialect } from './dialects/dialect.js';
import { ok, type Answer } from './endpoint.js';
import { GatewayError } from './gateway-error.js';
import { SESSION_STATUSES, type SessionRecord, type SessionStatus, type WorkerRecord } from './gateway-state.js';
import type { GatewayStore } from './gateway-store.js';
import { failureOf, isSuccess, relayed } from './relayed-answer.js';
import type { SessionPlacement } from './session-placement.js';
import type { WorkerAnswer, WorkerCall, WorkerClient } from './worker-client.js';
import type { WorkerRegistry } from './worker-registry.js';

/** WhatsApp's first code lives 60 seconds; one that was told longer ago is not worth showing. */
const QR_LIFE_MS = 60_000;

export interface GatewayParts {
  readonly store: GatewayStore;
  readonly registry: WorkerRegistry;
  readonly placement: SessionPlacement;
  readonly client: WorkerClient;
  readonly dialect: Dialect;
  readonly now: () => number;
}

/** What users do with sessions: recorded here, done by the session's worker. */
export class GatewaySessions {
  readonly #parts: GatewayParts;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  /** Records the session and, where the dialect creates before it connects, creates it at the best worker. */
  async create(userId: string, name: string, wanted: string | undefined): Promise<Answer> {
    const { store, placement, dialect, now } = this.#parts;
    const sessionId = wanted ?? this.#idFor(name);
    if (store.sessions.has(sessionId)) throw new GatewayError('SESSION_ALREADY_EXISTS', `There is a session ${sessionId} already.`);
    const at = now();
    const session: SessionRecord = {
      ...{ sessionId, userId, name },
      status: 'disconnected',
      workerId: null,
      createdAt: at,
      updatedAt: at,
      sentMessages: [],
    };
    store.sessions.set(sessionId, session);
    store.changed();
    // Kept before a worker hears of it: a session that a worker holds and nobody knows could not be deleted.
    await store.settled();
    try {
      if (dialect.worker.create) await placement.assign(session, dialect.worker.create(session), 'new');
    } catch (error) {
      store.sessions.delete(sessionId);
      store.changed();
      throw error;
    }
    return ok(this.json(session), 'Session created successfully', 201);
  }

  async connect(session: SessionRecord): Promise<Answer> {
    const { create } = this.#parts.dialect.worker;
    return create ? this.#connect(session, create(session)) : this.#start(session);
  }

  /** The newest code a worker told of, else the one the worker has now. */
  async qr(session: SessionRecord): Promise<Answer> {
    const { dialect, now } = this.#parts;
    const { sessionId, qr } = session;
    const status = dialect.spell(session.status);
    if (qr && now() - qr.at < QR_LIFE_MS) {
      return ok({ sessionId, status, qrCode: qr.code, reportedAt: new Date(qr.at).toISOString(), source: 'report' });
    }
    if (session.workerId !== null) {
      const answer = await this.#ask(session, dialect.worker.qr(sessionId));
      const { qrCode } = this.#fieldsOf(answer);
      if (isSuccess(answer) && typeof qrCode === 'string') return ok({ sessionId, status, qrCode, source: 'worker' });
      if (answer.kind !== 'answered') throw failureOf(answer);
    }
    throw new GatewayError('QR_NOT_AVAILABLE', 'There is no QR code to scan now.', { details: { status } });
  }

  /** What the worker says; what the gateway was told last when there is none or it does not answer. */
  async status(session: SessionRecord): Promise<Answer> {
    const { dialect, store } = this.#parts;
    const told = {
      ...this.json(session),
      reportedStatus: dialect.spell(session.status),
      workerStatus: (session.workerId !== null && store.workers.get(session.workerId)?.status) || null,
    };
    if (session.workerId === null) return ok({ ...told, live: false });
    const answer = await this.#ask(session, dialect.worker.status(session.sessionId));
    if (!isSuccess(answer)) return ok({ ...told, live: false });
    return ok({ ...told, ...this.#fieldsOf(answer), workerId: session.workerId, live: true });
  }

  async send(session: SessionRecord, body: Record<string, unknown>, idempotencyKey: string | undefined): Promise<Answer> {
    const { dialect, store } = this.#parts;
    const answer = await this.#ask(session, dialect.worker.send(session.sessionId, body, idempotencyKey));
    const { messageId } = this.#fieldsOf(answer);
    if (isSuccess(answer) && typeof messageId === 'string') store.addSentMessage(session, messageId);
    return relayed(answer);
  }

  async messages(session: SessionRecord, query: string): Promise<Answer> {
    return relayed(await this.#ask(session, this.#parts.dialect.worker.messages(session.sessionId, query)));
  }

  /** Deleted at its worker first, so that no session lives on that nobody knows. */
  async remove(session: SessionRecord): Promise<Answer> {
    const { dialect, store } = this.#parts;
    if (session.workerId !== null) {
      const answer = await this.#ask(session, dialect.worker.remove(session.sessionId));
      const isGone = isSuccess(answer) || (answer.kind === 'answered' && answer.status === 404);
      if (!isGone) return relayed(answer);
    }
    store.sessions.delete(session.sessionId);
    store.changed();
    return { status: 200, body: { success: true, message: 'Session deleted successfully' } };
  }

  /** The record, as users see it. */
  json({ sessionId, name, userId, status, workerId, phoneNumber, displayName, createdAt, updatedAt, reportedAt }: SessionRecord) {
    return {
      ...{ sessionId, name, userId },
      status: this.#parts.dialect.spell(status),
      ...{ workerId, phoneNumber, displayName },
      createdAt: new Date(createdAt).toISOString(),
      updatedAt: new Date(updatedAt).toISOString(),
      ...(reportedAt !== undefined && { reportedAt: new Date(reportedAt).toISOString() }),
    };
  }

  async #connect(session: SessionRecord, create: WorkerCall): Promise<Answer> {
    const { dialect, placement, client, store } = this.#parts;
    const worker = await placement.assign(session, create, 'existing');
    const before = store.reports(session.sessionId).at(-1)?.arrival;
    let answer = await client.call(worker.endpoint, dialect.worker.connect(session));
    if (answer.kind === 'answered' && answer.status === 404) {
      // The worker lost the session, with its disk perhaps: it is created there anew.
      const created = await client.call(worker.endpoint, create);
      answer = isSuccess(created) ? await client.call(worker.endpoint, dialect.worker.connect(session)) : created;
    }
    if (!isSuccess(answer)) return relayed(answer);
    const fields = this.#fieldsOf(answer);
    // What was reported meanwhile is newer than this answer.
    if (store.reports(session.sessionId).at(-1)?.arrival === before) this.#note(session, fields);
    return ok({ sessionId: session.sessionId, ...fields, workerId: worker.workerId });
  }

  /** Creates and connects in one. Its answer overwrites what was reported meanwhile, and while it lasts there is no other. */
  async #start(session: SessionRecord): Promise<Answer> {
    const { dialect, placement, client, store } = this.#parts;
    if (session.status === 'connected' || session.status === 'init') {
      const what = session.status === 'connected' ? 'connected already' : 'being connected';
      throw new GatewayError('SESSION_ALREADY_CONNECTED', `The session ${session.sessionId} is ${what}.`);
    }
    session.status = 'init';
    store.changed();
    try {
      const call = dialect.worker.connect(session);
      const assigned = session.workerId === null ? undefined : store.workers.get(session.workerId);
      const { worker, answer } = assigned
        ? { worker: assigned, answer: await client.call(assigned.endpoint, call) }
        : await placement.place(session, call, isSuccess);
      if (!isSuccess(answer)) throw failureOf(answer);
      const fields = this.#fieldsOf(answer);
      const status = fields['status'] ?? 'QR_REQUIRED';
      if (statusOf(status) === undefined) {
        throw new GatewayError('WORKER_FAILED', `The worker answered with the status ${JSON.stringify(status)}, which does not exist.`);
      }
      this.#note(session, { ...fields, status });
      const { qrCode } = fields;
      return ok({ sessionId: session.sessionId, status: dialect.spell(session.status), workerId: worker.workerId, qrCode });
    } catch (error) {
      Object.assign(session, { status: 'disconnected', workerId: null });
      store.changed();
      throw error;
    }
  }

  /** Takes over what an answer says of the session. */
  #note(session: SessionRecord, { status, qrCode, phoneNumber }: Record<string, unknown>): void {
    const { store, now } = this.#parts;
    const known = statusOf(status);
    if (known === undefined) return;
    Object.assign(session, { status: known, updatedAt: now() });
    if (known === 'qr_required' && typeof qrCode === 'string') session.qr = { code: qrCode, at: now() };
    else delete session.qr;
    if (typeof phoneNumber === 'string') session.phoneNumber = phoneNumber;
    store.changed();
  }

  /** Asks the session's worker. @throws SESSION_NOT_ASSIGNED */
  async #ask(session: SessionRecord, call: WorkerCall): Promise<WorkerAnswer> {
    return this.#parts.client.call(this.#workerOf(session).endpoint, call);
  }

  #workerOf({ sessionId, workerId }: SessionRecord): WorkerRecord {
    const worker = workerId === null ? undefined : this.#parts.store.workers.get(workerId);
    if (!worker) throw new GatewayError('SESSION_NOT_ASSIGNED', `The session ${sessionId} has no worker now; connect it to get one.`);
    return worker;
  }

  #fieldsOf(answer: WorkerAnswer): Record<string, unknown> {
    return answer.kind === 'answered' ? this.#parts.dialect.worker.fieldsOf(answer.body) : {};
  }

  #idFor(name: string): string {
    const slug = name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 80);
    const { sessions } = this.#parts.store;
    return slug !== '' && !sessions.has(slug) ? slug : `${slug || 'session'}-${randomBytes(6).toString('hex')}`;
  }
}

const statusOf = (status: unknown): SessionStatus | undefined =>
  SESSION_STATUSES.find((known) => typeof status === 'string' && status.toLowerCase() === known);
