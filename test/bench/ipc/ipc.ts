import type { Bench } from '../bench.js';
import { inRounds, targetsFor } from '../rounds.js';
import { round } from '../storage/figures.js';
import { roundTrips } from './round-trips.js';

/** Calls between supervisor and runner, checked and bounded, against bare `process.send` with the same content. */
export const ipc: Bench = async ({ seconds, rounds }) => {
  const { results, spread } = await inRounds(rounds, async () => {
    const ours = await roundTrips('peer', seconds);
    const bare = await roundTrips('bare', seconds);
    return {
      peerPerSecond: round(ours.perSecond),
      barePerSecond: round(bare.perSecond),
      peerBytesPerRoundTrip: round(ours.bytes),
      bareBytesPerRoundTrip: round(bare.bytes),
      peerCpuMicroseconds: round(ours.cpuMicroseconds),
      bareCpuMicroseconds: round(bare.cpuMicroseconds),
      bareToPeer: round(bare.perSecond / ours.perSecond),
    };
  });
  // 0.7 times the round trips.
  return { results, spread, targets: targetsFor(results, { bareToPeer: [1.43, 'times'] }) };
};
