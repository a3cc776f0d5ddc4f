// What Signal does on Curve25519, by libsignal and by the runners, turn and turn about in one process, so that neither finds the caches of the
// processor full of its own.
import { randomBytes } from 'node:crypto';
import { agree, generateKeyPair, sign, verify } from '../../session-runner/curve25519.js';
import { libsignalCurve } from '../../session-runner/libsignal.js';
import type { Bench } from './bench.js';
import { inRounds, targetsFor } from './rounds.js';
import { quantile, round } from './storage/figures.js';

const TIMES = 100;
/** So that what is measured is not the first compilation. */
const WARM_UP = 20;

const ours = generateKeyPair();
const theirs = libsignalCurve.generateKeyPair();
const theirKey = theirs.pubKey.subarray(1);
const message = randomBytes(200);
const signature = Buffer.from(libsignalCurve.calculateSignature(theirs.privKey, message));

const WORK: Readonly<Record<string, { libsignal: () => unknown; runner: () => unknown }>> = {
  sign: {
    libsignal: () => libsignalCurve.calculateSignature(ours.privateKey, message),
    runner: () => sign(ours.privateKey, message),
  },
  check: {
    libsignal: () => libsignalCurve.verifySignature(theirs.pubKey, message, signature),
    runner: () => verify(theirKey, message, signature),
  },
  agree: {
    libsignal: () => libsignalCurve.calculateAgreement(theirs.pubKey, ours.privateKey),
    runner: () => agree(theirKey, ours.privateKey),
  },
  makeKeys: { libsignal: () => libsignalCurve.generateKeyPair(), runner: generateKeyPair },
};

export const curve: Bench = async ({ rounds }) => {
  const { results, spread } = await inRounds(rounds, async () => Promise.resolve(measure()));
  return {
    results,
    spread,
    targets: targetsFor(results, {
      signToLibsignal: [0.2, 'times'],
      checkToLibsignal: [0.2, 'times'],
      agreeToLibsignal: [1, 'times'],
      makeKeysToLibsignal: [1, 'times'],
    }),
  };
};

const measure = (): Record<string, number> =>
  Object.fromEntries(
    Object.entries(WORK).flatMap(([name, work]) => {
      const times = { libsignal: [] as number[], runner: [] as number[] };
      for (let n = 0; n < WARM_UP + TIMES; n++) {
        for (const who of ['libsignal', 'runner'] as const) {
          const startedAt = performance.now();
          work[who]();
          if (n >= WARM_UP) times[who].push((performance.now() - startedAt) * 1000);
        }
      }
      const [libsignal, runner] = [quantile(times.libsignal, 0.5), quantile(times.runner, 0.5)];
      return [
        [`${name}LibsignalMicroseconds`, round(libsignal)],
        [`${name}Microseconds`, round(runner)],
        [`${name}ToLibsignal`, round(runner / libsignal)],
      ];
    }),
  );
