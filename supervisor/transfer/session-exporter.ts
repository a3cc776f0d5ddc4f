// Writes a session as the guide lays it out, with credentials that Baileys' own useMultiFileAuthState reads.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RowCipher } from '../../shared/store/row-cipher.js';
import { readPacked } from '../../shared/store/packed-session.js';
import { SLOT_TABLES } from '../../shared/store/slot-store.js';
import type { StoreReader } from '../../shared/store/store-reader.js';
import type { Write } from '../../shared/store/store.js';
import type { SessionRow } from '../supervisor-store.js';
import { classicFiles } from './classic-auth.js';
import { contactsIn } from './contact-records.js';
import { plainRecord } from './message-records.js';
import { describe } from './session-description.js';
import { historyOf, type HistorySource } from './session-history.js';
import { LAYOUT, TransferRefusedError } from './session-source.js';

export interface ExporterOptions extends HistorySource {
  /** Empty. */
  folder: string;
  /** The store of a slot; undefined when there is none. */
  slotReader: (slot: number) => StoreReader | undefined;
  cipher: RowCipher | undefined;
}

export interface Exported {
  /** 0 for a session that is not paired. */
  files: number;
  messages: number;
  contacts: number;
}

const FOLDER = { recursive: true, mode: 0o700 };
const FILE = { mode: 0o600, flag: 'wx' };

export class SessionExporter {
  readonly #options: ExporterOptions;

  constructor(options: ExporterOptions) {
    this.#options = options;
  }

  /** @throws TransferRefusedError, and what stores and disks throw; then nothing of the session is in the folder */
  async export(row: SessionRow): Promise<Exported> {
    const root = join(this.#options.folder, 'sessions', row.sessionId);
    try {
      await mkdir(root, FOLDER);
      await writeFile(join(root, LAYOUT.description), JSON.stringify(describe(row)), FILE);
      return {
        files: await this.#exportAuth(row, join(root, LAYOUT.auth)),
        messages: await this.#exportMessages(row, join(root, LAYOUT.messages)),
        contacts: await this.#exportContacts(row, join(root, LAYOUT.contacts)),
      };
    } catch (error) {
      await rm(root, { recursive: true, force: true });
      throw error;
    }
  }

  async #exportAuth(row: SessionRow, folder: string): Promise<number> {
    const rows = await this.#authRows(row);
    if (!rows.some(({ table, value }) => table === SLOT_TABLES.creds && value !== undefined)) {
      if (row.paired) throw new TransferRefusedError('it is paired, and its credentials are missing');
      return 0;
    }
    await mkdir(folder, FOLDER);
    const files = classicFiles(rows);
    for (const [name, content] of files) await writeFile(join(folder, name), content, FILE);
    return files.size;
  }

  /** @throws SealedRowError, DamagedError */
  async #authRows({ sessionId, slot }: SessionRow): Promise<Write[]> {
    const reader = slot === undefined ? undefined : this.#options.slotReader(slot);
    if (!reader) return [];
    const packed = await readPacked(reader, sessionId, this.#options.cipher);
    if (packed) return packed;
    return [SLOT_TABLES.creds, SLOT_TABLES.keys].flatMap((table) =>
      [...reader.range(table, { prefix: [sessionId] })].map(({ key, value }) => ({ table, key, value })),
    );
  }

  async #exportMessages({ sessionId }: SessionRow, folder: string): Promise<number> {
    let count = 0;
    for await (const { day, messages } of historyOf(this.#options, sessionId)) {
      await mkdir(folder, FOLDER);
      await writeFile(join(folder, `${day}.json`), JSON.stringify(messages.map(plainRecord)), FILE);
      count += messages.length;
    }
    return count;
  }

  async #exportContacts({ sessionId }: SessionRow, file: string): Promise<number> {
    const contacts = contactsIn(this.#options.reader, sessionId);
    if (contacts.length > 0) await writeFile(file, JSON.stringify(contacts), FILE);
    return contacts.length;
  }
}
