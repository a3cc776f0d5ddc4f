import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Reason } from '../../../shared/domain/session.js';
import { classifyClose, type CloseAction } from '../../../session-runner/session/close-classifier.js';

const ROWS: [code: number | undefined, waitingForScan: boolean, repeated: boolean, Reason, CloseAction][] = [
  [515, false, false, 'restart_required', 'now'],
  [408, false, false, 'transient', 'backoff'],
  [428, false, false, 'transient', 'backoff'],
  [503, false, false, 'transient', 'backoff'],
  [408, true, false, 'qr_expired', 'stop'],
  [428, true, false, 'transient', 'backoff'],
  [401, false, true, 'logged_out', 'logout'],
  [440, false, false, 'replaced', 'stop'],
  [403, false, false, 'forbidden', 'fail'],
  [405, false, false, 'client_outdated', 'fail'],
  [411, false, false, 'unsupported', 'fail'],
  [500, false, false, 'bad_session', 'backoff'],
  [502, false, false, 'unknown', 'backoff'],
  [0, false, false, 'unknown', 'backoff'],
  [undefined, false, false, 'unknown', 'backoff'],
];

it.each(ROWS)('a close with %s (waiting for a scan: %s, again: %s) is %s: %s', (code, waitingForScan, repeated, reason, action) => {
  expect(classifyClose({ code, waitingForScan, repeated })).toEqual({ reason, action });
});

it('makes sure before it believes in a logout', () => {
  expect(classifyClose({ code: 401, waitingForScan: false, repeated: false }).action).toBe('confirm');
  expect(classifyClose({ code: 401, waitingForScan: false, repeated: true })).toEqual({ reason: 'logged_out', action: 'logout' });
});

it('erases credentials after nothing but a repeated 401', () => {
  const codes = fc.oneof(fc.integer(), fc.constantFrom(401, 403, 440, 500, 515), fc.constant(undefined));
  fc.assert(
    fc.property(codes, fc.boolean(), fc.boolean(), (code, waitingForScan, repeated) => {
      const { action } = classifyClose({ code, waitingForScan, repeated });
      expect(action === 'logout').toBe(code === 401 && repeated);
    }),
  );
});
