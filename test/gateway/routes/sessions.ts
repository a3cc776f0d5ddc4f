import type { Request } from 'express';
import { z } from 'zod';
import { SessionName } from '../dialects/body-parts.js';
import type { Dialect } from '../dialects/dialect.js';
import { ok, parse, type Answer, type Endpoint } from '../endpoint.js';
import { GatewayError } from '../gateway-error.js';
import type { GatewaySessions } from '../gateway-sessions.js';
import type { SessionRecord } from '../gateway-state.js';
import type { GatewayStore } from '../gateway-store.js';
import type { RequestStatistics } from '../request-statistics.js';

const CreateSession = z.object({ name: z.string().trim().min(1).max(255), sessionId: SessionName.optional() });
const SessionPath = z.object({ id: SessionName });
const AnyBody = z.record(z.string(), z.unknown());
/** A send may carry media in base64. */
const SEND_LIMIT_BYTES = 10 * 1024 * 1024;

export const sessionEndpoints = (sessions: GatewaySessions, store: GatewayStore, dialect: Dialect): Endpoint[] => {
  const base = `${dialect.api}/sessions`;
  const of = ({ params }: Request): SessionRecord => {
    const { id } = parse(SessionPath, params);
    const session = store.sessions.get(id);
    if (!session) throw new GatewayError('SESSION_NOT_FOUND', `There is no session ${id}.`);
    return session;
  };
  const row = (
    name: string,
    method: Endpoint['method'],
    path: string,
    handle: (session: SessionRecord, request: Request) => Answer | Promise<Answer>,
  ): Endpoint => ({
    kind: `sessions.${name}`,
    method,
    path: `${base}/:id${path}`,
    access: 'user',
    handle: async (request) => handle(of(request), request),
  });
  return [
    {
      kind: 'sessions.list',
      method: 'get',
      path: base,
      access: 'user',
      handle: () => {
        const list = [...store.sessions.values()].map((session) => sessions.json(session));
        return ok({ sessions: list, total: list.length });
      },
    },
    {
      kind: 'sessions.create',
      method: 'post',
      path: base,
      access: 'user',
      handle: async ({ body }, userId) => {
        const { name, sessionId } = parse(CreateSession, body ?? {});
        return sessions.create(userId, name, sessionId);
      },
    },
    row('connect', 'post', '/connect', async (session) => sessions.connect(session)),
    row('qr', 'get', '/qr', async (session) => sessions.qr(session)),
    row('status', 'get', '/status', async (session) => sessions.status(session)),
    {
      ...row('send', 'post', '/send', async (session, request) =>
        sessions.send(session, parse(AnyBody, request.body ?? {}), request.get('idempotency-key')),
      ),
      bodyLimitBytes: SEND_LIMIT_BYTES,
    },
    row('messages', 'get', '/messages', async (session, { originalUrl }) => sessions.messages(session, queryOf(originalUrl))),
    row('remove', 'delete', '', async (session) => sessions.remove(session)),
  ];
};

export const reportEndpoints = (store: GatewayStore, statistics: RequestStatistics, dialect: Dialect): Endpoint[] => [
  {
    kind: 'sessions.reports',
    method: 'get',
    path: `${dialect.api}/sessions/:id/reports`,
    access: 'user',
    handle: ({ params }) => {
      const { id } = parse(SessionPath, params);
      const reports = store.reports(id);
      // Reports of a session that is deleted, or was never known, can still be read.
      if (reports.length === 0 && !store.sessions.has(id)) throw new GatewayError('SESSION_NOT_FOUND', `There is no session ${id}.`);
      const list = reports.map(({ arrivedAt, ...report }) => ({ ...report, arrivedAt: new Date(arrivedAt).toISOString() }));
      return ok({ sessionId: id, reports: list, total: list.length });
    },
  },
  {
    kind: 'reports.statistics',
    method: 'get',
    path: `${dialect.api}/reports/statistics`,
    access: 'user',
    handle: () => ok(statistics.json()),
  },
];

/** The query as it came, with its question mark. */
const queryOf = (originalUrl: string): string => {
  const at = originalUrl.indexOf('?');
  return at === -1 ? '' : originalUrl.slice(at);
};
