import { expect, it } from 'vitest';
import { reportsSetting, type ReportsSetting } from './reports-setting.js';

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `s${i}`);
const logged = ({ log }: ReportsSetting, level: string): unknown[] => log.lines().filter((line) => line['level'] === level);

/** Sessions that are connected and told, at a backend that then does as `mode` says. */
const connected = async (count: number): Promise<ReportsSetting> => {
  const setting = reportsSetting();
  await setting.add(...names(count));
  setting.reports.start();
  await setting.connect(...names(count));
  await setting.advance(10_000);
  setting.backend.calls.length = 0;
  setting.backend.taken.length = 0;
  return setting;
};

it.each([
  ['answers 503', { failed: 503 }],
  ['asks for patience', { failed: 503, retryAfterMs: 20_000 }],
  ['cannot be reached', { failed: undefined }],
  ['limits the rate', { failed: 429 }],
])('asks a backend that %s for ten minutes not even twice as often as it has reports', async (_name, mode) => {
  const setting = await connected(50);
  setting.backend.mode = mode;
  for (let round = 0; round < 10; round++) {
    for (const name of names(50)) await setting.apply(name, round % 2 === 0 ? 'retry' : 'open');
    await setting.advance(60_000);
  }
  setting.backend.mode = 'ok';
  await setting.advance(60_000);
  expect(setting.backend.taken).toHaveLength(500);
  expect(setting.backend.calls.length).toBeLessThanOrEqual(2 * 500);
  expect(setting.backend.calls.length - 500).toBeLessThanOrEqual(60);
  expect(setting.reports.status()).toMatchObject({ waiting: 0, dead: 0, paused: undefined });
  expect(logged(setting, 'warn')).toHaveLength(1);
});

it('lets one session try for all, another one each time', async () => {
  const setting = await connected(10);
  setting.backend.mode = { failed: undefined };
  for (const name of names(10)) await setting.apply(name, 'retry');
  await setting.advance(20_000);
  const probes = setting.backend.calls.slice(8);
  expect(probes.length).toBeGreaterThan(3);
  for (const [i, { report, at }] of probes.entries()) {
    expect(report.sessionId).not.toBe(probes[i + 1]?.report.sessionId);
    expect(at).not.toBe(probes[i + 1]?.at);
  }
  expect(setting.reports.status().paused).toBe('The backend takes no reports now: failed with nothing.');
});

it('sends nothing before the time the backend named', async () => {
  const setting = await connected(3);
  setting.backend.mode = { failed: 429, retryAfterMs: 60_000 };
  await setting.apply('s0', 'retry');
  await setting.advance(1_000);
  setting.backend.mode = 'ok';
  await setting.apply('s1', 'retry');
  await setting.advance(58_000);
  expect(setting.backend.calls).toHaveLength(1);
  await setting.advance(5_000);
  expect(setting.backend.taken).toHaveLength(2);
});

it('lets a report wait alone that the backend stumbles over, and gives it up in the end', async () => {
  const setting = await connected(2);
  setting.backend.modes.set('s0', { failed: 500 });
  await setting.apply('s0', 'retry');
  for (let i = 0; i < 120; i++) {
    await setting.apply('s1', i % 2 === 0 ? 'retry' : 'open');
    await setting.advance(60_000);
    expect(setting.backend.takenOf('s1')).toHaveLength(i + 1);
  }
  expect(setting.backend.calls.filter(({ report }) => report.sessionId === 's0').length).toBeLessThan(30);
  expect(setting.reports.dead({ limit: 10, offset: 0 })).toMatchObject({
    total: 1,
    reports: [{ status: 500, report: { sessionId: 's0' } }],
  });
  setting.backend.modes.clear();
  await setting.apply('s0', 'open');
  await setting.advance(1_000);
  expect(setting.backend.takenOf('s0')).toHaveLength(1);
});

