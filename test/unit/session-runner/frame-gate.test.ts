import fc from 'fast-check';
import { expect, it } from 'vitest';
import { guarded } from './guarded-outlet.js';

interface Commit {
  promise: Promise<void>;
  resolve: () => void;
  reject: (error: Error) => void;
}
const beginCommit = (): Commit => {
  let resolve: Commit['resolve'] = () => undefined;
  let reject: Commit['reject'] = () => undefined;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
};
const turn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('lets a frame pass at once when nothing is held', () => {
  const { send, sent, answers } = guarded();
  send('a');
  expect(sent).toEqual(['a']);
  expect(answers.get('a')).toBeUndefined();
});

it('holds a frame until every commit begun before it is on disk', async () => {
  const { gate, send, sent } = guarded();
  const [first, second] = [beginCommit(), beginCommit()];
  gate.hold(first.promise);
  gate.hold(second.promise);
  send('a');
  second.resolve();
  await turn();
  expect(sent).toEqual([]);
  first.resolve();
  await turn();
  expect(sent).toEqual(['a']);
});

it('does not wait for a commit begun after the frame', async () => {
  const { gate, send, sent } = guarded();
  const [first, later] = [beginCommit(), beginCommit()];
  gate.hold(first.promise);
  send('a');
  gate.hold(later.promise);
  send('b');
  first.resolve();
  await turn();
  expect(sent).toEqual(['a']);
  later.resolve();
  await turn();
  expect(sent).toEqual(['a', 'b']);
});

it('passes at once again when all is done', async () => {
  const { gate, send, sent } = guarded();
  const commit = beginCommit();
  gate.hold(commit.promise);
  send('a');
  commit.resolve();
  await gate.settled();
  send('b');
  expect(sent).toEqual(['a', 'b']);
});

it('sends nothing any more after a commit failed, and says so once', async () => {
  const { gate, send, sent, failures, answers } = guarded();
  const [first, second] = [beginCommit(), beginCommit()];
  gate.hold(first.promise);
  gate.hold(second.promise);
  send('behind both');
  const full = new Error('disk full');
  first.reject(full);
  second.reject(new Error('again'));
  await gate.settled();
  send('later');
  await gate.settled();
  expect(sent).toEqual([]);
  expect(failures).toEqual([full]);
  expect(answers.get('behind both')).toBeInstanceOf(Error);
  expect(answers.get('later')).toBeInstanceOf(Error);
});

it('lets a frame go that was there before the commit that failed', async () => {
  const { gate, send, sent } = guarded();
  send('before');
  const commit = beginCommit();
  gate.hold(commit.promise);
  commit.reject(new Error('disk full'));
  await gate.settled();
  expect(sent).toEqual(['before']);
});

it('is settled only when neither a commit nor a frame is held', async () => {
  const { gate, send } = guarded();
  const commit = beginCommit();
  gate.hold(commit.promise);
  send('a');
  let settled = false;
  const settling = gate.settled().then(() => (settled = true));
  await turn();
  expect(settled).toBe(false);
  commit.resolve();
  await settling;
});

type Step = { kind: 'commit' } | { kind: 'frame' } | { kind: 'turn' } | { kind: 'end'; which: number; well: boolean };
const step = (mayFail: boolean): fc.Arbitrary<Step> =>
  fc.oneof(
    fc.constant<Step>({ kind: 'commit' }),
    fc.constant<Step>({ kind: 'frame' }),
    fc.constant<Step>({ kind: 'turn' }),
    fc.record({ kind: fc.constant('end' as const), which: fc.nat({ max: 20 }), well: mayFail ? fc.boolean() : fc.constant(true) }),
  );

it('never lets a frame pass a commit begun earlier, keeps the order, and loses no frame, in any interleaving', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.boolean().chain((mayFail) => fc.array(step(mayFail), { maxLength: 40, size: 'max' })),
      async (steps) => {
        const commits: { commit: Commit; ended: boolean; failed: boolean }[] = [];
        const begunBefore: number[] = [];
        const early: string[] = [];
        const { gate, send, sent, answers, failures } = guarded((frame) => {
          const owed = commits.slice(0, begunBefore[frame as number]).filter(({ ended, failed }) => !ended || failed);
          if (owed.length > 0) early.push(`frame ${String(frame)} passed ${owed.length} commits`);
        });
        const end = (which: number, well: boolean): void => {
          const one = commits[which];
          if (!one || one.ended) return;
          one.ended = true;
          one.failed = !well;
          if (well) one.commit.resolve();
          else one.commit.reject(new Error('disk full'));
        };
        for (const one of steps) {
          if (one.kind === 'commit') {
            const commit = beginCommit();
            commits.push({ commit, ended: false, failed: false });
            gate.hold(commit.promise);
          } else if (one.kind === 'frame') {
            begunBefore.push(commits.length);
            send(begunBefore.length - 1);
          } else if (one.kind === 'end') end(one.which % Math.max(1, commits.length), one.well);
          else await turn();
        }
        for (const which of commits.keys()) end(which, true);
        await gate.settled();
        const failed = commits.some((one) => one.failed);
        expect(early).toEqual([]);
        expect(sent).toEqual([...sent].sort((a, b) => Number(a) - Number(b)));
        expect(failures).toHaveLength(failed ? 1 : 0);
        // Every frame got an answer, and was sent if and only if that was a good one.
        expect([...answers.keys()].sort((a, b) => Number(a) - Number(b))).toEqual([...begunBefore.keys()]);
        expect([...answers].filter(([, error]) => !error).map(([frame]) => frame)).toEqual(sent);
        if (!failed) expect(sent).toHaveLength(begunBefore.length);
      },
    ),
    { numRuns: 200 },
  );
});
