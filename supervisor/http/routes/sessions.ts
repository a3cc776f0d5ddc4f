import type { SessionView, Worker } from '../../worker.js';
import { sessionIdOf, type Endpoint } from '../endpoint.js';
import { sendData, sendMessage } from '../envelope.js';
import { CreateSession, MoveSession, NoBody, PairingCode, parse } from '../schemas.js';
import { connectJson, iso, sessionJson } from '../session-json.js';

export const sessionEndpoints = ({ sessions }: Worker): Endpoint[] => [
  {
    method: 'post',
    path: '/session/create',
    handle: async (request, response) => {
      const { sessionId, status } = await sessions.create(parse(CreateSession, request.body ?? {}));
      sendData(response, { sessionId, status, message: 'Session created successfully' });
    },
  },
  {
    method: 'get',
    path: '/sessions',
    handle: (_request, response) => {
      const list = sessions.list().map(sessionJson);
      sendData(response, { sessions: list, total: list.length });
    },
  },
  {
    method: 'get',
    path: '/session/:id/status',
    handle: (request, response) => {
      sendData(response, sessionJson(sessions.get(sessionIdOf(request))));
    },
  },
  {
    method: 'delete',
    path: '/session/:id',
    handle: async (request, response) => {
      await sessions.delete(sessionIdOf(request));
      sendMessage(response, 'Session deleted successfully');
    },
  },
  {
    method: 'post',
    path: '/session/:id/pairing-code',
    handle: async (request, response) => {
      const sessionId = sessionIdOf(request);
      const { phoneNumber } = parse(PairingCode, request.body ?? {});
      const { code, expiresAt } = await sessions.pairingCode(sessionId, phoneNumber);
      // Shown as the phone shows it; `raw` is what the phone takes.
      sendData(response, { sessionId, code: code.replace(/^(.{4})(.{4})$/, '$1-$2'), raw: code, expiresAt: iso(expiresAt) });
    },
  },
  {
    method: 'post',
    path: '/session/:id/move',
    handle: async (request, response) => {
      const sessionId = sessionIdOf(request);
      const { slot } = parse(MoveSession, request.body ?? {});
      sendData(response, sessionJson(await sessions.move(sessionId, slot)));
    },
  },
  action('connect', async (sessionId) => sessions.connect(sessionId), connectJson),
  action('disconnect', async (sessionId) => sessions.disconnect(sessionId), sessionJson),
  action('restart', async (sessionId) => sessions.restart(sessionId), sessionJson),
  action('logout', async (sessionId) => sessions.logout(sessionId), sessionJson),
];

const action = (
  verb: string,
  run: (sessionId: string) => Promise<SessionView>,
  show: (view: SessionView) => Record<string, unknown>,
): Endpoint => ({
  method: 'post',
  path: `/session/:id/${verb}`,
  handle: async (request, response) => {
    const sessionId = sessionIdOf(request);
    parse(NoBody, request.body ?? {});
    sendData(response, show(await run(sessionId)));
  },
});
