import type { Request, Response } from 'express';
import type { Worker } from '../../worker.js';
import { sessionIdOf, type Endpoint } from '../endpoint.js';
import { failureBody, sendData } from '../envelope.js';
import { toAppError } from '../error-handler.js';
import { eventJson } from '../event-json.js';
import { sendEvents } from '../event-stream.js';
import { requestIdOf } from '../request-id.js';
import { EventsHeaders, EventsQuery, parse } from '../schemas.js';
import { iso } from '../session-json.js';

/** Events read at once for a stream. */
const STREAM_PAGE = 50;

/** @param ending ends the streams */
export const eventEndpoints = ({ events }: Worker, ending: AbortSignal): Endpoint[] => [
  {
    method: 'get',
    path: '/session/:id/events',
    handle: async (request, response) => {
      const sessionId = sessionIdOf(request);
      const query = parse(EventsQuery, request.query);
      const { 'last-event-id': last } = parse(EventsHeaders, request.headers);
      response.vary('Accept');
      if (!wantsStream(request)) {
        const { events: found, createdAt, oldest, newest } = await events.page(sessionId, query);
        sendData(response, { events: found.map((event) => eventJson(sessionId, event)), createdAt: iso(createdAt), oldest, newest });
        return;
      }
      // A consumer that connects again repeats its first address; what it says it has got is newer.
      const from = last ?? query.after;
      const page = { limit: STREAM_PAGE, createdAt: query.createdAt };
      const first = await events.page(sessionId, { ...page, after: from });
      const read = async (after: number) => events.page(sessionId, { limit: STREAM_PAGE, createdAt: first.createdAt, after });
      await sendEvents(response, first, from ?? first.oldest - 1, {
        ...{ read, ending },
        subscribe: (listener) => events.subscribe(sessionId, listener),
        json: (event) => eventJson(sessionId, event),
        failure: (error) => failureOf(error, response),
      });
    },
  },
];

/** HEAD is answered like a page: nobody would read a stream. */
const wantsStream = (request: Request): boolean =>
  request.method === 'GET' && request.accepts(['application/json', 'text/event-stream']) === 'text/event-stream';

const failureOf = (error: unknown, response: Response): unknown => failureBody(toAppError(error), requestIdOf(response));
