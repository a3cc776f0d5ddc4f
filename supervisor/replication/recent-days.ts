// After a restore the last two days come back to the disk, before a session connects: what WhatsApp delivers again must be recognised, and
// statuses must find their messages.
import PQueue from 'p-queue';
import { messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import { KEYS } from '../../shared/object-store/keys.js';
import type { ObjectStore } from '../../shared/object-store/object-store.js';
import type { Store, Write } from '../../shared/store/store.js';
import { dayOf } from '../messages/message-day.js';
import { TABLES, type MessageDay } from '../supervisor-store.js';
import { restorePart } from './restore-messages.js';

const DAY_MS = 24 * 60 * 60_000;
const CONCURRENCY = 4;

/** To commit with the restore of a session at `now` (Unix milliseconds). */
export const wantRecentDays = (sessionId: string, now: number): Write[] => [
  { table: TABLES.replication, key: ['recent', sessionId], value: [dayOf((now - DAY_MS) / 1000), dayOf(now / 1000)] },
];

export class RecentDays {
  readonly #store: Store;
  readonly #objects: Pick<ObjectStore, 'get'>;
  readonly #log: Logger;
  readonly #underway = new Map<string, Promise<void>>();

  constructor(store: Store, objects: Pick<ObjectStore, 'get'>, log: Logger) {
    this.#store = store;
    this.#objects = objects;
    this.#log = log;
  }

  /** @throws ObjectStoreError, STORAGE_UNAVAILABLE */
  async fetch(sessionId: string): Promise<void> {
    const underway = this.#underway.get(sessionId) ?? this.#fetch(sessionId).finally(() => this.#underway.delete(sessionId));
    this.#underway.set(sessionId, underway);
    return underway;
  }

  /** Those of every session that still lacks them; what fails is tried again when it is asked for. */
  async fetchAll(): Promise<void> {
    const waiting = [...this.#store.range(TABLES.replication, { prefix: ['recent'] })].map(({ key }) => String(key[1]));
    const queue = new PQueue({ concurrency: CONCURRENCY });
    await queue.addAll(
      waiting.map((sessionId) => async () => {
        await this.fetch(sessionId).catch((error: unknown) => {
          this.#log.warn(
            { sessionId, cause: messageOf(error) },
            'recent days could not be fetched yet; they are read from the object store',
          );
        });
      }),
    );
  }

  async #fetch(sessionId: string): Promise<void> {
    const days = this.#store.get<string[]>(TABLES.replication, ['recent', sessionId]);
    if (!days) return;
    for (const day of days) await this.#fetchDay(sessionId, day);
    await this.#store.commit([{ table: TABLES.replication, key: ['recent', sessionId], value: undefined }]);
  }

  async #fetchDay(sessionId: string, day: string): Promise<void> {
    const place = [sessionId, day];
    const parts = this.#store.get<MessageDay>(TABLES.messageDays, place)?.remoteParts ?? 0;
    const damaged: string[] = [];
    for (let part = 0; part < parts; part++) {
      await restorePart({
        store: this.#store,
        objects: this.#objects,
        key: KEYS.messagePart(sessionId, day, part),
        onDamaged: async (key, error) => {
          damaged.push(key);
          this.#log.error({ key, why: error.message }, 'a damaged file of messages is not used and stays as it is');
          return Promise.resolve();
        },
      });
    }
    // Messages may have been added meanwhile, to a later part.
    const now = this.#store.get<MessageDay>(TABLES.messageDays, place);
    if (now && damaged.length === 0)
      await this.#store.commit([{ table: TABLES.messageDays, key: place, value: { ...now, remoteParts: 0 } }], { tracked: false });
  }
}
