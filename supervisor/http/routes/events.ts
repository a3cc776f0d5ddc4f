import type { Request, Response } from 'express';
import { AppError } from '../../../shared/errors.js';
import type { Worker } from '../../worker.js';
import { ANSWERED, endpoint, type Endpoint } from '../endpoint.js';
import { failureBody } from '../envelope.js';
import { toAppError } from '../error-handler.js';
import { eventJson } from '../event-json.js';
import { sendEvents } from '../event-stream.js';
import { PresenceEvents } from '../presence-events.js';
import { requestIdOf } from '../request-id.js';
import { EventsHeaders, EventsPage, EventsQuery } from '../schemas/event.js';
import { EXAMPLE_MESSAGE } from '../schemas/message.js';
import { SessionPath } from '../schemas/session.js';
import { iso } from '../session-json.js';

/** Events read at once for a stream. */
const STREAM_PAGE = 50;

/** @param ending ends the streams */
export const eventEndpoints = ({ events }: Worker, ending: AbortSignal): Endpoint[] => [
  endpoint({
    ...{ method: 'get', path: '/session/:id/events', tag: 'events' },
    summary: 'What happened to a session, in order, as pages or as a stream.',
    params: SessionPath,
    query: EventsQuery,
    headers: EventsHeaders,
    data: EventsPage,
    forms: { 'text/event-stream': 'server-sent events that go on as things happen.' },
    errors: ['SESSION_NOT_FOUND', 'EVENTS_GONE', 'STORAGE_UNAVAILABLE'],
    examples: {
      page: {
        params: { id: 'alice' },
        query: { after: 6, limit: 2 },
        data: {
          events: [
            {
              ...{ sessionId: 'alice', seq: 7, type: 'message', at: '2026-11-22T16:19:13.301Z' },
              ...{ messageId: EXAMPLE_MESSAGE.id, message: EXAMPLE_MESSAGE },
            },
            {
              ...{ sessionId: 'alice', seq: 8, type: 'message.status', at: '2026-11-22T16:19:13.362Z' },
              ...{ messageId: EXAMPLE_MESSAGE.id, status: 'sent' },
            },
          ],
          ...{ createdAt: '2026-11-22T16:18:02.942Z', oldest: 1, newest: 12 },
        },
      },
    },
    handle: async ({ params: { id: sessionId }, query, headers: { 'last-event-id': last } }, { request, response }) => {
      response.vary('Accept');
      if (!wantsStream(request)) {
        if (query.include !== undefined)
          throw new AppError('INVALID_REQUEST', 'Presences are told by a stream only; ask for text/event-stream.');
        const { events: found, createdAt, oldest, newest } = await events.page(sessionId, query);
        return { events: found.map((event) => eventJson(sessionId, event)), createdAt: iso(createdAt), oldest, newest };
      }
      // A consumer that connects again repeats its first address; what it says it has got is newer.
      const from = last ?? query.after;
      const page = { limit: STREAM_PAGE, createdAt: query.createdAt };
      const first = await events.page(sessionId, { ...page, after: from });
      const read = async (after: number) => events.page(sessionId, { limit: STREAM_PAGE, createdAt: first.createdAt, after });
      const presences = query.include === 'presence' ? new PresenceEvents(sessionId) : undefined;
      await sendEvents(response, first, from ?? first.oldest - 1, {
        ...{ read, ending, presences },
        subscribe: (listener) => {
          const ends = [events.subscribe(sessionId, listener), presences && events.presences(sessionId, presences.adding(listener))];
          return () => {
            for (const end of ends) end?.();
          };
        },
        json: (event) => eventJson(sessionId, event),
        failure: (error) => failureOf(error, response),
      });
      return ANSWERED;
    },
  }),
];

/** HEAD is answered like a page: nobody would read a stream. */
const wantsStream = (request: Request): boolean =>
  request.method === 'GET' && request.accepts(['application/json', 'text/event-stream']) === 'text/event-stream';

const failureOf = (error: unknown, response: Response): unknown => failureBody(toAppError(error), requestIdOf(response));
