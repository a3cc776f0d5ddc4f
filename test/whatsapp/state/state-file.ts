import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Certificate } from '../wire/certificate-authority.js';
import type { SavedGroup } from './saved-group.js';

/** The first line of a state file. */
export interface StateHeader {
  readonly version: 2;
  readonly authority: Certificate;
  /** Where the media server listened: messages on their way name that port. */
  readonly mediaPort: number;
  readonly groups: readonly SavedGroup[];
}

/** Shortest time between two automatic saves, and how many times longer than a save took; milliseconds. */
const MIN_PAUSE_MS = 500;
const PAUSE_FACTOR = 20;

/** Keeps a simulated WhatsApp in one file: a header line with the groups, then one line per account. Every save replaces the file as a whole. */
export class StateFile {
  readonly #path: string;
  readonly #lines: () => Iterable<string>;
  #timer: NodeJS.Timeout | null = null;
  #saving: Promise<void> = Promise.resolve();
  #lastTookMs = 0;
  #closed = false;

  /** `lines` gives the whole state at one moment. */
  constructor(path: string, lines: () => Iterable<string>) {
    this.#path = path;
    this.#lines = lines;
  }

  /** Saves soon; the longer a save takes, the more changes go into one. */
  schedule(): void {
    if (this.#timer || this.#closed) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        // A failed save is repeated with the next change; a save on command reports its own failure.
        this.save().catch((error: unknown) => process.stderr.write(`state not saved: ${String(error)}\n`));
      },
      Math.max(MIN_PAUSE_MS, this.#lastTookMs * PAUSE_FACTOR),
    );
  }

  /** Saves now. Rejects when the file cannot be written. */
  async save(): Promise<void> {
    const turn = this.#saving.catch(() => undefined).then(async () => this.#write());
    this.#saving = turn;
    return turn;
  }

  /** Saves a last time. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.save();
  }

  async #write(): Promise<void> {
    const started = performance.now();
    const content = `${[...this.#lines()].join('\n')}\n`;
    this.#lastTookMs = performance.now() - started;
    await mkdir(dirname(this.#path), { recursive: true });
    const temporary = `${this.#path}.${process.pid}.tmp`;
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, this.#path);
  }
}

/** The lines of a state file: its header and the accounts. Null when there is no such file; throws on one of another version. */
export async function readStateFile(path: string): Promise<{ header: StateHeader; accounts: string[] } | null> {
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  });
  if (content === null) return null;
  const [first = '', ...accounts] = content.split('\n').filter((line) => line !== '');
  const header = JSON.parse(first) as StateHeader | { version: unknown };
  if (header.version !== 2) throw new Error(`${path} is no state file of this simulated WhatsApp`);
  return { header: header as StateHeader, accounts };
}
