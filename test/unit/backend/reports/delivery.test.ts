import { expect, it } from 'vitest';
import { TABLES } from '../../../../supervisor/supervisor-store.js';
import { rowsIn } from '../../store/temp-store.js';
import { plainDialect } from './model-backend.js';
import { reportsSetting, type ReportsSetting } from './reports-setting.js';

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `s${i}`);

const states = ({ backend }: ReportsSetting, sessionId: string): string[] => backend.takenOf(sessionId).map(({ report }) => report.state);

it('tells every change in its order, once the backend knows the worker', async () => {
  const setting = reportsSetting();
  await setting.add('s');
  await setting.connect('s');
  await setting.apply('s', 'retry');
  await setting.apply('s', 'open');
  await setting.advance(60_000);
  expect(setting.backend.calls).toEqual([]);
  expect(setting.reports.status()).toMatchObject({ waiting: 3, paused: expect.stringContaining('does not know') as string });
  expect(setting.reports.status().lagMs).toBeGreaterThan(0);
  setting.reports.start();
  await setting.advance(1_000);
  expect(states(setting, 's')).toEqual(['connected', 'reconnecting', 'connected']);
  expect(setting.reports.status()).toEqual({ waiting: 0, lagMs: 0, dead: 0, paused: undefined });
  expect(rowsIn(setting.store, TABLES.reports)).toEqual([]);
  expect(rowsIn(setting.store, TABLES.reported)).toMatchObject([[['s'], { seq: 5, settledSeq: 5 }]]);
});

it('sends eight at once over all sessions, one of each, and lets each have its turn', async () => {
  const setting = reportsSetting();
  const sessions = names(20);
  await setting.add(...sessions);
  await setting.connect(...sessions);
  for (const name of sessions) await setting.apply(name, 'retry');
  setting.reports.start();
  await setting.advance(10_000);
  expect(setting.backend.mostAtOnce).toBe(8);
  expect(setting.backend.problems).toEqual([]);
  expect(setting.backend.taken.map(({ report }) => report.sessionId)).toEqual([...sessions, ...sessions]);
});

it('lets one report stand for the hundred that the backend missed', async () => {
  const setting = reportsSetting();
  await setting.add('s');
  setting.backend.mode = { failed: undefined };
  setting.reports.start();
  await setting.connect('s');
  for (let i = 0; i < 60; i++) {
    await setting.apply('s', 'retry');
    await setting.apply('s', 'open');
  }
  expect(setting.reports.status().waiting).toBeLessThanOrEqual(100);
  setting.backend.mode = 'ok';
  await setting.advance(60_000);
  const told = setting.backend.takenOf('s').map(({ report }) => report);
  expect(told.reduce((sum, { skipped }) => sum + 1 + skipped, 0)).toBe(121);
  expect(told.filter(({ skipped }) => skipped > 0)).toHaveLength(1);
  expect(told.at(-1)).toMatchObject({ state: 'connected', seq: setting.registry.get('s').seq });
});

it('tells a backend that was configured later of every session but those nobody has connected', async () => {
  const setting = reportsSetting();
  await setting.add('untouched', 'old', 'new');
  await setting.connect('old', 'new');
  await setting.apply('new', 'retry');
  for (const table of [TABLES.reports, TABLES.reported]) {
    await setting.store.commit([...setting.store.range(table, { prefix: ['old'] })].map(({ key }) => ({ table, key, value: undefined })));
  }
  await setting.restart();
  setting.reports.start();
  await setting.advance(1_000);
  expect(setting.backend.taken.map(({ report }) => `${report.sessionId} ${report.state}`).sort()).toEqual([
    ...['new connected', 'new reconnecting', 'old connected'],
  ]);
  await setting.restart();
  setting.reports.start();
  await setting.advance(1_000);
  expect(setting.backend.taken).toHaveLength(3);
});

it('tells how every session is when the backend may have forgotten', async () => {
  const setting = reportsSetting();
  await setting.add('untouched', 'a', 'b');
  setting.reports.start();
  await setting.connect('a', 'b');
  await setting.advance(1_000);
  await setting.reports.tellAll();
  await setting.advance(1_000);
  expect([states(setting, 'untouched'), states(setting, 'a'), states(setting, 'b')]).toEqual([
    ...[[], ['connected', 'connected'], ['connected', 'connected']],
  ]);
});

it('says nothing of a session while it is held, and everything afterwards', async () => {
  const setting = reportsSetting();
  await setting.add('s');
  setting.reports.start();
  const [first, second] = [setting.reports.hold('s'), setting.reports.hold('s')];
  await setting.connect('s');
  first();
  first();
  await setting.advance(60_000);
  expect(setting.backend.calls).toEqual([]);
  second();
  await setting.advance(1_000);
  expect(states(setting, 's')).toEqual(['connected']);
});

