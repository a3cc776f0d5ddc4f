import { advances, type Message } from '../../../shared/domain/message.js';
import type { Logger } from '../../../shared/logging.js';
import { KEYS } from '../../../shared/object-store/keys.js';
import type { Store, Write } from '../../../shared/store/store.js';
import { changedParts, partWritten } from '../../../supervisor/messages/changed-parts.js';
import { evictWrites } from '../../../supervisor/messages/eviction.js';
import { expireDay } from '../../../supervisor/messages/retention.js';
import { History } from '../../../supervisor/messages/history.js';
import { renderPart } from '../../../supervisor/messages/message-file.js';
import { RemoteHistory } from '../../../supervisor/messages/remote-history.js';
import { openSupervisorStore, TABLES } from '../../../supervisor/supervisor-store.js';
import { silent } from '../shared/logged.js';
import { closing, tempFolder } from '../store/temp-store.js';
import { MemoryObjects } from './memory-objects.js';

export const ANNA = '6281234567890@s.whatsapp.net';
export const ME = '15550000001@s.whatsapp.net';
export const DAY_MS = 24 * 60 * 60_000;
/** 2026-11-22, at midnight. */
export const TODAY = Date.UTC(2026, 10, 22);

export const incoming = (id: string, timestamp: number, changes: Partial<Message> = {}): Message => ({
  id,
  chat: ANNA,
  from: ANNA,
  to: ME,
  fromMe: false,
  type: 'text',
  content: `text of ${id}`,
  timestamp,
  status: 'delivered',
  ...changes,
});
export const outgoing = (id: string, timestamp: number, changes: Partial<Message> = {}): Message =>
  incoming(id, timestamp, { from: ME, to: ANNA, fromMe: true, status: 'pending', ...changes });

export interface HistorySetting {
  store: Store;
  objects: MemoryObjects;
  history: History;
  append: (...messages: Message[]) => Promise<void>;
  /** Writes all changed parts to the object store, as the replicator does. */
  ship: () => Promise<void>;
  ids: (limit?: number, offset?: number) => Promise<string[]>;
}

export const historyOver = (store: Store, objects = new MemoryObjects(), log: Logger = silent): HistorySetting => {
  const history = new History(store, new RemoteHistory({ store, objects, log }));
  return {
    store,
    objects,
    history,
    append: async (...messages) => {
      await Promise.all(messages.map(async (message) => store.commit(history.append('s', message))));
    },
    ship: async () => {
      for (const changed of [...changedParts(store)]) {
        const { body, number } = await renderPart(store, changed, { workerId: 'w', generation: 1 });
        if (body !== undefined) await objects.put(KEYS.messagePart(changed.sessionId, changed.day, changed.part), body);
        await store.commit(partWritten(store, { ...changed, number }));
      }
    },
    ids: async (limit = 1_000, offset = 0) => (await history.page('s', { limit, offset })).messages.map(({ id }) => id),
  };
};

export const setUpHistory = async (log?: Logger): Promise<HistorySetting> =>
  historyOver(closing(await openSupervisorStore(tempFolder())), new MemoryObjects(), log);

/** Commits each batch before the next; `stopAfter` batches that are not empty it stops, as a killed worker does. */
export const evict = async (store: Store, day: string, stopAfter = Infinity): Promise<void> => {
  let done = 0;
  for (const batch of evictWrites(store, 's', day)) {
    await store.commit(batch);
    if (batch.length > 0 && ++done >= stopAfter) return;
  }
};

export const expire = async ({ store, objects }: HistorySetting, day: string, stopAfter = Infinity): Promise<void> => {
  let done = 0;
  for (const step of expireDay(store, 's', day, true)) {
    if ('objects' in step) await objects.delete(step.objects);
    else await store.commit(step.writes);
    if (++done >= stopAfter) return;
  }
};

/** Messages as version 1 of the schema kept them. */
export const rowsOfVersion1 = (messages: readonly Message[]): Write[] =>
  messages.flatMap((message, index) => {
    const place = [Math.floor(message.timestamp / 1000), index + 1];
    const index_ = message.fromMe ? ['s', 'out', '', message.id] : ['s', 'in', message.from, message.id];
    return [
      { table: TABLES.messages, key: ['s', ...place], value: message },
      { table: TABLES.messageIndex, key: index_, value: place },
    ];
  });

/** What history should show: each message once, newest first. */
export class PlainHistory {
  readonly #messages: { message: Message; n: number; evicted: boolean }[] = [];
  #n = 0;

  add(message: Message): void {
    if (!this.#messages.some((one) => one.message.id === message.id)) this.#messages.push({ message, n: ++this.#n, evicted: false });
  }

  advance(id: string, status: Message['status']): void {
    const one = this.#messages.find(({ message, evicted }) => message.id === id && message.fromMe && !evicted);
    if (one && advances(one.message.status, status)) one.message = { ...one.message, status };
  }

  evict(day: string): void {
    for (const one of this.#messages) if (dayName(one.message) === day) one.evicted = true;
  }

  /** Answers the ids that are gone. */
  expire(day: string): string[] {
    const gone = this.#messages.filter(({ message }) => dayName(message) === day);
    for (const one of gone) this.#messages.splice(this.#messages.indexOf(one), 1);
    return gone.map(({ message }) => message.id);
  }

  newestFirst(): Message[] {
    const second = ({ timestamp }: Message): number => Math.floor(timestamp / 1000);
    return this.#messages.toSorted((a, b) => second(b.message) - second(a.message) || b.n - a.n).map(({ message }) => message);
  }
}

const dayName = ({ timestamp }: Message): string => new Date(timestamp).toISOString().slice(0, 10);
