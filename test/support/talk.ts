// Sessions that talk to each other through their worker, and the count of what was lost or doubled.
import type { PairedSession, Scene } from './scene.js';
import { until, type Answer } from './worker-process.js';

const pause = async (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What a careful client does: the same request with the same key until it is answered. */
const sendUntilAnswered = async (scene: Scene, sessionId: string, to: string, text: string): Promise<string> => {
  for (;;) {
    const answer: Answer | undefined = await scene.worker.send(sessionId, to, text, `key of ${text}`).catch(() => undefined);
    if (answer?.status === 200) return String(answer.body.data?.['messageId']);
    if (answer && answer.body['retryable'] !== true) throw new Error(`send answered ${JSON.stringify(answer.body)}`);
    await pause(100);
  }
};

interface TalkCount {
  sent: number;
  lost: number;
  doubled: number;
  /** From a request to its final answer, in milliseconds. */
  longestSendMs: number;
}

export interface Talk {
  /** Ends it, waits for every answer and until each end has what it should, and counts. */
  stop(): Promise<TalkCount>;
}

/** Each session sends to the next one in the circle, `perSecond` messages together. */
export const startTalk = (scene: Scene, sessions: readonly PairedSession[], perSecond: number): Talk => {
  const sent: { from: PairedSession; to: PairedSession; id: string; text: string }[] = [];
  const stopped = new AbortController();
  let longestSendMs = 0;
  let n = 0;
  const open = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const loop = (async () => {
    while (!stopped.signal.aborted) {
      const from = sessions[n % sessions.length];
      const to = sessions[(n + 1) % sessions.length];
      if (!from || !to) throw new Error('nobody talks');
      const text = `${from.sessionId} says ${n++}`;
      const startedAt = performance.now();
      const one: Promise<void> = sendUntilAnswered(scene, from.sessionId, to.jid, text)
        .then((id) => void sent.push({ from, to, id, text }))
        .catch((error: unknown) => void failures.push(error))
        .finally(() => {
          longestSendMs = Math.max(longestSendMs, Math.round(performance.now() - startedAt));
          open.delete(one);
        });
      open.add(one);
      await pause(1_000 / perSecond);
    }
  })();
  return {
    stop: async () => {
      stopped.abort();
      await loop;
      await Promise.all(open);
      if (failures.length > 0) throw new Error(`a send failed: ${String(failures[0])}`);
      let count = await countOf(scene, sessions, sent);
      await until(
        async () => {
          count = await countOf(scene, sessions, sent);
          return count.lost === 0;
        },
        60_000,
        () => 'still lost',
      ).catch(() => undefined);
      return { ...count, longestSendMs };
    },
  };
};

/** Both ends' histories, and what the receiver's phone showed. */
const countOf = async (
  { worker, phones }: Scene,
  sessions: readonly PairedSession[],
  sent: readonly { from: PairedSession; to: PairedSession; id: string; text: string }[],
): Promise<Omit<TalkCount, 'longestSendMs'>> => {
  let lost = 0;
  let doubled = 0;
  for (const session of sessions) {
    const history = tally(await allMessages(worker, session.sessionId));
    const phone = tally((await phones.shown(session.number)).map(({ text }) => text ?? ''));
    for (const { from, to, text } of sent) {
      const places = [
        ...(from.sessionId === session.sessionId || to.sessionId === session.sessionId ? [history.get(text) ?? 0] : []),
        ...(to.sessionId === session.sessionId ? [phone.get(text) ?? 0] : []),
      ];
      for (const times of places) {
        if (times === 0) lost++;
        doubled += Math.max(0, times - 1);
      }
    }
  }
  return { sent: sent.length, lost, doubled };
};

const allMessages = async (worker: Scene['worker'], sessionId: string): Promise<string[]> => {
  const texts: string[] = [];
  for (let offset = 0; ; offset += 500) {
    const { messages } = await worker.call('GET', `/session/${sessionId}/messages?limit=500&offset=${offset}`);
    const page = messages as { content: string | null }[];
    texts.push(...page.map(({ content }) => content ?? ''));
    if (page.length < 500) return texts;
  }
};

const tally = (texts: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
};
