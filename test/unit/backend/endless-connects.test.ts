import { expect, it, onTestFinished } from 'vitest';
import { EndlessConnects } from '../../../supervisor/backend/endless-connects.js';
import { newSession, type SessionRow } from '../../../supervisor/supervisor-store.js';
import { eventually } from '../../fixtures/eventually.js';
import { quietLog } from '../../fixtures/quiet-log.js';

const row = (sessionId: string, changes: Partial<SessionRow>): SessionRow => ({ ...newSession(sessionId, Date.now()), ...changes });

it('ends a first connect that shows nothing, again when that failed, and no other session', async () => {
  const old = Date.now() - 60_000;
  const rows = [
    row('stuck', { state: 'connecting', since: old }),
    row('fresh', { state: 'connecting' }),
    row('paired', { state: 'connecting', since: old, paired: true }),
    row('shown', { state: 'qr_required', since: old }),
    row('failing', { state: 'error', since: old }),
    row('leaving', { state: 'connecting', since: old, deleting: true }),
  ];
  const ended: string[] = [];
  const connects = new EndlessConnects({
    registry: { rows: () => rows },
    sessions: {
      disconnect: async (sessionId) => {
        ended.push(sessionId);
        return Promise.reject(new Error('not now'));
      },
    },
    log: quietLog(),
    afterMs: 30_000,
    checkMs: 5,
  });
  onTestFinished(() => {
    connects.stop();
  });
  connects.start();
  await eventually(() => ended.length >= 2, 'two tries');
  expect(new Set(ended)).toEqual(new Set(['stuck']));
});
