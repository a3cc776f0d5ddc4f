import { SessionSettings } from '../../shared/domain/session-settings.js';
import { AppError } from '../../shared/errors.js';
import type { Store, Write } from '../../shared/store/store.js';
import { joinedProblems } from '../joined-problems.js';
import { TABLES } from '../supervisor-store.js';
import { mergePatch } from './merge-patch.js';
import { unmasked } from './settings-view.js';

export interface SettingsChange {
  sessionId: string;
  before: SessionSettings;
  after: SessionSettings;
  /** The session begins with them. */
  isNew: boolean;
}

export interface SettingsOptions {
  store: Pick<Store, 'get' | 'commit'>;
  /** What to commit together with a change. */
  along?: (change: SettingsChange) => readonly Write[];
  /** Of sessions that set none. */
  workerProxy?: string | undefined;
}

/** What was set for each session; read from the store whenever somebody wants to know. */
export class Settings {
  readonly #options: SettingsOptions;
  readonly #listeners = new Set<(change: SettingsChange) => void>();

  constructor(options: SettingsOptions) {
    this.#options = options;
  }

  /** Empty for a session that has none, or is none. */
  of(sessionId: string): SessionSettings {
    return this.#options.store.get<SessionSettings>(TABLES.settings, [sessionId]) ?? {};
  }

  /**
   * Merges `patch` into what is set.
   * @throws INVALID_REQUEST with `details.issues: [{path, message}]`
   */
  async change(sessionId: string, patch: unknown): Promise<SessionSettings> {
    // Read, merged and begun to be written in one turn: of two changes at a time the second sees the first.
    const before = this.of(sessionId);
    const after = this.#changed(before, patch);
    await this.#options.store.commit(this.#writes({ sessionId, before, after, isNew: false }));
    for (const listener of [...this.#listeners]) listener({ sessionId, before, after, isNew: false });
    return after;
  }

  /** To be committed with a new session. @throws INVALID_REQUEST */
  writesForNew(sessionId: string, given: unknown): Write[] {
    return this.#writes({ sessionId, before: {}, after: this.#changed({}, given ?? {}), isNew: true });
  }

  /** Calls `listener` after every change but those of new sessions, until the returned function is called. */
  onChange(listener: (change: SettingsChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(before: SessionSettings, patch: unknown): SessionSettings {
    if (typeof patch !== 'object' || patch === null || Array.isArray(patch))
      throw invalid([{ path: '', message: 'settings must be a JSON object' }]);
    const given = unmasked(patch as Record<string, unknown>, before, this.#options.workerProxy);
    const result = SessionSettings.safeParse(mergePatch(before, given));
    if (result.success) return result.data;
    throw invalid(result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })));
  }

  #writes(change: SettingsChange): Write[] {
    const { sessionId, after } = change;
    const value = Object.keys(after).length === 0 ? undefined : after;
    return [{ table: TABLES.settings, key: [sessionId], value }, ...(this.#options.along?.(change) ?? [])];
  }
}

const invalid = (issues: { path: string; message: string }[]): AppError =>
  new AppError('INVALID_REQUEST', `The settings are not valid: ${joinedProblems(issues)}.`, {
    details: { issues },
  });
