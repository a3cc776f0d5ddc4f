import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SESSION_EVENTS } from '../../../shared/domain/session.js';
import { takePulse } from '../../../supervisor/backend/pulse.js';
import { Registry } from '../../../supervisor/placement/registry.js';
import { openSupervisorStore } from '../../../supervisor/supervisor-store.js';
import { silent } from '../shared/logged.js';
import { closing, tempFolder } from '../store/temp-store.js';

const LOAD = { cpuPercent: 12.5, memoryPercent: 50.1, memory: undefined };
const IDS = ['a', 'b', 'c', 'd', 'e'];
const pulseOf = (registry: Registry) => takePulse({ rows: registry.rows(), maxSessions: 50, load: LOAD, uptime: 12.9, messageCount: 7 });

it('gives the figures as they are', async () => {
  const registry = new Registry(closing(await openSupervisorStore(tempFolder())), silent);
  expect(pulseOf(registry)).toMatchObject({
    breakdown: { total: 0, connected: 0, disconnected: 0, qr_required: 0, reconnecting: 0, error: 0, maxSessions: 50 },
    cpuUsage: 12.5,
    memoryUsage: 50.1,
    uptime: 12,
    messageCount: 7,
  });
});

it('has parts that sum to the total and agree with what each session shows, whatever happened to them', async () => {
  const step = fc.record({
    sessionId: fc.constantFrom(...IDS),
    what: fc.oneof(fc.constantFrom(...SESSION_EVENTS), fc.constantFrom('add', 'delete', 'remove', 'paired')),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const store = await openSupervisorStore(tempFolder());
      const registry = new Registry(store, silent);
      try {
        for (const { sessionId, what } of steps) {
          if (what === 'add') await registry.add({ sessionId, userId: undefined, sessionName: undefined }).catch(() => undefined);
          else if (what === 'delete') await registry.update(sessionId, { deleting: true });
          else if (what === 'remove') await registry.remove(sessionId);
          else if (what === 'paired') await registry.update(sessionId, { everConnected: true, jid: '15550000001:3@s.whatsapp.net' });
          else await registry.apply(sessionId, what, 'unknown');
          const { breakdown, sessions } = pulseOf(registry);
          const { total, maxSessions, ...parts } = breakdown;
          const shown = registry.rows().flatMap(({ sessionId: id, deleting }) => (deleting ? [] : [registry.view(id)]));
          expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBe(total);
          expect([total, maxSessions]).toEqual([shown.length, 50]);
          for (const [status, count] of Object.entries(parts)) expect(shown.filter((view) => view.status === status)).toHaveLength(count);
          expect(sessions().map(({ sessionId: id, status, phoneNumber }) => [id, status, phoneNumber])).toEqual(
            shown.map((view) => [view.sessionId, view.status, view.phoneNumber]),
          );
        }
      } finally {
        await store.close();
      }
    }),
    { numRuns: 40 },
  );
});
