// Whether a store can be read to its last row.
import { messageOf } from '../errors.js';
import { isReadable, schemaVersionOf, type Schema } from './open-store.js';
import type { RowCipher } from './row-cipher.js';
import { assertSoundFile, hasStore } from './store-file.js';
import { StoreReader } from './store-reader.js';

export interface Finding {
  /** `error`: something is lost or will fail. `warning`: something is there that should not be. */
  severity: 'error' | 'warning';
  /** As `supervisor` or `runners/3`. */
  store: string;
  problem: string;
}

/** Collects what is found in one store. */
export class Findings {
  readonly list: Finding[] = [];
  readonly #store: string;

  constructor(store: string) {
    this.#store = store;
  }

  error(problem: string): void {
    this.list.push({ severity: 'error', store: this.#store, problem });
  }

  warning(problem: string): void {
    this.list.push({ severity: 'warning', store: this.#store, problem });
  }
}

/** Opens the store for reading; undefined, with what was found, when it is not there or not sound. The caller closes it. */
export const openChecked = (folder: string, schema: Schema, cipher: RowCipher | undefined, findings: Findings): StoreReader | undefined => {
  try {
    if (!hasStore(folder)) {
      findings.warning('there is no store');
      return undefined;
    }
    assertSoundFile(folder, 'read', true);
    return StoreReader.open(folder, { ...schema, cipher });
  } catch (error) {
    findings.error(messageOf(error));
    return undefined;
  }
};

/** Decodes every row. @returns whether all of them could be */
export const checkRows = (reader: StoreReader, schema: Schema, findings: Findings): boolean => {
  const version = schemaVersionOf(reader);
  if (!isReadable(version, schema)) {
    findings.error(`it has schema version ${version ?? 'none'}, this program knows ${schema.version}`);
    return false;
  }
  const before = findings.list.length;
  for (const table of schema.tables) {
    for (const { key, value } of reader.rawRange(table)) {
      try {
        reader.decode(table, key, value);
      } catch (error) {
        findings.error(`row ${JSON.stringify(key)} of ${table} cannot be read: ${messageOf(error)}`);
      }
    }
  }
  return findings.list.length === before;
};
