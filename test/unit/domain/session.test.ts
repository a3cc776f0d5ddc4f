import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  next,
  outwardStatus,
  Reason,
  REASONS,
  SESSION_EVENTS,
  SESSION_STATES,
  type OutwardStatus,
  type SessionEvent,
  type SessionState,
} from '../../../shared/domain/session.js';

const ARROWS: [from: SessionState, event: SessionEvent, to: SessionState][] = [
  ['disconnected', 'connect', 'connecting'],
  ['disconnected', 'logout', 'logged_out'],
  ['disconnected', 'fail', 'error'],
  ['connecting', 'qr', 'qr_required'],
  ['connecting', 'open', 'connected'],
  ['connecting', 'retry', 'reconnecting'],
  ['connecting', 'explain', 'connecting'],
  ['connecting', 'stop', 'disconnected'],
  ['connecting', 'logout', 'logged_out'],
  ['connecting', 'fail', 'error'],
  ['qr_required', 'connect', 'connecting'],
  ['qr_required', 'open', 'connected'],
  ['qr_required', 'retry', 'reconnecting'],
  ['qr_required', 'stop', 'disconnected'],
  ['qr_required', 'logout', 'logged_out'],
  ['qr_required', 'fail', 'error'],
  ['connected', 'retry', 'reconnecting'],
  ['connected', 'note', 'connected'],
  ['connected', 'stop', 'disconnected'],
  ['connected', 'logout', 'logged_out'],
  ['connected', 'fail', 'error'],
  ['reconnecting', 'qr', 'qr_required'],
  ['reconnecting', 'open', 'connected'],
  ['reconnecting', 'explain', 'reconnecting'],
  ['reconnecting', 'stop', 'disconnected'],
  ['reconnecting', 'logout', 'logged_out'],
  ['reconnecting', 'fail', 'error'],
  ['logged_out', 'connect', 'connecting'],
  ['error', 'connect', 'connecting'],
  ['error', 'open', 'connected'],
  ['error', 'qr', 'qr_required'],
  ['error', 'stop', 'disconnected'],
  ['error', 'logout', 'logged_out'],
];

it.each(ARROWS)('%s, %s → %s', (from, event, to) => {
  expect(next(from, event)).toBe(to);
});

it('has no other arrow', () => {
  const known = new Set(ARROWS.map(([from, event]) => `${from} ${event}`));
  for (const from of SESSION_STATES)
    for (const event of SESSION_EVENTS) if (!known.has(`${from} ${event}`)) expect(next(from, event), `${from} ${event}`).toBeUndefined();
});

const after = (from: SessionState, events: readonly SessionEvent[]): SessionState =>
  events.reduce((state, event) => next(state, event) ?? state, from);
const anyEvents = fc.array(fc.constantFrom(...SESSION_EVENTS));
const anyState = fc.constantFrom(...SESSION_STATES);

it('never leads out of the table', () => {
  fc.assert(
    fc.property(anyState, anyEvents, (from, events) => {
      expect(SESSION_STATES).toContain(after(from, events));
    }),
  );
});

it('leaves a logged-out session only when somebody connects it', () => {
  fc.assert(
    fc.property(
      anyEvents.map((events) => events.filter((event) => event !== 'connect')),
      (events) => {
        expect(after('logged_out', events)).toBe('logged_out');
      },
    ),
  );
});

it('lets every state be stopped or logged out, and connected from wherever nothing runs', () => {
  for (const state of SESSION_STATES) {
    expect(['disconnected', 'logged_out']).toContain(after(state, ['stop']));
    expect(after(state, ['logout'])).toBe('logged_out');
  }
  for (const state of ['disconnected', 'logged_out', 'error'] as const) expect(next(state, 'connect')).toBe('connecting');
});

const OUTWARD: [SessionState, first: OutwardStatus, again: OutwardStatus][] = [
  ['disconnected', 'disconnected', 'disconnected'],
  ['logged_out', 'disconnected', 'disconnected'],
  ['connecting', 'disconnected', 'reconnecting'],
  ['reconnecting', 'reconnecting', 'reconnecting'],
  ['qr_required', 'qr_required', 'qr_required'],
  ['connected', 'connected', 'connected'],
  ['error', 'error', 'error'],
];

it.each(OUTWARD)('%s is shown as %s before a session was ever open, as %s after', (state, first, again) => {
  expect(outwardStatus(state, false)).toBe(first);
  expect(outwardStatus(state, true)).toBe(again);
});

it('shows every state', () => {
  expect(OUTWARD.map(([state]) => state).sort()).toEqual([...SESSION_STATES].sort());
});

it('has one sentence for every reason', () => {
  for (const [reason, sentence] of Object.entries(REASONS)) {
    expect(Reason.parse(reason)).toBe(reason);
    expect(sentence).toMatch(/^[A-Z].*\.$/);
  }
  expect(Reason.safeParse('toString').success).toBe(false);
});
