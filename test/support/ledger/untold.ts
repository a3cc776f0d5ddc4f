import type { Scene } from '../scene.js';
import type { Finding } from './tally.js';
import type { Accepted } from './traffic.js';

const PAGE = 500;
const OUTCOMES: ReadonlySet<unknown> = new Set(['sent', 'delivered', 'read', 'played']);

/** Messages sent over the API of which a consumer of events did not hear that they were sent. */
export const untold = async (scene: Scene, accepted: readonly Accepted[]): Promise<Finding[]> => {
  const told = new Map<string, Set<string>>();
  for (const sessionId of new Set(accepted.flatMap(({ keyed }) => keyed?.sessionId ?? [])))
    told.set(sessionId, await toldIn(scene, sessionId));
  return accepted
    .filter(({ id, keyed }) => keyed && told.get(keyed.sessionId)?.has(id) !== true)
    .map((message): Finding => ({ kind: 'lost', message, where: 'events of the sender', found: [] }));
};

const toldIn = async ({ worker }: Scene, sessionId: string): Promise<Set<string>> => {
  const ids = new Set<string>();
  for (let after = 0; ;) {
    const { events } = await worker.call('GET', `/session/${sessionId}/events?after=${after}&limit=${PAGE}`);
    const page = events as Record<string, unknown>[];
    for (const { type, messageId, status } of page) if (type === 'message.status' && OUTCOMES.has(status)) ids.add(String(messageId));
    if (page.length < PAGE) return ids;
    after = Number(page.at(-1)?.['seq']);
  }
};
