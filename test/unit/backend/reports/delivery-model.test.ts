// Random walks of sessions, answers, kills and time over a real store, and what the backend must know in the end.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SESSION_EVENTS } from '../../../../shared/domain/session.js';
import { plainDialect, type Mode, type Received } from './model-backend.js';
import { reportsSetting, type ReportsSetting } from './reports-setting.js';

const SESSIONS = ['a', 'b', 'c', 'd', 'e', 'f'];
const UNSENT = 4;
const RUNS = 25;

type Step =
  | { kind: 'change'; session: string; events: (typeof SESSION_EVENTS)[number][] }
  | { kind: 'qr'; session: string }
  | { kind: 'advance'; ms: number }
  | { kind: 'mode'; mode: Mode }
  | { kind: 'modeOf'; session: string; mode: Mode | undefined }
  | { kind: 'kill'; commits: number };

const session = fc.constantFrom(...SESSIONS);
const harmless: Mode[] = [
  'ok',
  'lost',
  { failed: undefined },
  { failed: 500 },
  { failed: 503, retryAfterMs: 2_000 },
  { failed: 429 },
  { refused: 401 },
];
const stepWith = (modes: Mode[]): fc.Arbitrary<Step> =>
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('change' as const),
        session,
        events: fc.array(fc.constantFrom(...SESSION_EVENTS), { minLength: 1, maxLength: 8 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('qr' as const), session }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.constantFrom(0, 10, 25, 60, 1_000, 40_000) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('mode' as const), mode: fc.constantFrom<Mode>('ok', ...modes) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('modeOf' as const), session, mode: fc.constantFrom<Mode | undefined>(undefined, ...modes) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const), commits: fc.constantFrom(0, 1, 2, 5) }) },
  );

/** The changes of each session that the backend is to hear of: seq → state. */
class Changes {
  readonly #of = new Map<string, Map<number, string>>(SESSIONS.map((name) => [name, new Map()]));

  listen({ registry }: ReportsSetting): void {
    registry.onChange((row) => {
      if (plainDialect.isReported(row)) this.#of.get(row.sessionId)?.set(row.seq, row.state);
    });
  }

  /** What did not reach the disk never was. */
  forgetUnwritten({ registry }: ReportsSetting): void {
    for (const { sessionId, seq } of registry.rows())
      for (const known of this.seqs(sessionId)) if (known > seq) this.#of.get(sessionId)?.delete(known);
  }

