// Takes sessions of another program into the stores of this worker, each as a whole or not at all. No worker may run meanwhile.
import { join } from 'node:path';
import { SessionId, withoutDevice } from '../../shared/domain/ids.js';
import type { RowCipher } from '../../shared/store/row-cipher.js';
import { openSlotStore, rowsOf } from '../../shared/store/slot-store.js';
import type { Store, Write } from '../../shared/store/store.js';
import { noteContact } from '../chats/contact-rows.js';
import { Draft } from '../chats/draft.js';
import { History } from '../messages/history.js';
import { chooseSlot } from '../placement/placement.js';
import { Progress } from '../replication/progress.js';
import { newSession, removeSessionRows, TABLES, type SessionRow } from '../supervisor-store.js';
import { readClassicAuth, type ClassicAuth } from './classic-auth.js';
import { readContacts } from './contact-records.js';
import { readMessages, type OwnJids } from './message-records.js';
import { readDescription, type SessionDescription } from './session-description.js';
import { LAYOUT, NotOursError, TransferRefusedError, type SourceFolder, type SourceSession } from './session-source.js';

export interface ImporterOptions {
  /** The supervisor's. */
  store: Store;
  dataDir: string;
  cipher: RowCipher | undefined;
  maxBytes: number | undefined;
  maxSessions: number;
  roomPerSlot: number;
  /** Whether an object store is to get what is imported. */
  track: boolean;
  /** Whether the sessions connect as soon as the worker runs. */
  connect: boolean;
}

export interface Imported {
  keys: number;
  messages: number;
  contacts: number;
  passedOver: string[];
}

/** Messages of one group of commits, and contacts of one commit. */
const BATCH = 500;

export class SessionImporter {
  readonly #options: ImporterOptions;
  readonly #history: History;
  readonly #slots = new Map<number, Store>();

  constructor(options: ImporterOptions) {
    this.#options = options;
    this.#history = new History(options.store);
  }

