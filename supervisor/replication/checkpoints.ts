// The files of a session as the guide lays them out, written from what is stored: with them, older journal objects are no longer needed.
import { phoneNumberOf } from '../../shared/domain/ids.js';
import { outwardStatus } from '../../shared/domain/session.js';
import { KEYS } from '../../shared/object-store/keys.js';
import { SLOT_TABLES } from '../../shared/store/slot-store.js';
import type { StoreReader } from '../../shared/store/store-reader.js';
import type { Store, Write } from '../../shared/store/store.js';
import { chatRecords } from '../chats/chat-records.js';
import { changedParts, partWritten } from '../messages/changed-parts.js';
import { recentKeys } from '../messages/idempotency.js';
import { renderPart } from '../messages/message-file.js';
import { indexKey, type Place } from '../messages/message-index.js';
import { recentEvents } from '../events/restored-events.js';
import { TABLES, type Intent, type MessageCount, type MessageDay, type SessionRow } from '../supervisor-store.js';
import { AuthCheckpoints, type AuthCheckpointsOptions } from './auth-checkpoints.js';
import type { Checkpointed } from './progress.js';
import { writeSends, writeSessionData, type Checkpoint } from './session-files.js';

export interface CheckpointsOptions extends AuthCheckpointsOptions {
  store: Store;
}

/** What of the sends and events is in the files, beside all chats; the journal has what is newer than they are. Old ones would make the file grow with the day. */
const KEYS_MS = 60 * 60_000;
const RETRIES_MS = 15 * 60_000;
const EVENTS_MS = 15 * 60_000;
const MOST_SENDS = 10_000;

const NEVER: Checkpointed = { number: 0, hasAuth: false, hasSends: false };

export class Checkpoints {
  readonly #options: CheckpointsOptions;
  readonly #auth: AuthCheckpoints;

  constructor(options: CheckpointsOptions) {
    this.#options = options;
    this.#auth = new AuthCheckpoints(options);
  }

  /**
   * Writes every file of the session that is behind.
   * @param describe also the one that describes it, which is enough of a checkpoint only for a session without credentials
   * @returns what to commit then, so that it is remembered what they include
   * @throws ObjectStoreError, STORAGE_UNAVAILABLE
   */
  async write(sessionId: string, describe: boolean): Promise<() => Write[]> {
    const { progress, objects } = this.#options;
    const row = this.#row(sessionId);
    if (!row) return () => progress.forgetFiles(sessionId);
    // Whatever is read from here on includes the changes of this journal object.
    const number = progress.number;
    const [hasSends, partsWritten] = await Promise.all([this.#writeSends(row, number), this.#writeParts(sessionId, number)]);
    const auth = await this.#auth.write(row, number, this.#checkpoint(row, { number, hasSends }));
    const before = progress.checkpointed(sessionId);
    const checkpointed: Checkpointed = { number, hasAuth: auth.hasAuth, hasSends };
    if (describe || !auth.hasAuth || !before?.hasAuth) await this.#writeData(sessionId, checkpointed);
    // Whoever restores meanwhile goes by what was said to be there until now.
    if (!auth.hasAuth && (before?.hasAuth ?? true)) await this.#auth.remove(sessionId);
    if (!hasSends && before?.hasSends) await objects.delete([KEYS.sends(sessionId)]);
    return () => [...auth.writes, ...partsWritten(), ...progress.checkpoint(sessionId, checkpointed)];
  }

  /** Writes only what describes the session. */
  async describe(sessionId: string): Promise<void> {
    await this.#writeData(sessionId, this.#options.progress.checkpointed(sessionId) ?? NEVER);
  }

  async #writeData(sessionId: string, checkpointed: Checkpointed): Promise<void> {
    const { workerId, objects, progress } = this.#options;
    const generation = progress.number;
    const row = this.#row(sessionId);
    if (!row) return;
    const body = writeSessionData({
      sessionId,
      workerId,
      generation,
      userId: row.userId ?? null,
      sessionName: row.sessionName ?? null,
      phoneNumber: (row.jid === undefined ? undefined : phoneNumberOf(row.jid)) ?? null,
      status: outwardStatus(row.state, row.everConnected),
      createdAt: new Date(row.createdAt).toISOString(),
      lastActivity: new Date(row.lastActivity).toISOString(),
      hasAuth: checkpointed.hasAuth,
      ...this.#checkpoint(row, checkpointed),
    });
    await objects.put(KEYS.sessionData(sessionId), body);
  }

  #checkpoint(row: SessionRow, { number, hasSends }: Pick<Checkpointed, 'number' | 'hasSends'>): Checkpoint {
    const { store } = this.#options;
    const [settings] = store.rawRange(TABLES.settings, { prefix: [row.sessionId], limit: 1 });
    const days = [...store.range<MessageDay>(TABLES.messageDays, { prefix: [row.sessionId] })];
    return {
      checkpoint: number,
      hasSends,
      row,
      lastEvent: store.get<number>(TABLES.eventHeads, [row.sessionId]),
      // Encrypted where credentials are.
      settings: settings?.value.toString('base64'),
      webhookCursor: store.get<number>(TABLES.webhookCursors, [row.sessionId]),
      messageCount: store.get<MessageCount>(TABLES.messageCounts, [row.sessionId]) ?? { total: 0, n: 0 },
      days: Object.fromEntries(days.map(({ key, value }) => [String(key[1]), value])),
    };
  }

