import type { ErrorCode } from '../../../shared/errors.js';
import type { SessionView, Worker } from '../../worker.js';
import { endpoint, type Endpoint } from '../endpoint.js';
import { NoBody } from '../schemas/fields.js';
import {
  ConnectAnswer,
  CreatedSession,
  CreateSession,
  DoneMessage,
  EXAMPLE_SESSION,
  MoveSession,
  PairingCode,
  PairingCodeAnswer,
  Session,
  SessionPath,
  Sessions,
} from '../schemas/session.js';
import { connectJson, iso, sessionJson } from '../session-json.js';

const ALICE = { id: 'alice' };
const DISCONNECTED = { ...EXAMPLE_SESSION, status: 'disconnected', desired: 'disconnected' } as const;

export const sessionEndpoints = ({ sessions }: Worker): Endpoint[] => [
  endpoint({
    ...{ method: 'post', path: '/session/create', tag: 'sessions' },
    summary: 'Makes a session; connects nothing.',
    body: CreateSession,
    data: CreatedSession,
    errors: ['SESSION_ALREADY_EXISTS', 'AT_CAPACITY', 'STORAGE_UNAVAILABLE', 'DRAINING'],
    examples: {
      alice: {
        body: { sessionId: 'alice', userId: 'user123', sessionName: 'Alice on her phone' },
        data: { sessionId: 'alice', status: 'disconnected', message: 'Session created successfully' },
      },
    },
    handle: async ({ body }) => {
      const { sessionId, status } = await sessions.create(body);
      return { sessionId, status, message: 'Session created successfully' };
    },
  }),
  endpoint({
    ...{ method: 'get', path: '/sessions', tag: 'sessions' },
    summary: 'All sessions.',
    data: Sessions,
    errors: ['STORAGE_UNAVAILABLE'],
    examples: { one: { data: { sessions: [EXAMPLE_SESSION], total: 1 } } },
    handle: () => {
      const list = sessions.list().map(sessionJson);
      return { sessions: list, total: list.length };
    },
  }),
  endpoint({
    ...{ method: 'get', path: '/session/:id/status', tag: 'sessions' },
    summary: 'Status, reason and phone number of a session.',
    params: SessionPath,
    data: Session,
    errors: ['SESSION_NOT_FOUND', 'STORAGE_UNAVAILABLE'],
    examples: { connected: { params: ALICE, data: EXAMPLE_SESSION } },
    handle: ({ params: { id } }) => sessionJson(sessions.get(id)),
  }),
  endpoint({
    ...{ method: 'delete', path: '/session/:id', tag: 'sessions' },
    summary: 'Removes a session with its history; does not unlink its device.',
    params: SessionPath,
    data: DoneMessage,
    envelope: 'flat',
    errors: ['SESSION_NOT_FOUND', 'RUNNER_UNAVAILABLE', 'STORAGE_UNAVAILABLE', 'DRAINING'],
    examples: { bob: { params: { id: 'bob' }, data: { message: 'Session deleted successfully' } } },
    handle: async ({ params: { id } }) => {
      await sessions.delete(id);
      return { message: 'Session deleted successfully' };
    },
  }),
  endpoint({
    ...{ method: 'post', path: '/session/:id/pairing-code', tag: 'sessions' },
    summary: 'A code to type into the phone instead of scanning.',
    params: SessionPath,
    body: PairingCode,
    data: PairingCodeAnswer,
    errors: [...ON_A_RUNNER, 'SESSION_ALREADY_PAIRED', 'QR_NOT_AVAILABLE', 'AT_CAPACITY'],
    examples: {
      bob: {
        params: { id: 'bob' },
        body: { phoneNumber: '+6281200000002' },
        data: { sessionId: 'bob', code: 'MLAR-A38P', raw: 'MLARA38P', expiresAt: '2026-11-22T16:22:33.554Z' },
      },
    },
    handle: async ({ params: { id: sessionId }, body: { phoneNumber } }) => {
      const { code, expiresAt } = await sessions.pairingCode(sessionId, phoneNumber);
      // Shown as the phone shows it; `raw` is what the phone takes.
      return { sessionId, code: code.replace(/^(.{4})(.{4})$/, '$1-$2'), raw: code, expiresAt: iso(expiresAt) };
    },
  }),
  endpoint({
    ...{ method: 'post', path: '/session/:id/move', tag: 'sessions' },
    summary: 'Gives a session to the runner of another slot, without a scan.',
    params: SessionPath,
    body: MoveSession,
    data: Session,
    errors: [...ON_A_RUNNER, 'SESSION_ISOLATED', 'AT_CAPACITY'],
    examples: { 'to slot 1': { params: ALICE, body: { slot: 1 }, data: { ...EXAMPLE_SESSION, slot: 1 } } },
    handle: async ({ params: { id }, body: { slot } }) => sessionJson(await sessions.move(id, slot)),
  }),
  endpoint({
    ...{ method: 'post', path: '/session/:id/connect', tag: 'sessions' },
    summary: 'Connects a session, and keeps it connected; answers with a QR code when it is unpaired.',
    params: SessionPath,
    body: NoBody,
    data: ConnectAnswer,
    errors: [...ON_A_RUNNER, 'AT_CAPACITY', 'STORAGE_CORRUPT'],
    examples: {
      unpaired: {
        params: ALICE,
        data: {
          ...{ sessionId: 'alice', status: 'qr_required', reason: 'qr_shown', attempt: 1 },
          ...{ qrCode: 'data:image/png;base64,iVBORw0KGgo…', expiresAt: '2026-11-22T16:19:43.979Z' },
          message: 'Scan the QR code with WhatsApp on the phone: Settings, Linked devices.',
        },
      },
      paired: {
        params: ALICE,
        data: {
          ...{ sessionId: 'alice', status: 'connected', phoneNumber: '+6281200000001', reason: 'opened' },
          message: 'The session is connected to WhatsApp.',
        },
      },
      'takes longer': { params: ALICE, data: { sessionId: 'alice', status: 'connecting', message: 'Connection initiated' } },
    },
    handle: async ({ params: { id } }) => connectJson(await sessions.connect(id)),
  }),
  action('disconnect', 'Closes the connection of a session and keeps its pairing.', DISCONNECTED, async (id) => sessions.disconnect(id)),
  action('restart', 'Closes the connection of a session and connects it again.', EXAMPLE_SESSION, async (id) => sessions.restart(id)),
  action('logout', 'Unlinks the device of a session and erases its credentials.', DISCONNECTED, async (id) => sessions.logout(id)),
];

const ON_A_RUNNER = [
  ...(['SESSION_NOT_FOUND', 'BUSY', 'RUNNER_UNAVAILABLE', 'DRAINING', 'STORAGE_UNAVAILABLE', 'DEADLINE_EXCEEDED'] as const),
] satisfies ErrorCode[];

const action = (
  verb: string,
  summary: string,
  data: typeof EXAMPLE_SESSION | typeof DISCONNECTED,
  run: (sessionId: string) => Promise<SessionView>,
): Endpoint =>
  endpoint({
    ...{ method: 'post', path: `/session/:id/${verb}`, tag: 'sessions', summary },
    params: SessionPath,
    body: NoBody,
    data: Session,
    errors: ON_A_RUNNER,
    examples: { alice: { params: ALICE, data } },
    handle: async ({ params: { id } }) => sessionJson(await run(id)),
  });
