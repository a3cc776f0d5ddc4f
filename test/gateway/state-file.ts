import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SavedState } from './gateway-state.js';

/**
 * Reads what a gateway saved; a missing file is a new gateway.
 * @throws Error with a sentence when the file is not one of a gateway
 */
export const readState = async (path: string | undefined): Promise<SavedState> => {
  const content = path === undefined ? undefined : await contentOf(path);
  if (content === undefined) {
    return { version: 1, secret: randomBytes(32).toString('base64url'), arrivals: 0, workers: [], sessions: [], reports: {} };
  }
  const result = SavedState.safeParse(parsed(content));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue ? ` (${issue.path.join('.') || 'the whole file'}: ${issue.message})` : '';
  throw new Error(`The state file ${path} is damaged or belongs to something else${where}; move it away to begin anew.`);
};

const contentOf = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

const parsed = (content: string): unknown => {
  try {
    return JSON.parse(content) as unknown;
  } catch {
    // Not even JSON: the schema refuses it with the same sentence.
    return undefined;
  }
};

/** Keeps a state in one file. Every save replaces the file as a whole; changes made during a save share the next one. */
export class StateFile {
  readonly #path: string;
  readonly #content: () => string;
  readonly #onFailure: (error: unknown) => void;
  /** Ends with the last save, whether it succeeded or not. */
  #running: Promise<void> = Promise.resolve();
  #last: Promise<void> = Promise.resolve();
  #waiting = false;

  constructor(path: string, content: () => string, onFailure: (error: unknown) => void) {
    this.#path = path;
    this.#content = content;
    this.#onFailure = onFailure;
  }

  /** Notes that there is something to save. */
  changed(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.#last = this.#running.then(async () => {
      this.#waiting = false;
      await this.#write();
    });
    // The next save carries what a failed one did not.
    this.#running = this.#last.catch(this.#onFailure);
  }

  /** Resolves when everything noted so far is on disk; rejects when it could not be written. */
  async settled(): Promise<void> {
    await this.#last;
  }

  async #write(): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true });
    const temporary = `${this.#path}.${process.pid}.tmp`;
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(this.#content());
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, this.#path);
  }
}