  seqs(name: string): number[] {
    return [...(this.#of.get(name)?.keys() ?? [])].sort((a, b) => a - b);
  }

  state(name: string, seq: number): string | undefined {
    return this.#of.get(name)?.get(seq);
  }

  between(name: string, from: number, to: number): number {
    return this.seqs(name).filter((seq) => seq > from && seq < to).length;
  }
}

const restart = async (setting: ReportsSetting, changes: Changes): Promise<void> => {
  await setting.restart();
  changes.forgetUnwritten(setting);
  changes.listen(setting);
  setting.reports.start();
  await setting.settle();
};

const walk = async (setting: ReportsSetting, changes: Changes, steps: readonly Step[]): Promise<void> => {
  let qrs = 0;
  await setting.add(...SESSIONS);
  changes.listen(setting);
  setting.reports.start();
  for (const step of steps) {
    switch (step.kind) {
      case 'change':
        // A kill leaves them waiting for ever.
        for (const event of step.events) void setting.apply(step.session, event);
        await setting.settle();
        break;
      case 'qr':
        setting.showQr(step.session, `qr ${qrs++}`, 30_000);
        void setting.apply(step.session, 'qr', 'qr_shown');
        await setting.settle();
        break;
      case 'advance':
        await setting.advance(step.ms);
        break;
      case 'mode':
        setting.backend.mode = step.mode;
        break;
      case 'modeOf':
        if (step.mode === undefined) setting.backend.modes.delete(step.session);
        else setting.backend.modes.set(step.session, step.mode);
        break;
      case 'kill':
        setting.killAfter(step.commits);
        break;
    }
    if (setting.isKilled) await restart(setting, changes);
  }
  // What only a restart would mend must show, too.
  if (steps.length % 2 === 0 || setting.isKilled) await restart(setting, changes);
  setting.killAfter(Infinity);
  await drain(setting);
};

const drain = async (setting: ReportsSetting): Promise<void> => {
  const { backend, reports } = setting;
  backend.mode = 'ok';
  backend.modes.clear();
  for (let i = 0; i < 40 && reports.status().waiting > 0; i++) await setting.advance(60_000);
  await setting.advance(1_000);
  expect(reports.status()).toMatchObject({ waiting: 0, lagMs: 0, paused: undefined });
};

const expectCurrent = ({ backend, registry, time }: ReportsSetting, changes: Changes): void => {
  for (const name of SESSIONS) {
    const last = changes.seqs(name).at(-1);
    const told = backend.takenOf(name);
    const { seq, state } = registry.get(name);
    // A replay ends with the state as it is, also where that alone would be no news.
    if (told.at(-1)?.report.seq === seq) expect(told.at(-1)?.report.state).toBe(state);
    else expect([name, told.at(-1)?.report.seq]).toEqual([name, last]);
    if (last === undefined) continue;
    const qr = registry.qr(name);
    if (qr && qr.expiresAt > time.now()) expect(told.findLast((one) => one.qr !== undefined)?.qr).toBe(qr.value);
  }
};

/** In order, doubled only side by side, and every gap is accounted for. */
const expectOrder = (name: string, told: readonly Received[], changes: Changes): void => {
  let before = 0;
  const possible = new Set([0]);
  for (const { report } of told) {
    expect(report.seq).toBeGreaterThanOrEqual(before);
    if (report.seq === before) continue;
    expect(changes.state(name, report.seq)).toBe(report.state);
    // A report that arrived but was not confirmed may count as skipped, too.
    expect([...possible].map((from) => changes.between(name, from, report.seq))).toContain(report.skipped);
    before = report.seq;
    possible.add(before);
  }
};

it('brings every session to its state in order, whatever fails, is lost or killed', { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(stepWith(harmless), { minLength: 5, maxLength: 50, size: 'max' }), async (steps) => {
      const setting = reportsSetting({ unsentKept: UNSENT });
      const changes = new Changes();
      await walk(setting, changes, steps);
      expect(setting.backend.problems).toEqual([]);
      expect(setting.backend.mostAtOnce).toBeLessThanOrEqual(8);
      expect(setting.reports.status().dead).toBe(0);
      for (const name of SESSIONS) expectOrder(name, setting.backend.takenOf(name), changes);
      expectCurrent(setting, changes);
      await setting.close();
    }),
    { numRuns: RUNS },
  );
});

it('loses nothing to reports that were refused for good, once they are replayed', { timeout: 300_000 }, async () => {
  const modes: Mode[] = [{ refused: 404 }, { refused: 400 }, ...harmless];
  await fc.assert(
    fc.asyncProperty(fc.array(stepWith(modes), { minLength: 5, maxLength: 50, size: 'max' }), async (steps) => {
      const setting = reportsSetting({ unsentKept: UNSENT });
      const { backend } = setting;
      const changes = new Changes();
      await walk(setting, changes, steps);
      const { reports: dead, total } = setting.reports.dead({ limit: 1_000, offset: 0 });
      const refused = backend.refused.map(({ report }) => `${report.sessionId} ${report.seq}`);
      for (const { report } of dead) expect(refused).toContain(`${report.sessionId} ${report.seq}`);
      const untouched = SESSIONS.filter((name) => !backend.refused.some(({ report }) => report.sessionId === name));
      for (const name of untouched) expectOrder(name, backend.takenOf(name), changes);
      expect(await setting.reports.replay()).toBe(total);
      await drain(setting);
      expect(setting.reports.status().dead).toBe(0);
      expect(backend.problems).toEqual([]);
      expectCurrent(setting, changes);
      await setting.close();
    }),
    { numRuns: RUNS },
  );
});

it('tells a backend that wants only the latest nothing older, and everybody the last', { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(stepWith(harmless), { minLength: 5, maxLength: 50, size: 'max' }), async (steps) => {
      const setting = reportsSetting({ dialect: { ...plainDialect, latestOnly: true } });
      const changes = new Changes();
      await walk(setting, changes, steps);
      for (const name of SESSIONS) expectOrder(name, setting.backend.takenOf(name), changes);
      expectCurrent(setting, changes);
      await setting.close();
    }),
    { numRuns: RUNS },
  );
});
