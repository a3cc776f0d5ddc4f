import type { Response } from 'express';
import { z } from 'zod';
import { AppError, messageOf, type ErrorCode } from '../../../../shared/errors.js';
import type { Logger } from '../../../../shared/logging.js';
import type { Sessions, SessionView, Worker } from '../../../worker.js';
import { endpoint, type Endpoint } from '../../endpoint.js';
import { NoBody } from '../../schemas/fields.js';
import { CreateSession, SessionPath } from '../../schemas/session.js';
import { EXAMPLE_WHATSAM_SESSION, WhatsamSession, whatsamSessionJson } from './answer.js';

/** The gateway's user waits for this answer; what shows later is reported. */
const ANSWER_WITHIN_MS = 5_000;
/** The gateway stores an answer some time after it was written, and would overwrite with it what a report said meanwhile. */
const STORED_WITHIN_MS = 500;

export const whatsamSessionEndpoints = ({ sessions, holdReports }: Worker, log: Logger): Endpoint[] => {
  const soon = async (sessionId: string, work: Promise<SessionView>): Promise<SessionView> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => (timer = setTimeout(resolve, ANSWER_WITHIN_MS, 'late')));
    const first = await Promise.race([work, late]).finally(() => {
      clearTimeout(timer);
    });
    if (first !== 'late') return first;
    work.catch((error: unknown) => {
      log.warn({ sessionId, cause: messageOf(error) }, 'a connect failed after it was answered');
    });
    return sessions.get(sessionId);
  };
  /** @param held whether its reports wait until the gateway has stored the answer */
  const action = (verb: string, summary: string, held: boolean, run: (sessionId: string) => Promise<SessionView>): Endpoint =>
    endpoint({
      ...{ method: 'post', path: `/api/sessions/:id/${verb}`, tag: 'whatsam', envelope: 'twice', summary },
      params: SessionPath,
      body: NoBody,
      data: WhatsamSession,
      errors: [...ERRORS, 'SESSION_NOT_FOUND'],
      examples: { alice: { params: { id: 'alice' }, data: EXAMPLE_WHATSAM_SESSION } },
      handle: async ({ params: { id } }, { response }) => {
        if (held) untilStored(response, holdReports(id));
        return whatsamSessionJson(await run(id));
      },
    });
  return [
    endpoint({
      ...{ method: 'post', path: '/api/sessions/start', tag: 'whatsam', envelope: 'twice' },
      summary: 'Makes a session unless there is one, and connects it.',
      body: CreateSession,
      data: WhatsamSession,
      errors: [...ERRORS, 'AT_CAPACITY'],
      examples: { alice: { body: { sessionId: 'alice' }, data: EXAMPLE_WHATSAM_SESSION } },
      handle: async ({ body }, { response }) => {
        untilStored(response, holdReports(body.sessionId));
        await createUnlessKnown(sessions, body);
        return whatsamSessionJson(await soon(body.sessionId, connect(sessions, body.sessionId)));
      },
    }),
    endpoint({
      ...{ method: 'get', path: '/api/sessions/:id/status', tag: 'whatsam', envelope: 'twice' },
      summary: 'Status of a session as a whatsam gateway reads it.',
      params: SessionPath,
      data: WhatsamSession,
      errors: ['SESSION_NOT_FOUND', 'STORAGE_UNAVAILABLE'],
      examples: { alice: { params: { id: 'alice' }, data: EXAMPLE_WHATSAM_SESSION } },
      handle: ({ params: { id } }) => whatsamSessionJson(sessions.get(id)),
    }),
    endpoint({
      ...{ method: 'delete', path: '/api/sessions/:id', tag: 'whatsam', envelope: 'twice' },
      summary: 'Removes a session with its history.',
      params: SessionPath,
      data: z.object({ sessionId: z.string(), message: z.string() }),
      errors: [...ERRORS, 'SESSION_NOT_FOUND'],
      examples: { alice: { params: { id: 'alice' }, data: { sessionId: 'alice', message: 'Session deleted successfully' } } },
      handle: async ({ params: { id: sessionId } }) => {
        await sessions.delete(sessionId);
        return { sessionId, message: 'Session deleted successfully' };
      },
    }),
    action('restart', 'Closes the connection of a session and connects it again.', true, async (id) => soon(id, sessions.restart(id))),
    action('disconnect', 'Closes the connection of a session and keeps its pairing.', false, async (id) => sessions.disconnect(id)),
    action('logout', 'Unlinks the device of a session and erases its credentials.', false, async (id) => sessions.logout(id)),
  ];
};

const ERRORS = [...(['BUSY', 'RUNNER_UNAVAILABLE', 'DRAINING', 'STORAGE_UNAVAILABLE', 'DEADLINE_EXCEEDED'] as const)] satisfies ErrorCode[];

/** Releases when the gateway had time to store the answer, or went away without one. */
const untilStored = (response: Response, release: () => void): void => {
  response.once('close', () => {
    if (response.writableFinished) setTimeout(release, STORED_WITHIN_MS).unref();
    else release();
  });
};

const createUnlessKnown = async (sessions: Sessions, input: Parameters<Sessions['create']>[0]): Promise<void> => {
  try {
    await sessions.create(input);
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'SESSION_ALREADY_EXISTS')) throw error;
  }
};

/** The gateway takes 404 and 409 for final, and neither is: a start means "be there and connect". */
const connect = async (sessions: Sessions, sessionId: string): Promise<SessionView> => {
  try {
    return await sessions.connect(sessionId);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.code === 'STORAGE_CORRUPT') return sessions.get(sessionId);
    if (error.code !== 'SESSION_NOT_FOUND') throw error;
    throw new AppError('BUSY', 'A session with this id is just being deleted; try again in a moment.', { retryAfterSeconds: 1 });
  }
};
