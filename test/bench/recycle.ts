import { randomBytes } from 'node:crypto';
import { isRunning, openScene, type PairedSession, type Scene } from '../support/scene.js';
import { startTalk } from '../support/talk.js';
import { longestAway } from '../support/time-away.js';
import { until } from '../support/worker-process.js';
import { WhatsappApiError } from '../whatsapp/client.js';
import type { Bench } from './bench.js';
import { pairMany } from './pair-many.js';

/** Of all sessions together, from each of the two sides. */
const MESSAGES_PER_SECOND = 10;
const MAX_AWAY_MS = 5_000;
const PATIENCE_MS = 600_000;

/** A full runner is recycled while all of its sessions talk and their phones write to each other. */
export const recycle: Bench = async ({ sessions: count }) => {
  const scene = await openScene({ env: { WORKER_MAX_SESSIONS: String(count), RUNNER_MAX_SESSIONS: String(count) } });
  try {
    const sessions = await pairMany(scene, count);
    const [old] = (await scene.worker.runners()).filter(({ state }) => state === 'ready');
    const talk = startTalk(scene, sessions, MESSAGES_PER_SECOND);
    const phones = startPhones(scene, sessions, MESSAGES_PER_SECOND);
    // Everybody has talked before it begins.
    await phones.untilSent(count);
    const startedAt = Date.now();
    const begun = await scene.worker.call('POST', `/runners/${old?.slot ?? 0}/recycle`);
    await until(
      async () => (await scene.worker.runners()).some(({ slot, state }) => slot === old?.slot && state === 'idle'),
      PATIENCE_MS,
      () => 'the old runner is still there',
    );
    const seconds = Math.round((Date.now() - startedAt) / 100) / 10;
    const written = await phones.stop();
    const talked = await talk.stop();
    const heard = await countHeard(scene, sessions, written);
    const { connections, overlaps } = await scene.phones.connections();
    const away = sessions.map(({ number }) => longestAway(connections, number, startedAt)).toSorted((one, other) => one - other);
    const { sessions: views } = (await scene.worker.call('GET', '/sessions')) as { sessions: { status: string; slot: number }[] };
    const atNewHome = views.filter(({ status, slot }) => status === 'connected' && slot === begun['target']).length;
    return {
      results: {
        sessions: count,
        recycleSeconds: seconds,
        medianAwayMs: away[Math.floor(away.length / 2)] ?? Infinity,
        longestAwayMs: away.at(-1) ?? Infinity,
        sentByApi: talked.sent,
        longestSendMs: talked.longestSendMs,
        sentByPhones: written.length,
      },
      targets: [
        { name: 'longestAwayMs', value: away.at(-1) ?? Infinity, limit: MAX_AWAY_MS, unit: 'ms' },
        { name: 'sent by the API and lost', value: talked.lost, limit: 0, unit: 'messages' },
        { name: 'sent by the API and doubled', value: talked.doubled, limit: 0, unit: 'messages' },
        { name: 'sent by phones and lost', value: heard.lost, limit: 0, unit: 'messages' },
        { name: 'sent by phones and doubled', value: heard.doubled, limit: 0, unit: 'messages' },
        { name: 'sessions that are not at their new home', value: count - atNewHome, limit: 0, unit: 'sessions' },
        { name: 'old processes that live', value: Number(isRunning(old?.pid ?? 0)), limit: 0, unit: 'processes' },
        { name: 'overlapping connections', value: overlaps.length, limit: 0, unit: 'connections' },
      ],
    };
  } finally {
    await scene.close();
  }
};

interface Written {
  to: PairedSession;
  text: string;
}

/** Each phone writes to the next session in the circle, `perSecond` messages together. */
const startPhones = (scene: Scene, sessions: readonly PairedSession[], perSecond: number) => {
  const written: Written[] = [];
  const stopped = new AbortController();
  const loop = (async () => {
    for (let n = 0; !stopped.signal.aborted; n++) {
      const [from, to] = [sessions[n % sessions.length], sessions[(n + 1) % sessions.length]];
      if (!from || !to) throw new Error('nobody writes');
      const text = `phone of ${from.sessionId} writes ${n}`;
      await write(scene, from, to, text);
      written.push({ to, text });
      await new Promise((resolve) => setTimeout(resolve, 1_000 / perSecond));
    }
  })();
  // Heard of at the stop.
  loop.catch(() => undefined);
  return {
    untilSent: async (count: number): Promise<void> =>
      until(
        () => written.length >= count,
        PATIENCE_MS,
        () => 'the phones wrote too little',
      ),
    stop: async (): Promise<Written[]> => {
      stopped.abort();
      await loop;
      return written;
    },
  };
};

/** Under an id of its own, so that a request whose connection was lost can be made again. */
const write = async ({ phones }: Scene, from: PairedSession, to: PairedSession, text: string): Promise<void> => {
  const id = `3EB0${randomBytes(9).toString('hex').toUpperCase()}`;
  try {
    await phones.send(from.number, to.number, text, id);
  } catch (error) {
    if (error instanceof WhatsappApiError) throw error;
    await phones.send(from.number, to.number, text, id);
  }
};

/** How often each text stands in the history of the session it was written to, once all of them do or it takes too long. */
const countHeard = async (
  { worker }: Scene,
  sessions: readonly PairedSession[],
  written: readonly Written[],
): Promise<{ lost: number; doubled: number }> => {
  const count = async (): Promise<{ lost: number; doubled: number }> => {
    let [lost, doubled] = [0, 0];
    for (const { sessionId } of sessions) {
      const texts = (await worker.messages(sessionId)).map(({ content }) => String(content));
      for (const { text } of written.filter(({ to }) => to.sessionId === sessionId)) {
        const times = texts.filter((one) => one === text).length;
        if (times === 0) lost++;
        if (times > 1) doubled++;
      }
    }
    return { lost, doubled };
  };
  let last = await count();
  await until(
    async () => (last = await count()).lost === 0,
    30_000,
    () => 'some are lost',
  ).catch(() => undefined);
  return last;
};
