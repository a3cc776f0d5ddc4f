import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../../shared/errors.js';
import { EXIT } from '../../shared/exit-codes.js';
import type { ObjectStore } from '../../shared/object-store/object-store.js';
import { isReadable, schemaVersionOf, type Schema } from '../../shared/store/open-store.js';
import type { RowCipher } from '../../shared/store/row-cipher.js';
import { spooledIn } from '../../shared/store/slot-sessions.js';
import { SLOT_SCHEMA } from '../../shared/store/slot-store.js';
import { StoreReader } from '../../shared/store/store-reader.js';
import type { Config } from '../config.js';
import { openObjectStore } from '../replication/create-replication.js';
import { SUPERVISOR_SCHEMA, TABLES, type SessionRow } from '../supervisor-store.js';
import { SessionExporter } from '../transfer/session-exporter.js';
import { withStoppedWorker } from './stopped-worker.js';
import { CommandRefusedError, type CommandContext, type Subcommand } from './subcommand.js';

/** `worker export` */
export const exportSessions: Subcommand = {
  usage: 'DIR [--session ID]',
  summary: 'writes sessions with their messages into DIR, as folders of useMultiFileAuthState; changes nothing, the worker must be stopped',
  run: async (context) => {
    const { folder, only } = argumentsOf(context.args);
    return withStoppedWorker(context.config.dataDir, async () => {
      const readers = new Readers(context.config, context.cipher);
      try {
        return await exportAll(context, readers, folder, only);
      } finally {
        await readers.close();
      }
    });
  },
};

const argumentsOf = (args: readonly string[]): { folder: string; only: string | undefined } => {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: { session: { type: 'string' } } });
  const [folder, ...more] = positionals;
  if (folder === undefined || more.length > 0) throw new CommandRefusedError('export takes one folder');
  return { folder: resolve(folder), only: values.session };
};

const exportAll = async ({ say }: CommandContext, readers: Readers, folder: string, only: string | undefined): Promise<number> => {
  const reader = readers.of('supervisor', SUPERVISOR_SCHEMA);
  const all = reader ? [...reader.range<SessionRow>(TABLES.sessions)].map(({ value }) => value) : [];
  const rows = all.filter(({ sessionId, deleting }) => !deleting && (only === undefined || sessionId === only));
  if (!reader || rows.length === 0)
    throw new CommandRefusedError(only === undefined ? 'there are no sessions' : `there is no session ${only}`);
  makeEmpty(folder);
  const slotReader = (slot: number): StoreReader | undefined => readers.of(join('runners', String(slot)), SLOT_SCHEMA);
  const exporter = new SessionExporter({
    ...{ folder, reader, slotReader },
    cipher: readers.cipher,
    objects: async () => readers.objects(),
  });
  let failed = 0;
  for (const row of rows) {
    const { sessionId, slot } = row;
    try {
      const { files, messages, contacts } = await exporter.export(row);
      const credentials = files === 0 ? ' without credentials, for it is not paired;' : `; files of credentials: ${files},`;
      say(`${sessionId}: exported${credentials} messages: ${messages}, contacts: ${contacts}`);
      const slotStore = slot === undefined ? undefined : slotReader(slot);
      if (slotStore && spooledIn(slotStore).has(sessionId)) {
        say(`${sessionId}: something it received is not in its history yet; start the worker, stop it and export again to have it`);
      }
    } catch (error) {
      say(`${sessionId}: not exported: ${messageOf(error)}`);
      failed++;
    }
  }
  say(`${rows.length - failed} exported, ${failed} not`);
  say(
    'These credentials must not be used while this worker goes on with the sessions: two at once push each other out and their keys drift apart.',
  );
  return failed > 0 ? EXIT.crash : EXIT.clean;
};

const makeEmpty = (folder: string): void => {
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (stat && !stat.isDirectory()) throw new CommandRefusedError(`${folder} is not a folder`);
  if (stat && readdirSync(folder).length > 0) throw new CommandRefusedError(`${folder} is not empty`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
};

/** What a stopped worker has stored, for reading only. */
class Readers {
  readonly cipher: RowCipher | undefined;
  readonly #config: Config;
  readonly #open = new Map<string, StoreReader | undefined>();
  #objects: Promise<ObjectStore> | undefined;

  constructor(config: Config, cipher: RowCipher | undefined) {
    this.#config = config;
    this.cipher = cipher;
  }

  /** Undefined when there is no such store. @throws CommandRefusedError for one of another version */
  of(name: string, schema: Schema): StoreReader | undefined {
    if (this.#open.has(name)) return this.#open.get(name);
    const reader = StoreReader.open(join(this.#config.dataDir, name), { ...schema, cipher: this.cipher });
    this.#open.set(name, reader);
    const version = reader && schemaVersionOf(reader);
    if (reader && !isReadable(version, schema)) {
      throw new CommandRefusedError(`the store ${name} has schema version ${version ?? 'none'}; start a worker of this version once`);
    }
    return reader;
  }

  async objects(): Promise<ObjectStore | undefined> {
    const { objectStore } = this.#config;
    this.#objects ??= objectStore && openObjectStore(objectStore);
    return this.#objects;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map(async (reader) => reader?.close()));
    await (await this.#objects)?.close();
  }
}
