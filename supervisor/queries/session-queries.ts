import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, type ErrorCode } from '../../shared/errors.js';
import { QUERIES, queryOf, type QueryName, type QueryParams, type QueryResult } from '../../shared/ipc/queries.js';
import type { Fleet } from '../fleet/fleet.js';
import type { Registry } from '../placement/registry.js';
import type { SessionRow } from '../supervisor-store.js';

export interface SessionQueriesOptions {
  registry: Pick<Registry, 'get'>;
  fleet: Pick<Fleet, 'call'>;
  /** Where files for the runners lie for a moment. */
  temporaryFolder: string;
}

/** Of one session at a time: what WhatsApp does not answer must not take the room of what is sent. */
const AT_ONCE = 8;
/** The runner's own deadline comes first and knows better what it means. */
const MARGIN_MS = 3_000;
/** For clients; an error crosses between the processes without it. */
const RETRY_AFTER_SECONDS: Readonly<Partial<Record<ErrorCode, number>>> = { RATE_LIMITED: 60, WHATSAPP_UNAVAILABLE: 5, CONFLICT: 1 };

/** Asks WhatsApp through the runner of a session that is connected. */
export class SessionQueries {
  readonly #options: SessionQueriesOptions;
  readonly #running = new Map<string, number>();

  constructor(options: SessionQueriesOptions) {
    this.#options = options;
  }

  /**
   * @throws SESSION_NOT_FOUND, SESSION_LOGGED_OUT, SESSION_NOT_CONNECTED, BUSY when too many are being answered for the session, DEADLINE_EXCEEDED
   * when WhatsApp does not answer, OUTCOME_UNKNOWN when that leaves open what it did, or the code of what it answered
   */
  async ask<Q extends QueryName>(sessionId: string, name: Q, params: QueryParams<Q>): Promise<QueryResult<Q>> {
    const slot = connectedSlot(this.#options.registry.get(sessionId));
    const running = this.#running.get(sessionId) ?? 0;
    if (running >= AT_ONCE) {
      throw new AppError('BUSY', 'WhatsApp is being asked too many things for this session; try again.', { retryAfterSeconds: 1 });
    }
    this.#running.set(sessionId, running + 1);
    try {
      const deadlineMs = queryOf(name).deadlineMs + MARGIN_MS;
      const { result } = await this.#options.fleet.call(slot, 'session.query', { sessionId, name, params }, { deadlineMs });
      return QUERIES[name].result.parse(result) as QueryResult<Q>;
    } catch (error) {
      throw explained(name, error);
    } finally {
      const left = (this.#running.get(sessionId) ?? 1) - 1;
      if (left > 0) this.#running.set(sessionId, left);
      else this.#running.delete(sessionId);
    }
  }

  /** Sets the picture of the account, or of a group; null takes it away. @throws as `ask` */
  async setPicture(sessionId: string, jpeg: Buffer | null, group?: string): Promise<void> {
    const about = { ...(group !== undefined && { group }) };
    if (jpeg === null) {
      await this.ask(sessionId, 'profile.picture', { path: null, ...about });
      return;
    }
    // Bytes of media do not go by IPC.
    const path = join(this.#options.temporaryFolder, `picture-${randomUUID()}`);
    try {
      await writeFile(path, jpeg, { mode: 0o600 });
      await this.ask(sessionId, 'profile.picture', { path, ...about });
    } finally {
      await rm(path, { force: true });
    }
  }
}

/** Where a session is connected. @throws SESSION_LOGGED_OUT, SESSION_NOT_CONNECTED */
export const connectedSlot = ({ state, slot }: Readonly<SessionRow>): number => {
  if (state === 'logged_out') throw new AppError('SESSION_LOGGED_OUT', 'The session is logged out; connect it to pair again.');
  if (state !== 'connected' || slot === undefined) {
    throw new AppError('SESSION_NOT_CONNECTED', 'The session is not connected.', { retryAfterSeconds: 5 });
  }
  return slot;
};

/** A runner that ended, or did not answer, leaves open what was done. */
const LEAVES_OPEN: ReadonlySet<ErrorCode> = new Set(['RUNNER_UNAVAILABLE', 'DEADLINE_EXCEEDED']);

const explained = (name: QueryName, error: unknown): unknown => {
  if (!(error instanceof AppError)) return error;
  if (queryOf(name).once === true && LEAVES_OPEN.has(error.code)) {
    return new AppError('OUTCOME_UNKNOWN', 'Whether WhatsApp did it is not known; look before you ask again.', { cause: error });
  }
  const retryAfterSeconds = error.retryAfterSeconds ?? RETRY_AFTER_SECONDS[error.code];
  return retryAfterSeconds === undefined ? error : new AppError(error.code, error.message, { cause: error, retryAfterSeconds });
};
