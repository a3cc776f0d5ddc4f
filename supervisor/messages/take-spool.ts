import { isIgnored, type SessionSettings } from '../../shared/domain/session-settings.js';
import type { SpoolRecord } from '../../shared/ipc/protocol.js';
import type { Write } from '../../shared/store/store.js';
import type { Commits } from '../events/event-log.js';
import type { Registry } from '../placement/registry.js';
import type { History, StatusMove } from './history.js';

export interface TakeSpoolOptions {
  store: Commits;
  history: History;
  registry: Registry;
  /** What was set for a session; nothing unless given. */
  settingsOf?: (sessionId: string) => Pick<SessionSettings, 'ignore'>;
  onMoved?: (move: StatusMove) => void;
  /** What to commit with new messages, so that their files are downloaded, and whom to tell then. */
  media?: { wanted: (writes: readonly Write[]) => Write[]; wake: (sessionId: string) => void } | undefined;
}

type StatusRecord = Extract<SpoolRecord, { kind: 'status' }>;
const placeOf = ({ sessionId, messageId, status }: StatusRecord): string => JSON.stringify([sessionId, messageId, status]);

/**
 * Commits what a runner received, each record once; resolves when all of it is on disk. Records of sessions that are gone are dropped, and so
 * is what a session does not want.
 */
export const takeSpool = async (
  { store, history, registry, settingsOf = () => ({}), onMoved, media }: TakeSpoolOptions,
  records: readonly SpoolRecord[],
): Promise<void> => {
  const together = new Map<string, StatusRecord[]>();
  for (const record of records) {
    if (record.kind === 'status') together.set(placeOf(record), [...(together.get(placeOf(record)) ?? []), record]);
  }
  // Begun in one turn, the commits share one transaction, and each sees the one before it.
  await Promise.all(
    records
      .filter(({ sessionId }) => registry.find(sessionId)?.deleting === false)
      .map(async (record) => {
        registry.touch(record.sessionId);
        const { sessionId } = record;
        if (record.kind === 'message') {
          if (isIgnored(settingsOf(sessionId), record.message.chat)) return;
          const writes = history.append(sessionId, record.message);
          const files = media?.wanted(writes) ?? [];
          await store.commit([...writes, ...files]);
          if (files.length > 0) media?.wake(sessionId);
          return;
        }
        if (record.kind === 'contacts') return store.commit(history.meet(sessionId, record.contacts));
        const { messageId, status, at } = record;
        // All who tell the same of one message are in one commit: in a large group they are many.
        const alike = together.get(placeOf(record)) ?? [];
        if (alike[0] !== record) return;
        const confirmations = alike.flatMap(({ by, at: when }) => (by === undefined ? [] : { by, status, at: when }));
        const { writes, moved } = history.settle(sessionId, messageId, status, { confirmations });
        await store.commit(writes);
        if (moved) onMoved?.({ sessionId, messageId, status, at });
      }),
  );
};
