import { z } from 'zod';

export const SESSION_STATES = ['disconnected', 'connecting', 'qr_required', 'connected', 'reconnecting', 'logged_out', 'error'] as const;
export type SessionState = (typeof SESSION_STATES)[number];

/** What happened to a session, reduced to what the table needs. */
export const SESSION_EVENTS = ['connect', 'qr', 'open', 'retry', 'stop', 'logout', 'fail', 'note', 'explain'] as const;
export type SessionEvent = (typeof SESSION_EVENTS)[number];

const ending = { stop: 'disconnected', logout: 'logged_out', fail: 'error' } as const;

/** Every allowed arrow; a missing one means the event changes nothing in that state. */
const ARROWS: Record<SessionState, Partial<Record<SessionEvent, SessionState>>> = {
  disconnected: { connect: 'connecting', logout: 'logged_out', fail: 'error' },
  connecting: { qr: 'qr_required', open: 'connected', retry: 'reconnecting', explain: 'connecting', ...ending },
  qr_required: { connect: 'connecting', open: 'connected', retry: 'reconnecting', ...ending },
  connected: { retry: 'reconnecting', note: 'connected', ...ending },
  reconnecting: { qr: 'qr_required', open: 'connected', explain: 'reconnecting', ...ending },
  logged_out: { connect: 'connecting' },
  error: { connect: 'connecting', open: 'connected', qr: 'qr_required', stop: 'disconnected', logout: 'logged_out' },
};

/** The state after `event`, or undefined when the event changes nothing. */
export const next = (state: SessionState, event: SessionEvent): SessionState | undefined => ARROWS[state][event];

/** Why a state was entered; with one sentence for a person. */
export const REASONS = {
  created: 'The session was created and is not connected yet.',
  connect_requested: 'A connect was asked for.',
  resumed: 'The worker started again and resumes the session.',
  qr_shown: 'Scan the QR code with WhatsApp on the phone: Settings, Linked devices.',
  opened: 'The session is connected to WhatsApp.',
  restart_required: 'WhatsApp asked for a new connection, which is normal after pairing.',
  transient: 'The connection was lost and is being made again.',
  runner_lost: 'The process that held this session ended; the session is being connected again.',
  moved: 'The session is being moved to another process of this worker and is connected again in a moment.',
  ack_timeout: 'WhatsApp did not confirm a message in time; the connection is being made again.',
  deaf: 'Nothing came in from WhatsApp for unusually long; the connection is being made again.',
  proxy_failed: 'The proxy of the session made no connection; check its address, user and password in the settings. It is tried again.',
  proxy_changed: 'The proxy of the session was changed; the connection is being made again.',
  qr_expired: 'Nobody scanned the QR code in time; ask for a connect to get a new one.',
  reach_out_limited:
    'WhatsApp limits this account: for now it may write only to people who wrote to it. Send less to strangers; the status says until when.',
  reach_out_lifted: 'WhatsApp allows this account to write to new people again.',
  disconnect_requested: 'A disconnect was asked for.',
  logout_requested: 'A logout was asked for and the credentials are erased; a phone that could not be told still lists the device.',
  logged_out: 'The device was unlinked from the phone; connect to pair again.',
  replaced: 'Another connection with the same identity took over; connect again only if that one is gone.',
  forbidden: 'WhatsApp refused this account; check the account on the phone.',
  client_outdated: 'WhatsApp refused this client version; set WA_VERSION to a current one.',
  unsupported: 'WhatsApp says multi-device is not available for this account.',
  passkey_required: 'The phone demands a passkey for linking; turn the passkey off in WhatsApp settings, then connect again.',
  storage_unavailable:
    'The disk of the worker takes no writes, so nothing can be received safely; storage in /health says why. The connection is made again.',
  storage_corrupt: 'What the object store holds of this session is damaged and was left as it is; log it out to pair again, or delete it.',
  crash_loop:
    'The work for this session crashed its process again and again; it was stopped to protect the others. Connect tries it again, in a process of its own.',
  bad_session: 'WhatsApp reported a bad session; it is retried with growing pauses.',
  unknown: 'The connection closed for an unknown reason; it is retried with growing pauses.',
} as const;
export type Reason = keyof typeof REASONS;
export const Reason = z.enum(Object.keys(REASONS) as [Reason, ...Reason[]]);

/** What the backend and the clients of the guide see. */
export type OutwardStatus = 'disconnected' | 'qr_required' | 'connected' | 'reconnecting' | 'error';

/**
 * One table for status, heartbeat, reports and metrics alike.
 * @param everConnected whether this pairing was open at least once: a first connect is not yet a reconnect
 */
export const outwardStatus = (state: SessionState, everConnected: boolean): OutwardStatus => {
  switch (state) {
    case 'disconnected':
    case 'logged_out':
      return 'disconnected';
    case 'connecting':
      return everConnected ? 'reconnecting' : 'disconnected';
    case 'reconnecting':
    case 'qr_required':
    case 'connected':
    case 'error':
      return state;
  }
};