  /** @returns what to commit for the last of them; the others count as written at once, so that a long way need not be gone again */
  async #writeParts(sessionId: string, generation: number): Promise<() => Write[]> {
    const { workerId, store, objects } = this.#options;
    let written = (): Write[] => [];
    for (const changed of [...changedParts(store, sessionId)]) {
      await store.commit(written());
      const { body, number } = await renderPart(store, changed, { workerId, generation });
      if (body !== undefined) await objects.put(KEYS.messagePart(sessionId, changed.day, changed.part), body);
      written = () => partWritten(store, { ...changed, number });
    }
    return written;
  }

  async #writeSends({ sessionId, slot }: SessionRow, generation: number): Promise<boolean> {
    const { workerId, store, objects } = this.#options;
    const reader = slot === undefined ? undefined : this.#options.reader(slot);
    reader?.refresh();
    const now = Date.now();
    const intents = [...store.range<Intent>(TABLES.intents, { prefix: [sessionId] })].map(({ value }) => value);
    const idempotency = recentKeys(store, sessionId, now - KEYS_MS, MOST_SENDS);
    const outgoing = reader ? recentOutgoing(store, reader, sessionId, now - RETRIES_MS) : [];
    const events = recentEvents(store, sessionId, now - EVENTS_MS, MOST_SENDS);
    const chats = chatRecords(store, sessionId);
    const rows = [intents, idempotency, outgoing, events, chats.chats, chats.contacts].reduce((sum, { length }) => sum + length, 0);
    if (rows === 0) return false;
    const body = await writeSends({ sessionId, workerId, generation, intents, idempotency, outgoing, events, chats });
    await objects.put(KEYS.sends(sessionId), body);
    return true;
  }

  #row(sessionId: string): SessionRow | undefined {
    return this.#options.store.get<SessionRow>(TABLES.sessions, [sessionId]);
  }
}

/** Messages sent since `since` (Unix milliseconds), as they were sent; the newest `MOST_SENDS`, beginning with the newest. */
const recentOutgoing = (store: Store, reader: StoreReader, sessionId: string, since: number): [messageId: string, sent: unknown][] => {
  const found: { place: Place; id: string; sent: unknown }[] = [];
  // From what is kept to be sent again, which is much less than the messages of the last minutes.
  for (const { key, value } of reader.range(SLOT_TABLES.outgoing, { prefix: [sessionId] })) {
    const id = String(key[1]);
    const place = store.get<Place>(TABLES.messageIndex, indexKey(sessionId, { fromMe: true, from: '', id }));
    if (place && place[0] * 1000 >= since) found.push({ place, id, sent: value });
  }
  return found
    .sort((a, b) => b.place[0] - a.place[0] || b.place[1] - a.place[1])
    .slice(0, MOST_SENDS)
    .map(({ id, sent }) => [id, sent]);
};