it('is not stopped by a session whose reports hang', async () => {
  const setting = await connected(2);
  setting.backend.modes.set('s0', { failed: undefined });
  await setting.apply('s0', 'retry');
  for (let i = 0; i < 20; i++) {
    await setting.apply('s1', i % 2 === 0 ? 'retry' : 'open');
    await setting.advance(10_000);
    expect(setting.backend.takenOf('s1')).toHaveLength(i + 1);
  }
  expect(setting.backend.calls.filter(({ report }) => report.sessionId === 's0').length).toBeLessThan(12);
  expect(setting.reports.status().dead).toBe(0);
});

it('is not stopped once more by what left before the backend was well again', async () => {
  const setting = await connected(3);
  setting.backend.mode = { failed: undefined, afterMs: 10_000 };
  await setting.apply('s0', 'retry');
  await setting.advance(5_000);
  await setting.apply('s1', 'retry');
  setting.backend.mode = 'ok';
  await setting.advance(5_500);
  await setting.apply('s2', 'retry');
  await setting.advance(10_000);
  expect(setting.backend.taken).toHaveLength(3);
  expect(logged(setting, 'warn')).toHaveLength(1);
});

it.each([400, 404, 409, 422])('puts a report aside that is refused with %i and goes on with the next', async (status) => {
  const setting = await connected(1);
  setting.backend.mode = { refused: status };
  await setting.apply('s0', 'retry');
  await setting.advance(100);
  setting.backend.mode = 'ok';
  await setting.apply('s0', 'open');
  await setting.advance(100);
  expect(setting.backend.taken.map(({ report }) => report.state)).toEqual(['connected']);
  expect(setting.reports.dead({ limit: 10, offset: 0 })).toMatchObject({ total: 1, reports: [{ status, sentence: `said ${status}` }] });
  await setting.restart();
  setting.reports.start();
  await setting.advance(1_000);
  expect(setting.backend.taken).toHaveLength(1);
});

it.each([401, 403, 407])('gives nothing up when the backend answers %i, but introduces the worker again', async (status) => {
  const setting = await connected(10);
  setting.backend.mode = { refused: status };
  for (const name of names(10)) await setting.apply(name, 'retry');
  await setting.advance(600_000);
  expect(setting.reports.status()).toMatchObject({
    waiting: 10,
    dead: 0,
    paused: `The backend does not let this worker report: said ${status}.`,
  });
  expect(setting.backend.calls.length).toBeLessThan(20);
  expect(setting.registrations).toBeGreaterThan(3);
  expect(setting.registrations).toBeLessThan(12);
  expect(logged(setting, 'error')).toHaveLength(1);
  setting.backend.mode = 'ok';
  await setting.advance(301_000);
  expect(setting.backend.taken).toHaveLength(10);
});

it('tries no report while the backend does not even take the worker, and at once when it does', async () => {
  const setting = await connected(3);
  setting.backend.mode = { refused: 401 };
  setting.takesRegistrations = false;
  await setting.apply('s0', 'retry');
  await setting.advance(600_000);
  expect(setting.backend.calls).toHaveLength(1);
  expect(setting.registrations).toBeGreaterThan(3);
  setting.backend.mode = 'ok';
  setting.reports.start();
  await setting.advance(1_000);
  expect(setting.backend.taken).toHaveLength(1);
});

it('is paused by a refusal only as long as something waits', async () => {
  const setting = reportsSetting();
  await setting.add('s');
  setting.reports.start();
  await setting.apply('s', 'connect');
  setting.showQr('s', 'first');
  await setting.apply('s', 'qr', 'qr_shown');
  await setting.advance(1_000);
  setting.backend.mode = { refused: 401 };
  setting.showQr('s', 'second', 1_000);
  await setting.advance(60_000);
  expect(setting.backend.refused.map(({ qr }) => qr)).toEqual(['second']);
  // Nobody can scan it any more, so nothing is left to tell, and nothing to try with.
  expect(setting.reports.status()).toEqual({ waiting: 0, lagMs: 0, dead: 0, paused: undefined });
  await setting.apply('s', 'open', 'opened');
  await setting.advance(1_000);
  expect(setting.reports.status()).toMatchObject({ waiting: 1, paused: expect.stringContaining('does not let') as string });
});

