import type { PairedSession, Scene } from '../scene.js';
import type { Evidence, Shown } from './tally.js';
import type { Accepted, Person } from './traffic.js';

const PAGE = 500;

const historyOf = async ({ worker }: Scene, sessionId: string): Promise<Record<string, unknown>[]> => {
  const rows: Record<string, unknown>[] = [];
  for (;;) {
    const { messages } = await worker.call('GET', `/session/${sessionId}/messages?limit=${PAGE}&offset=${rows.length}`);
    const page = messages as Record<string, unknown>[];
    rows.push(...page);
    if (page.length < PAGE) return rows;
  }
};

const shownOf = (row: Record<string, unknown>): Shown => ({
  id: String(row['id']),
  text: typeof row['content'] === 'string' ? row['content'] : null,
});

/** Reads every phone and every history. Nothing may be arriving any more: pages would shift. */
export const collectEvidence = async (
  scene: Scene,
  { sessions, friends, accepted }: { sessions: readonly PairedSession[]; friends: readonly Person[]; accepted: readonly Accepted[] },
): Promise<Evidence & { undecryptable: number }> => {
  const phones = new Map<string, Shown[]>();
  const histories = new Map<string, { sent: Shown[]; received: Shown[] }>();
  let undecryptable = 0;
  for (const { number } of [...sessions, ...friends])
    phones.set(
      number,
      (await scene.phones.shown(number))
        .filter(({ fromMe }) => !fromMe)
        .map(({ id, text, details }) => ({ id, text, sha256: details.media?.sha256 ?? undefined })),
    );
  for (const { sessionId, number } of sessions) {
    const rows = await historyOf(scene, sessionId);
    undecryptable += rows.filter(({ type }) => type === 'undecryptable').length;
    histories.set(number, {
      // One that failed was told to be so, and its key may be used for another try; had it gone out after all, a phone would show it.
      sent: rows.filter(({ fromMe, status }) => fromMe === true && status !== 'failed').map(shownOf),
      received: rows.filter(({ fromMe }) => fromMe !== true).map(shownOf),
    });
  }
  return { accepted, phones, histories, undecryptable };
};