it('lets what somebody waits for go before the reports of a ramp', async () => {
  const setting = reportsSetting();
  const sessions = names(20);
  await setting.add(...sessions, 'asked');
  await setting.connect(...sessions);
  setting.reports.hold('asked')();
  await setting.connect('asked');
  setting.reports.start();
  await setting.advance(10_000);
  expect(setting.backend.taken[0]?.report.sessionId).toBe('asked');
  await setting.advance(5 * 60_000);
  for (const name of [...sessions, 'asked']) await setting.apply(name, 'retry');
  await setting.advance(10_000);
  expect(setting.backend.taken.at(-1)?.report.sessionId).toBe('asked');
});

it('sends the newest QR code only, each once, none that expired, and stores none', async () => {
  const setting = reportsSetting();
  await setting.add('s');
  setting.reports.start();
  setting.showQr('s', 'first');
  await setting.apply('s', 'connect');
  setting.showQr('s', 'second');
  await setting.apply('s', 'qr', 'qr_shown');
  await setting.advance(1_000);
  setting.backend.mode = { failed: undefined };
  setting.showQr('s', 'third');
  setting.showQr('s', 'fourth');
  await setting.advance(100);
  setting.showQr('s', 'fifth', 30_000);
  expect(rowsIn(setting.store, TABLES.reports)).toEqual([]);
  setting.backend.mode = 'ok';
  await setting.advance(25_000);
  expect(setting.backend.takenOf('s').map(({ qr }) => qr)).toEqual(['second', 'fifth']);
  setting.backend.mode = { failed: undefined };
  setting.showQr('s', 'sixth', 10_000);
  await setting.advance(15_000);
  setting.backend.mode = 'ok';
  await setting.advance(60_000);
  expect(setting.backend.takenOf('s').map(({ qr }) => qr)).toEqual(['second', 'fifth']);
});

it('lets a report of a QR code go without it once it expired', async () => {
  const setting = reportsSetting();
  await setting.add('s');
  await setting.apply('s', 'connect');
  setting.showQr('s', 'old', 1_000);
  await setting.apply('s', 'qr', 'qr_shown');
  await setting.advance(2_000);
  setting.reports.start();
  await setting.advance(1_000);
  expect(setting.backend.taken).toMatchObject([{ report: { state: 'qr_required' }, qr: undefined }]);
});

it('forgets a deleted session, also what is on its way, and begins anew with one of its name', async () => {
  const setting = reportsSetting();
  await setting.add('s');
  setting.reports.start();
  await setting.connect('s');
  await setting.apply('s', 'retry');
  await setting.settle();
  await setting.registry.update('s', { deleting: true });
  await setting.store.commit([...setting.store.range(TABLES.reports)].map(({ key }) => ({ table: TABLES.reports, key, value: undefined })));
  await setting.registry.remove('s');
  expect(setting.reports.status().waiting).toBe(0);
  await setting.add('s');
  await setting.connect('s');
  await setting.advance(1_000);
  expect(setting.backend.problems).toEqual([]);
  expect(setting.backend.taken.map(({ report }) => report.seq)).toEqual([3, 3]);
  expect(rowsIn(setting.store, TABLES.reported)).toMatchObject([[['s'], { seq: 3 }]]);
});

it('delivers what it can when it stops, and the rest after the next start', async () => {
  const setting = reportsSetting();
  await setting.add('a', 'b');
  setting.reports.start();
  setting.backend.modes.set('b', { failed: 500 });
  await setting.connect('a', 'b');
  const stopped = setting.reports.stop(1_000);
  await setting.advance(100);
  await stopped;
  expect(setting.time.waiting).toBe(0);
  expect(setting.backend.taken.map(({ report }) => report.sessionId)).toEqual(['a']);
  await setting.apply('b', 'retry');
  setting.backend.modes.clear();
  await setting.restart();
  setting.reports.start();
  await setting.advance(1_000);
  expect(states(setting, 'b')).toEqual(['connected', 'reconnecting']);
});

it('does not wait longer for the backend than it may when it stops', async () => {
  const setting = reportsSetting();
  await setting.add('s');
  setting.reports.start();
  setting.backend.mode = 'hang';
  await setting.connect('s');
  const stopped = setting.reports.stop(1_000);
  await setting.advance(1_000);
  await stopped;
  expect(rowsIn(setting.store, TABLES.reports)).toHaveLength(1);
});

it('tells of a change whose commit failed as soon as the disk takes it, and asks no second time meanwhile', async () => {
  const setting = reportsSetting();
  await setting.add('s');
  setting.reports.start();
  await setting.connect('s');
  setting.store.failing = true;
  await setting.advance(5_000);
  await expect(setting.apply('s', 'retry')).rejects.toThrow('full');
  await setting.advance(5_000);
  expect(setting.backend.calls).toHaveLength(1);
  setting.store.failing = false;
  await setting.advance(60_000);
  expect(states(setting, 's')).toEqual(['connected', 'reconnecting']);
});

it('keeps only the latest for a backend that wants no more', async () => {
  const setting = reportsSetting({ dialect: { ...plainDialect, latestOnly: true } });
  await setting.add('s');
  await setting.connect('s');
  await setting.apply('s', 'retry');
  expect(setting.reports.status().waiting).toBe(1);
  setting.reports.start();
  await setting.advance(1_000);
  expect(states(setting, 's')).toEqual(['reconnecting']);
});
