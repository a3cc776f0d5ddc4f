import type { Response } from 'express';
import { AppError, messageOf } from '../../../../shared/errors.js';
import type { Logger } from '../../../../shared/logging.js';
import type { Sessions, SessionView, Worker } from '../../../worker.js';
import { sessionIdOf, type Endpoint } from '../../endpoint.js';
import { CreateSession, NoBody, parse } from '../../schemas.js';
import { sendTwice, whatsamSessionJson } from './answer.js';

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
  const action = (verb: string, run: (sessionId: string) => Promise<SessionView>): Endpoint => ({
    method: 'post',
    path: `/api/sessions/:id/${verb}`,
    handle: async (request, response) => {
      const sessionId = sessionIdOf(request);
      parse(NoBody, request.body ?? {});
      sendTwice(response, whatsamSessionJson(await run(sessionId)));
    },
  });
  return [
    {
      method: 'post',
      path: '/api/sessions/start',
      handle: async (request, response) => {
        const input = parse(CreateSession, request.body ?? {});
        untilStored(response, holdReports(input.sessionId));
        await createUnlessKnown(sessions, input);
        sendTwice(response, whatsamSessionJson(await soon(input.sessionId, connect(sessions, input.sessionId))));
      },
    },
    {
      method: 'post',
      path: '/api/sessions/:id/restart',
      handle: async (request, response) => {
        const sessionId = sessionIdOf(request);
        parse(NoBody, request.body ?? {});
        untilStored(response, holdReports(sessionId));
        sendTwice(response, whatsamSessionJson(await soon(sessionId, sessions.restart(sessionId))));
      },
    },
    {
      method: 'get',
      path: '/api/sessions/:id/status',
      handle: (request, response) => {
        sendTwice(response, whatsamSessionJson(sessions.get(sessionIdOf(request))));
      },
    },
    {
      method: 'delete',
      path: '/api/sessions/:id',
      handle: async (request, response) => {
        const sessionId = sessionIdOf(request);
        await sessions.delete(sessionId);
        sendTwice(response, { sessionId, message: 'Session deleted successfully' });
      },
    },
    action('disconnect', async (sessionId) => sessions.disconnect(sessionId)),
    action('logout', async (sessionId) => sessions.logout(sessionId)),
  ];
};

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