it('keeps a session from the others that alone is not authorized', async () => {
  const setting = await connected(2);
  setting.backend.modes.set('s0', { refused: 403 });
  await setting.apply('s0', 'retry');
  for (let i = 0; i < 60; i++) {
    await setting.apply('s1', i % 2 === 0 ? 'retry' : 'open');
    await setting.advance(60_000);
  }
  expect(setting.backend.takenOf('s1')).toHaveLength(60);
  expect(setting.registrations).toBeLessThan(7);
  expect(setting.reports.status()).toMatchObject({ waiting: 1, dead: 0 });
});

it('blames itself when five sessions in a row are refused, and takes back what died of it', async () => {
  const setting = await connected(8);
  setting.backend.mode = { refused: 404 };
  for (const name of names(4)) {
    await setting.apply(name, 'retry');
    await setting.apply(name, 'open');
  }
  await setting.advance(1_000);
  expect(setting.reports.status().dead).toBe(8);
  for (const name of names(8).slice(4)) await setting.apply(name, 'retry');
  await setting.advance(1_000);
  expect(setting.reports.status()).toMatchObject({
    waiting: 12,
    dead: 0,
    paused: expect.stringContaining('session after session') as string,
  });
  expect(setting.registrations).toBe(1);
  await setting.advance(120_000);
  expect(setting.reports.status().dead).toBe(0);
  setting.backend.mode = 'ok';
  await setting.advance(301_000);
  expect(setting.backend.takenOf('s0').map(({ report }) => report.state)).toEqual(['reconnecting', 'connected']);
  expect(setting.reports.status()).toMatchObject({ waiting: 0, dead: 0 });
});

it('replays dead reports in their order and ends with the state', async () => {
  const setting = await connected(2);
  setting.backend.mode = { refused: 404 };
  await setting.apply('s0', 'retry');
  await setting.apply('s0', 'open');
  await setting.apply('s1', 'retry');
  await setting.advance(1_000);
  setting.backend.mode = 'ok';
  await setting.apply('s0', 'retry');
  await setting.advance(1_000);
  const dead = setting.reports.dead({ limit: 10, offset: 0 }).reports;
  expect(dead.map(({ id }) => id)).toEqual(dead.map(({ id }) => id).sort((a, b) => b - a));
  const ofS1 = dead.filter(({ report }) => report.sessionId === 's1').map(({ id }) => id);
  expect(await setting.reports.replay([...ofS1, 12345])).toBe(1);
  expect(await setting.reports.replay()).toBe(2);
  expect(await setting.reports.replay()).toBe(0);
  await setting.advance(1_000);
  expect(setting.backend.takenOf('s0').map(({ report }) => report.seq)).toEqual([6, 4, 5, 6]);
  expect(setting.backend.takenOf('s1').map(({ report }) => report.seq)).toEqual([4]);
  expect(setting.reports.status().dead).toBe(0);
});

it('forgets the oldest dead reports and says so once', async () => {
  const setting = reportsSetting({ deadKept: 3 });
  await setting.add('s');
  setting.reports.start();
  setting.backend.mode = { refused: 404 };
  await setting.connect('s');
  for (let i = 0; i < 8; i++) {
    await setting.apply('s', i % 2 === 0 ? 'retry' : 'open');
    await setting.advance(100);
  }
  expect(setting.reports.dead({ limit: 10, offset: 0 }).reports.map(({ report }) => report.seq)).toEqual([11, 10, 9]);
  expect(setting.reports.dead({ limit: 1, offset: 1 }).reports.map(({ report }) => report.seq)).toEqual([10]);
  expect(setting.log.lines().filter(({ kept }) => kept === 3)).toHaveLength(1);
});
