import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadScore, type Load } from '../../gateway/load-score.js';

const IDLE: Load = {
  status: 'ONLINE',
  sessions: 0,
  maxSessions: 50,
  breakdown: { error: 0, reconnecting: 0, qr_required: 0 },
  cpuUsage: 0,
  memoryUsage: 0,
  silentMs: 0,
  staleMs: 120_000,
};

const troubled = (breakdown: Partial<Load['breakdown']>): Load => ({ ...IDLE, breakdown: { ...IDLE.breakdown, ...breakdown } });

describe('the load score', () => {
  test.each<[string, Load, Partial<ReturnType<typeof loadScore>>]>([
    ['an idle worker scores nothing', IDLE, { capacity: 0, health: 0, resources: 0, stability: 0, qrPenalty: 0, total: 0 }],
    ['half full is 50 points of capacity', { ...IDLE, sessions: 25 }, { capacity: 50, total: 50 }],
    ['one place left is still a candidate', { ...IDLE, sessions: 49 }, { capacity: 98 }],
    ['one session in trouble of room for fifty is 5 points', troubled({ error: 1 }), { health: 5 }],
    ['reconnecting counts as errors do', troubled({ error: 1, reconnecting: 2 }), { health: 15 }],
    ['a fifth of the room in trouble is all 50 points', troubled({ reconnecting: 10 }), { health: 50 }],
    ['more trouble than that stays at 50', troubled({ error: 40 }), { health: 50 }],
    ['a busy processor is 25 points', { ...IDLE, cpuUsage: 100 }, { resources: 25 }],
    ['so is full memory', { ...IDLE, memoryUsage: 100 }, { resources: 25 }],
    ['both together are 50', { ...IDLE, cpuUsage: 100, memoryUsage: 100 }, { resources: 50 }],
    ['half the time to stale is half of 25', { ...IDLE, silentMs: 60_000 }, { stability: 12.5 }],
    ['a session that shows a QR code is 2 points', troubled({ qr_required: 1 }), { qrPenalty: 2 }],
    ['many of them are at most 25', troubled({ qr_required: 40 }), { qrPenalty: 25 }],
  ])('%s', (_name, load, expected) => {
    expect(loadScore(load)).toMatchObject(expected ?? {});
  });

  test.each<[string, Partial<Load>]>([
    ['offline', { status: 'OFFLINE' }],
    ['in maintenance', { status: 'MAINTENANCE' }],
    ['full', { sessions: 50 }],
    ['over-full', { sessions: 51 }],
    ['without any room', { maxSessions: 0 }],
    ['stale', { silentMs: 120_000 }],
  ])('a worker that is %s is no candidate', (_name, change) => {
    expect(loadScore({ ...IDLE, ...change })).toBeUndefined();
  });

  const loads = fc.record({
    status: fc.constant('ONLINE' as const),
    sessions: fc.nat(1_200),
    maxSessions: fc.integer({ min: 1, max: 1_000 }),
    breakdown: fc.record({ error: fc.nat(1_000), reconnecting: fc.nat(1_000), qr_required: fc.nat(1_000) }),
    cpuUsage: fc.double({ min: 0, max: 100, noNaN: true }),
    memoryUsage: fc.double({ min: 0, max: 100, noNaN: true }),
    silentMs: fc.nat(150_000),
    staleMs: fc.constant(120_000),
  });

  test('every part stays within its bounds, and the total is their sum', () => {
    fc.assert(
      fc.property(loads, (load) => {
        const score = loadScore(load);
        if (!score) return;
        const { capacity, health, resources, stability, qrPenalty, total } = score;
        const bounds = [100, 50, 50, 25, 25];
        for (const [at, part] of [capacity, health, resources, stability, qrPenalty].entries()) {
          expect(part).toBeGreaterThanOrEqual(0);
          expect(part).toBeLessThanOrEqual(bounds[at] ?? 0);
        }
        expect(total).toBeCloseTo(capacity + health + resources + stability + qrPenalty, 9);
      }),
    );
  });

  const WORSE: Record<string, (load: Load, by: number) => Load> = {
    'more sessions': (load, by) => ({ ...load, sessions: load.sessions + by }),
    'less room': (load, by) => ({ ...load, maxSessions: Math.max(1, load.maxSessions - by) }),
    'more errors': (load, by) => ({ ...load, breakdown: { ...load.breakdown, error: load.breakdown.error + by } }),
    'more reconnecting': (load, by) => ({ ...load, breakdown: { ...load.breakdown, reconnecting: load.breakdown.reconnecting + by } }),
    'more QR codes': (load, by) => ({ ...load, breakdown: { ...load.breakdown, qr_required: load.breakdown.qr_required + by } }),
    'a busier processor': (load, by) => ({ ...load, cpuUsage: Math.min(100, load.cpuUsage + by) }),
    'fuller memory': (load, by) => ({ ...load, memoryUsage: Math.min(100, load.memoryUsage + by) }),
    'a longer silence': (load, by) => ({ ...load, silentMs: load.silentMs + by * 100 }),
  };

  test.each(Object.entries(WORSE))('%s never makes a worker look better', (_name, worsen) => {
    fc.assert(
      fc.property(loads, fc.nat(500), (load, by) => {
        // Who is no candidate is worse than everybody.
        const total = (of: Load): number => loadScore(of)?.total ?? Number.POSITIVE_INFINITY;
        expect(total(worsen(load, by))).toBeGreaterThanOrEqual(total(load) - 1e-9);
      }),
    );
  });
});
