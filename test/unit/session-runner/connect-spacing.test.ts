import { expect, it } from 'vitest';
import { ConnectSpacing } from '../../../session-runner/session/connect-spacing.js';

const never = new AbortController().signal;
const gone = AbortSignal.abort();

/** When connects begin that were granted at these moments and are heard of at those. */
const begun = async (turns: readonly { grantedAt: number; heardAt: number; signal?: AbortSignal }[]): Promise<(number | undefined)[]> => {
  let now = 0;
  const spacing = new ConnectSpacing({
    now: () => now,
    pass: async (ms) => {
      now += ms;
      return Promise.resolve();
    },
  });
  const moments: (number | undefined)[] = [];
  for (const { grantedAt, heardAt, signal = never } of turns) {
    now = Math.max(now, heardAt);
    await spacing.turn(grantedAt, signal);
    moments.push(signal.aborted ? undefined : now);
  }
  return moments;
};
const late = (...granted: number[]) => granted.map((grantedAt) => ({ grantedAt, heardAt: 1_000 }));

it('keeps those apart that were granted one after the other and come late together', async () => {
  expect(await begun(late(0, 100, 200, 300))).toEqual([1_000, 1_090, 1_180, 1_270]);
});

it('lets those go together that were granted together', async () => {
  expect(await begun(late(500, 500, 500))).toEqual([1_000, 1_000, 1_000]);
});

it('owes a pause nothing beyond a second, nor a turn that is older than the last', async () => {
  expect(await begun(late(0, 60_000, 50))).toEqual([1_000, 1_900, 1_900]);
});

it('is held up by nobody who gave up', async () => {
  const turns = [
    { grantedAt: 0, heardAt: 1_000 },
    { grantedAt: 100, heardAt: 1_000, signal: gone },
    { grantedAt: 200, heardAt: 1_000 },
  ];
  expect(await begun(turns)).toEqual([1_000, undefined, 1_180]);
});

it('takes no time from a connect that comes when it should', async () => {
  const turns = [0, 100, 200].map((grantedAt) => ({ grantedAt, heardAt: grantedAt }));
  expect(await begun(turns)).toEqual([0, 100, 200]);
});

it('lets one begin while another waits, in the order they asked', async () => {
  const waits: (() => void)[] = [];
  let now = 0;
  const spacing = new ConnectSpacing({ now: () => now, pass: async () => new Promise((resolve) => waits.push(resolve)) });
  const order: string[] = [];
  const [first, second] = ['first', 'second'].map(async (name) => spacing.turn(0, never).then(() => order.push(name)));
  await new Promise((resolve) => setImmediate(resolve));
  expect(waits).toHaveLength(1);
  now = 50;
  waits[0]?.();
  await first;
  await new Promise((resolve) => setImmediate(resolve));
  waits[1]?.();
  await second;
  expect(order).toEqual(['first', 'second']);
});
