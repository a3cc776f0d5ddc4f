// The files of a session as the guide lays them out, written from what is stored: with them, older journal objects are no longer needed.
import { phoneNumberOf } from '../../shared/domain/ids.js';
import type { Message } from '../../shared/domain/message.js';
import { outwardStatus } from '../../shared/domain/session.js';
import { KEYS } from '../../shared/object-store/keys.js';
import type { ObjectStore } from '../../shared/object-store/object-store.js';
import { packAuth, type AuthFile } from '../../shared/store/auth-file.js';
import { readPacked } from '../../shared/store/packed-session.js';
import type { RowCipher } from '../../shared/store/row-cipher.js';
import { SLOT_TABLES } from '../../shared/store/slot-store.js';
import type { StoreReader } from '../../shared/store/store-reader.js';
import type { Store, Write } from '../../shared/store/store.js';
import { changedParts, partWritten } from '../messages/changed-parts.js';
import { recentKeys } from '../messages/idempotency.js';
import { renderPart } from '../messages/message-file.js';
import { TABLES, type Intent, type MessageCount, type MessageDay, type SessionRow } from '../supervisor-store.js';
import type { Checkpointed, Progress } from './progress.js';
import { writeSends, writeSessionData } from './session-files.js';

export interface CheckpointsOptions {
  workerId: string;
  store: Store;
  objects: ObjectStore;
  progress: Progress;
  /** The store of a slot, or undefined while it has none. */
  reader: (slot: number) => StoreReader | undefined;
  cipher: RowCipher | undefined;
}

/** What of the sends is in the files; the journal has what is newer than they are. Old ones would make the file grow with the day. */
const KEYS_MS = 60 * 60_000;
const RETRIES_MS = 15 * 60_000;
const MOST_SENDS = 10_000;

const NEVER: Checkpointed = { number: 0, hasAuth: false, hasSends: false };

export class Checkpoints {
  readonly #options: CheckpointsOptions;

  constructor(options: CheckpointsOptions) {
    this.#options = options;
  }

  /** Writes every file of the session that is behind, and remembers what they include. @throws ObjectStoreError, STORAGE_UNAVAILABLE */
  async write(sessionId: string): Promise<void> {
    const { store, progress } = this.#options;
    const row = this.#row(sessionId);
    if (!row) return;
    // Whatever is read from here on includes the changes of this journal object.
    const number = progress.number;
    const [hasAuth, hasSends] = await Promise.all([
      this.#writeAuth(row, number),
      this.#writeSends(row, number),
      this.#writeParts(sessionId, number),
    ]);
    const checkpointed: Checkpointed = { number, hasAuth, hasSends };
    await this.#writeData(sessionId, checkpointed);
    await store.commit(progress.checkpoint(sessionId, checkpointed));
  }

  /** Writes only what describes the session. */
  async describe(sessionId: string): Promise<void> {
    await this.#writeData(sessionId, this.#options.progress.checkpointed(sessionId) ?? NEVER);
  }