  /** @throws TransferRefusedError, NotOursError, and what stores and sources throw; then nothing of the session is left */
  async import(session: SourceSession): Promise<Imported> {
    const { sessionId } = session;
    if (!SessionId.safeParse(sessionId).success) {
      throw new TransferRefusedError('its name is no session id, which has 1 to 100 characters of A-Z a-z 0-9 _ -; name it with --session');
    }
    const description = readDescription(await session.description());
    if (description.workerId !== undefined) {
      throw new NotOursError(`worker ${description.workerId} has it already, with newer credentials than these`);
    }
    const rows = this.#assertRoom(sessionId);
    const auth = await readClassicAuth(session.auth, sessionId);
    const twin = rows.find(({ jid }) => jid === auth.creds.me.id);
    if (twin) throw new TransferRefusedError(`session ${twin.sessionId} is this very device already`);
    const slot = chooseSlot(occupied(rows), this.#options.roomPerSlot);
    const slotStore = await this.#slot(slot);
    try {
      // What an interrupted import left is replaced.
      await removeSessionRows(this.#options.store, sessionId);
      await slotStore.commit([...rowsOf(slotStore, sessionId), ...auth.writes]);
      const messages = await this.#importMessages(sessionId, session.messages, ownJids(auth));
      const { contacts, passedOver } = await this.#importContacts(sessionId, await session.contacts());
      await this.#options.store.commit(this.#catalogWrites(sessionId, slot, auth, description));
      return { keys: auth.keys, messages, contacts, passedOver: [...auth.passedOver, ...passedOver] };
    } catch (error) {
      await slotStore.settled();
      await slotStore.commit(rowsOf(slotStore, sessionId));
      await removeSessionRows(this.#options.store, sessionId);
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#slots.values()].map(async (store) => store.close()));
  }

  /** @returns the catalog as it is */
  #assertRoom(sessionId: string): SessionRow[] {
    const { store, maxSessions } = this.#options;
    const rows = [...store.range<SessionRow>(TABLES.sessions)].map(({ value }) => value);
    if (rows.some((row) => row.sessionId === sessionId)) throw new TransferRefusedError('a session with this id exists already');
    if (store.get(TABLES.deletions, [sessionId]) !== undefined) {
      throw new TransferRefusedError('a session with this id was deleted, and its objects are still to be removed; start the worker once');
    }
    if (rows.length >= maxSessions)
      throw new TransferRefusedError(`this worker has ${maxSessions} sessions, as many as WORKER_MAX_SESSIONS allows`);
    return rows;
  }

  /** @returns how many there were that history did not have */
  async #importMessages(sessionId: string, folder: SourceFolder, own: OwnJids): Promise<number> {
    const { store } = this.#options;
    let imported = 0;
    for (const name of [...folder.names].sort(byDayAndPart)) {
      const messages = readMessages(name, await folder.read(name), own);
      for (let from = 0; from < messages.length; from += BATCH) {
        const commits: Promise<void>[] = [];
        for (const message of messages.slice(from, from + BATCH)) {
          // Each sees what the one before it wrote; all of them wait for the disk together.
          const writes = this.#history.append(sessionId, message);
          if (writes.length === 0) continue;
          commits.push(store.commit(writes));
          imported++;
        }
        await Promise.all(commits);
      }
    }
    return imported;
  }

  /** After the messages, whose authors may have been called otherwise when they wrote them. */
  async #importContacts(sessionId: string, body: Buffer | undefined): Promise<{ contacts: number; passedOver: string[] }> {
    if (!body) return { contacts: 0, passedOver: [] };
    const { store } = this.#options;
    const { contacts, passedOver } = readContacts(body);
    for (let from = 0; from < contacts.length; from += BATCH) {
      const draft = new Draft(store);
      for (const contact of contacts.slice(from, from + BATCH)) noteContact(draft, sessionId, contact);
      await store.commit(draft.writes);
    }
    const sentences = passedOver > 0 ? [`${passedOver} of the entries in ${LAYOUT.contacts} are no contacts and were passed over`] : [];
    return { contacts: contacts.length, passedOver: sentences };
  }

  #catalogWrites(sessionId: string, slot: number, { creds }: ClassicAuth, { userId, sessionName, createdAt }: SessionDescription): Write[] {
    const { store, track, connect } = this.#options;
    const now = Date.now();
    const row: SessionRow = {
      ...newSession(sessionId, now),
      ...{ userId, sessionName, slot, desired: connect ? 'connected' : 'disconnected', createdAt: createdAt ?? now },
      ...{ paired: true, jid: creds.me.id, lid: creds.me.lid, pushName: creds.me.name },
    };
    const progress = new Progress(store);
    return [
      { table: TABLES.sessions, key: [sessionId], value: row },
      // Its files are due at once: in a bucket, those that were imported would be taken for damaged ones of ours.
      ...(track ? progress.soil(sessionId, { number: progress.number + 1, at: 0 }) : []),
    ];
  }

  async #slot(slot: number): Promise<Store> {
    const known = this.#slots.get(slot);
    if (known) return known;
    const { dataDir, cipher, track, maxBytes } = this.#options;
    const store = await openSlotStore(join(dataDir, 'runners', String(slot)), { cipher, track, maxBytes });
    this.#slots.set(slot, store);
    return store;
  }
}

const occupied = (rows: readonly SessionRow[]): Map<number, number> => {
  const perSlot = new Map<number, number>();
  for (const { slot } of rows) if (slot !== undefined) perSlot.set(slot, (perSlot.get(slot) ?? 0) + 1);
  return perSlot;
};

const ownJids = ({ creds: { me } }: ClassicAuth): OwnJids => [me.id, ...(me.lid === undefined ? [] : [me.lid])].map(withoutDevice);

/** `2026-11-22.json` before `2026-11-22.1.json`, and that before `.10`. */
const byDayAndPart = (a: string, b: string): number => {
  const [dayA = '', partA = ''] = a.split('.');
  const [dayB = '', partB = ''] = b.split('.');
  return dayA === dayB ? (Number(partA) || 0) - (Number(partB) || 0) : dayA < dayB ? -1 : 1;
};
