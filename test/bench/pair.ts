import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from './bench.js';
import { pairedFleet, type Stage } from './fleet/paired-fleet.js';
import type { LoadResult } from './load.js';
import { contactsOf, onStage } from './on-stage.js';
import { inRounds, targetsFor } from './rounds.js';
import { round } from './storage/figures.js';
import { WorkerContender } from './worker-contender.js';

const PER_SECOND = 20;

/** As many sessions as there are already are paired at once, while those that were there send; what these notice. */
export const pair: Bench = async ({ sessions, seconds, rounds, wss }) => {
  const fleet = await pairedFleet(sessions, wss);
  const env = { WORKER_MAX_SESSIONS: String(2 * sessions) };
  const { results, spread } = await inRounds(rounds, async () =>
    onStage({ fleet, kind: 'worker', sessions, env }, async (contender, stage) => {
      if (!(contender instanceof WorkerContender)) throw new Error('only a worker pairs');
      const contacts = await contactsOf(stage, sessions);
      const routes = contacts.map((number, session) => ({ session, to: `${number}@s.whatsapp.net` }));
      await contender.open();
      await contender.send({ routes, seconds: Math.min(5, seconds), perSecond: PER_SECOND });
      const before = await contender.send({ routes, seconds, perSecond: PER_SECOND });
      const names = Array.from({ length: sessions }, (_, n) => `new-${n}`);
      for (const name of names) await contender.worker.create(name);
      const startedAt = performance.now();
      let pairingSeconds = Infinity;
      const pairing = pairAll(contender, stage, names).then(() => (pairingSeconds = (performance.now() - startedAt) / 1000));
      const meanwhile = await contender.send({ routes, seconds, perSecond: PER_SECOND });
      await pairing;
      return { ...named('before', before), ...named('meanwhile', meanwhile), pairingSeconds: round(pairingSeconds) };
    }),
  );
  return {
    results: { sessions, pairings: sessions, ...results },
    spread,
    targets: targetsFor(results, { meanwhileP99Ms: [100, 'ms'], meanwhileFailures: [0, 'messages'] }),
  };
};

const PAIR_TIMEOUT_MS = 300_000;
const LOOK_EVERY_MS = 1_000;

/** As backends do it: nobody asks for each session many times a second, which would be most of what is measured. */
const pairAll = async ({ worker }: WorkerContender, { whatsapp }: Stage, names: readonly string[]): Promise<void> => {
  const deadline = performance.now() + PAIR_TIMEOUT_MS;
  await Promise.all(
    names.map(async (name) => {
      await worker.connectForQr(name);
      // Its text: to read a picture would hold up the simulated WhatsApp, and with it the texts that are measured.
      const { qr } = await worker.call('GET', `/session/${name}/qr`);
      const { number } = await whatsapp.client.createPhone({ name });
      await whatsapp.client.scan(number, String(qr));
    }),
  );
  const waiting = new Set(names);
  while (waiting.size > 0) {
    if (performance.now() > deadline) throw new Error(`${waiting.size} of ${names.length} sessions are not connected`);
    await sleep(LOOK_EVERY_MS);
    const { sessions } = (await worker.call('GET', '/sessions')) as { sessions: { sessionId: string; status: string }[] };
    for (const { sessionId, status } of sessions) if (status === 'connected') waiting.delete(sessionId);
  }
};

const named = (when: string, { p50Ms, p99Ms, failures }: LoadResult): Record<string, number> => ({
  [`${when}P50Ms`]: round(p50Ms),
  [`${when}P99Ms`]: round(p99Ms),
  [`${when}Failures`]: failures,
});