  async #writeData(sessionId: string, checkpointed: Checkpointed): Promise<void> {
    const { workerId, store, objects, progress } = this.#options;
    const generation = progress.number;
    const row = this.#row(sessionId);
    if (!row) return;
    const days = [...store.range<MessageDay>(TABLES.messageDays, { prefix: [sessionId] })];
    const body = writeSessionData({
      sessionId,
      workerId,
      generation,
      checkpoint: checkpointed.number,
      userId: row.userId ?? null,
      sessionName: row.sessionName ?? null,
      phoneNumber: (row.jid === undefined ? undefined : phoneNumberOf(row.jid)) ?? null,
      status: outwardStatus(row.state, row.everConnected),
      createdAt: new Date(row.createdAt).toISOString(),
      lastActivity: new Date(row.lastActivity).toISOString(),
      hasAuth: checkpointed.hasAuth,
      hasSends: checkpointed.hasSends,
      row,
      messageCount: store.get<MessageCount>(TABLES.messageCounts, [sessionId]) ?? { total: 0, n: 0 },
      days: Object.fromEntries(days.map(({ key, value }) => [String(key[1]), value])),
    });
    await objects.put(KEYS.sessionData(sessionId), body);
  }

  async #writeParts(sessionId: string, generation: number): Promise<void> {
    const { workerId, store, objects } = this.#options;
    for (const changed of [...changedParts(store, sessionId)]) {
      const { body, number } = await renderPart(store, changed, { workerId, generation });
      if (body !== undefined) await objects.put(KEYS.messagePart(sessionId, changed.day, changed.part), Buffer.from(body));
      await store.commit(partWritten(store, { ...changed, number }));
    }
  }

  async #writeAuth(row: SessionRow, generation: number): Promise<boolean> {
    const { workerId, objects, cipher } = this.#options;
    const { sessionId } = row;
    const auth = await this.readAuth(row);
    const key = KEYS.auth(sessionId);
    if (!auth) {
      if (this.#options.progress.checkpointed(sessionId)?.hasAuth ?? true) await objects.delete([key]);
      return false;
    }
    await objects.put(key, await packAuth({ sessionId, workerId, generation, ...auth }, cipher));
    return true;
  }

  /** Credentials and keys of a session; undefined when it has none. @throws SealedRowError */
  async readAuth({ sessionId, slot }: SessionRow): Promise<Pick<AuthFile, 'creds' | 'keys'> | undefined> {
    const reader = slot === undefined ? undefined : this.#options.reader(slot);
    if (!reader) return undefined;
    reader.refresh();
    const rows = (await readPacked(reader, sessionId, this.#options.cipher)) ?? authRows(reader, sessionId);
    const creds = rows.find(({ table }) => table === SLOT_TABLES.creds)?.value;
    if (creds === undefined) return undefined;
    const keys: AuthFile['keys'] = {};
    for (const { table, key, value } of rows) {
      if (table === SLOT_TABLES.keys && value !== undefined) (keys[String(key[1])] ??= {})[String(key[2])] = value;
    }
    return { creds, keys };
  }

  async #writeSends({ sessionId, slot }: SessionRow, generation: number): Promise<boolean> {
    const { workerId, store, objects } = this.#options;
    const reader = slot === undefined ? undefined : this.#options.reader(slot);
    reader?.refresh();
    const now = Date.now();
    const intents = [...store.range<Intent>(TABLES.intents, { prefix: [sessionId] })].map(({ value }) => value);
    const idempotency = recentKeys(store, sessionId, now - KEYS_MS, MOST_SENDS);
    const outgoing = reader ? recentOutgoing(store, reader, sessionId, now - RETRIES_MS) : [];
    const key = KEYS.sends(sessionId);
    if (intents.length + idempotency.length + outgoing.length === 0) {
      if (this.#options.progress.checkpointed(sessionId)?.hasSends) await objects.delete([key]);
      return false;
    }
    await objects.put(key, await writeSends({ sessionId, workerId, generation, intents, idempotency, outgoing }));
    return true;
  }

  #row(sessionId: string): SessionRow | undefined {
    return this.#options.store.get<SessionRow>(TABLES.sessions, [sessionId]);
  }
}

/** Messages sent since `since` (Unix milliseconds), as they were sent; at most `MOST_SENDS`. */
const recentOutgoing = (store: Store, reader: StoreReader, sessionId: string, since: number): [messageId: string, sent: unknown][] => {
  const found: [string, unknown][] = [];
  for (const { key, value } of store.range<Message>(TABLES.messages, { prefix: [sessionId], reverse: true, limit: MOST_SENDS })) {
    if (Number(key[1]) * 1000 < since) break;
    const sent = value.fromMe ? reader.get(SLOT_TABLES.outgoing, [sessionId, value.id]) : undefined;
    if (sent !== undefined) found.push([value.id, sent]);
  }
  return found;
};

const authRows = (reader: StoreReader, sessionId: string): Write[] =>
  [SLOT_TABLES.creds, SLOT_TABLES.keys].flatMap((table) =>
    [...reader.range(table, { prefix: [sessionId] })].map(({ key, value }) => ({ table, key, value })),
  );
