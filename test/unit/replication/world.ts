// A supervisor's store, those of two slots and their replication, and all that can happen to them.
import { join } from 'node:path';
import fc from 'fast-check';
import { HandOver } from '../../../session-runner/hand-over.js';
import { Spool } from '../../../session-runner/messages/spool.js';
import { DiskObjectStore } from '../../../shared/object-store/disk-object-store.js';
import { ObjectStoreError, type ObjectStore } from '../../../shared/object-store/object-store.js';
import { unpackSession } from '../../../shared/store/packed-session.js';
import type { RowCipher } from '../../../shared/store/row-cipher.js';
import { openSlotStore, rowsOf, SLOT_TABLES } from '../../../shared/store/slot-store.js';
import type { Store } from '../../../shared/store/store.js';
import { ChatList } from '../../../supervisor/chats/chat-list.js';
import { History } from '../../../supervisor/messages/history.js';
import { RemoteHistory } from '../../../supervisor/messages/remote-history.js';
import { Replication } from '../../../supervisor/replication/replication.js';
import { Settings } from '../../../supervisor/settings/settings.js';
import { openSupervisorStore, removeSessionRows, TABLES, type SessionRow } from '../../../supervisor/supervisor-store.js';
import type { SlotReaders } from '../../../supervisor/slot-readers.js';
import { quietLog } from '../../fixtures/quiet-log.js';
import { slotReaders } from '../../fixtures/slot-readers.js';
import { closing, tempFolder } from '../store/temp-store.js';

const SESSIONS = ['user1', 'user10', 'user2'];
const START = Date.UTC(2026, 10, 22, 23, 59, 0);

export type Step =
  | { do: 'key'; session: number; id: number; value: number }
  | { do: 'forget-key'; session: number; id: number }
  | { do: 'pre-key'; session: number; id: number; value: number }
  | { do: 'use-pre-key'; session: number; id: number }
  | { do: 'message'; session: number; minutes: number }
  | { do: 'read'; session: number; n: number }
  | { do: 'meet'; session: number; of: number; name: string; lid: boolean }
  | { do: 'set'; session: number; on: boolean | null }
  | { do: 'delete'; session: number }
  /** To the other slot; with a flush at one moment of it, and perhaps given up before the catalog says so. */
  | { do: 'move'; session: number; flushAfter: 'adopt' | 'catalog' | 'settle' | 'nothing'; givenUp: boolean }
  | { do: 'flush'; files: boolean }
  | { do: 'away'; away: boolean };

const session = fc.nat({ max: SESSIONS.length - 1 });
export const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant('key' as const), session, id: fc.nat({ max: 5 }), value: fc.nat() }), weight: 6 },
  { arbitrary: fc.record({ do: fc.constant('forget-key' as const), session, id: fc.nat({ max: 5 }) }), weight: 2 },
  { arbitrary: fc.record({ do: fc.constant('pre-key' as const), session, id: fc.nat({ max: 5 }), value: fc.nat() }), weight: 3 },
  { arbitrary: fc.record({ do: fc.constant('use-pre-key' as const), session, id: fc.nat({ max: 5 }) }), weight: 3 },
  { arbitrary: fc.record({ do: fc.constant('message' as const), session, minutes: fc.nat({ max: 3_000 }) }), weight: 6 },
  { arbitrary: fc.record({ do: fc.constant('read' as const), session, n: fc.nat({ max: 9 }) }), weight: 3 },
  {
    arbitrary: fc.record({
      ...{ do: fc.constant('meet' as const), session, of: fc.nat({ max: 2 }) },
      ...{ name: fc.constantFrom('Anna', 'Ben'), lid: fc.boolean() },
    }),
    weight: 3,
  },
  { arbitrary: fc.record({ do: fc.constant('set' as const), session, on: fc.constantFrom(true, false, null) }), weight: 2 },
  { arbitrary: fc.record({ do: fc.constant('delete' as const), session }), weight: 1 },
  {
    arbitrary: fc.record({
      ...{ do: fc.constant('move' as const), session, givenUp: fc.boolean() },
      flushAfter: fc.constantFrom('adopt' as const, 'catalog' as const, 'settle' as const, 'nothing' as const),
    }),
    weight: 4,
  },
  { arbitrary: fc.record({ do: fc.constant('flush' as const), files: fc.boolean() }), weight: 4 },
  { arbitrary: fc.record({ do: fc.constant('away' as const), away: fc.boolean() }), weight: 1 },
);

/** Answers like the store behind it, or not at all; a put that fails may have landed. */
interface Breakable extends ObjectStore {
  away: boolean;
  /** Number of gets. */
  goesAwayAfter: number;
}

const breakable = (objects: ObjectStore): Breakable => {
  const wrapper = Object.create(objects, {
    away: { value: false, writable: true },
    goesAwayAfter: { value: Infinity, writable: true },
  }) as Breakable;
  const check = (): void => {
    if (wrapper.away) throw new ObjectStoreError('unreachable', 'away');
  };
  return Object.assign(wrapper, {
    open: async () => {
      check();
      await objects.open();
    },
    put: async (...args: Parameters<ObjectStore['put']>) => {
      const done = await objects.put(...args);
      check();
      return done;
    },
    get: async (key: string) => {
      if (--wrapper.goesAwayAfter < 0) wrapper.away = true;
      check();
      return objects.get(key);
    },
    delete: async (keys: readonly string[]) => {
      check();
      await objects.delete(keys);
    },
    list: (prefix: string) => {
      check();
      return objects.list(prefix);
    },
    close: async () => Promise.resolve(),
  });
};

export class World {
  readonly objects: ReturnType<typeof breakable>;
  readonly cipher: RowCipher | undefined;
  readonly folder = tempFolder();
  readonly refused: string[] = [];
  store!: Store;
  slots!: [Store, Store];
  replication!: Replication;
  readers!: SlotReaders;
  history!: History;
  slotIsOpen = false;
  #n = 0;

  constructor(bucket: string, cipher: RowCipher | undefined) {
    this.objects = breakable(new DiskObjectStore(bucket));
    this.cipher = cipher;
  }

  async open(): Promise<this> {
    this.store = closing(await openSupervisorStore(join(this.folder, 'supervisor'), { track: true, cipher: this.cipher }));
    this.history = new History(this.store, new RemoteHistory({ store: this.store, objects: this.objects, log: quietLog() }));
    this.readers = slotReaders(this.folder, this.cipher);
    this.replication = new Replication({
      ...{ workerId: 'w', store: this.store, dataDir: this.folder, readers: this.readers, objects: this.objects },
      ...{ cipher: this.cipher, roomPerSlot: 10 },
      ...{ intervalMs: 3_600_000, checkpointMs: 3_600_000, log: quietLog() },
      trimSlot: (slot, to) => void this.slots[slot === 1 ? 1 : 0].trimChanges(to),
      onRefused: (why) => this.refused.push(why),
    });
    if (this.replication.isFresh) await this.replication.restore();
    const slot = async (n: number): Promise<Store> =>
      closing(await openSlotStore(join(this.folder, `runners/${n}`), { track: true, cipher: this.cipher }));
    this.slots = [await slot(0), await slot(1)];
    this.slotIsOpen = true;
    return this;
  }

  async take(what: Step): Promise<void> {
    switch (what.do) {
      case 'key':
        await this.#ensure(what.session);
        return this.#home(what).commit([
          { table: SLOT_TABLES.creds, key: [id(what)], value: { me: { id: id(what) }, secret: Buffer.from([what.value % 256]) } },
          { table: SLOT_TABLES.keys, key: [id(what), 'session', String(what.id)], value: { ratchet: Buffer.from(String(what.value)) } },
        ]);
      case 'forget-key':
        return this.#home(what).commit([{ table: SLOT_TABLES.keys, key: [id(what), 'session', String(what.id)], value: undefined }]);
      case 'pre-key':
        await this.#ensure(what.session);
        return this.#home(what).commit([
          { table: SLOT_TABLES.creds, key: [id(what)], value: { me: { id: id(what) }, secret: Buffer.from([what.value % 256]) } },
          { table: SLOT_TABLES.keys, key: [id(what), 'pre-key', String(what.id)], value: { private: Buffer.from(String(what.value)) } },
        ]);
      case 'use-pre-key':
        return this.#home(what).commit([{ table: SLOT_TABLES.keys, key: [id(what), 'pre-key', String(what.id)], value: undefined }]);
      case 'message': {
        await this.#ensure(what.session);
        const timestamp = START - what.minutes * 60_000;
        const message = {
          id: `m${++this.#n}`,
          chat: chatOf(what.minutes % 3),
          from: 'f',
          to: 't',
          fromMe: true,
          type: 'text',
          content: `${this.#n}`,
          timestamp,
        };
        return this.store.commit(this.history.append(id(what), { ...message, status: 'sent' }));
      }
      case 'read':
        return this.store.commit(this.history.advance(id(what), `m${what.n}`, 'read'));
      case 'meet': {
        await this.#ensure(what.session);
        const person = { jid: chatOf(what.of), ...(what.lid && { lid: `10000000000${what.of}@lid` }) };
        return this.store.commit(this.history.meet(id(what), [{ ...person, name: what.name }]));
      }
      case 'set':
        await this.#ensure(what.session);
        return void (await new Settings({ store: this.store }).change(id(what), { markOnline: what.on }));
      case 'delete': {
        if (!this.store.get(TABLES.sessions, [id(what)])) return;
        const slot = this.#slotOf(id(what));
        await this.#home(what).commit(rowsOf(this.#home(what), id(what)));
        await removeSessionRows(this.store, id(what));
        return this.store.commit([
          { table: TABLES.sessions, key: [id(what)], value: undefined },
          ...this.replication.deletion(id(what), slot),
        ]);
      }
      case 'move':
        return this.#move(what);
      case 'flush':
        return this.#flush(what.files);
      case 'away':
        this.objects.away = what.away;
    }
  }

  /** Everything a client could miss. */
  async contents(): Promise<unknown> {
    const rows = [...this.store.range<SessionRow>(TABLES.sessions)].map(({ value }) => value.sessionId);
    return Promise.all(
      rows.map(async (sessionId) => {
        const home = this.slots[this.#slotOf(sessionId)];
        await unpackSession(home, sessionId, this.cipher);
        return {
          sessionId,
          creds: home.get(SLOT_TABLES.creds, [sessionId]),
          keys: [...home.range(SLOT_TABLES.keys, { prefix: [sessionId] })],
          settings: new Settings({ store: this.store }).of(sessionId),
          history: await this.history.page(sessionId, { limit: 500, offset: 0 }),
          chats: new ChatList(this.store).chats(sessionId, { limit: 500 }),
          contacts: new ChatList(this.store).contacts(sessionId, { limit: 500 }),
          deletion: this.store.get(TABLES.deletions, [sessionId]) !== undefined,
        };
      }),
    );
  }

  #slotOf(sessionId: string): 0 | 1 {
    return this.store.get<SessionRow>(TABLES.sessions, [sessionId])?.slot === 1 ? 1 : 0;
  }

  #home(what: { session: number }): Store {
    return this.slots[this.#slotOf(id(what))];
  }

  async stop(deadlineMs = 1_000): Promise<void> {
    await this.replication.stop(deadlineMs);
    await this.readers.close();
  }

  async #flush(files: boolean): Promise<void> {
    await this.replication.flush(files).catch((error: unknown) => {
      if (!(error instanceof ObjectStoreError)) throw error;
    });
  }

  async #move(what: Extract<Step, { do: 'move' }>): Promise<void> {
    const sessionId = id(what);
    const row = this.store.get<SessionRow>(TABLES.sessions, [sessionId]);
    if (!row) return;
    const from = this.#slotOf(sessionId);
    const to = from === 0 ? 1 : 0;
    const flushAfter = async (moment: typeof what.flushAfter): Promise<void> =>
      what.flushAfter === moment ? this.#flush(false) : undefined;
    await this.readers.withCopy(from, sessionId, async (copy) => this.#handOver(to).adopt(sessionId, copy, new AbortController().signal));
    await flushAfter('adopt');
    if (what.givenUp) return;
    await this.store.commit([{ table: TABLES.sessions, key: [sessionId], value: { ...row, slot: to, epoch: row.epoch + 1 } }]);
    await flushAfter('catalog');
    await this.readers.withLog(from, sessionId, async (log) => this.#handOver(to).settle(sessionId, log));
    await flushAfter('settle');
    await this.#handOver(from).forget(sessionId);
  }

  #handOver(slot: 0 | 1): HandOver {
    const store = this.slots[slot];
    const spool = new Spool({ store, log: quietLog(), ship: async () => Promise.resolve() });
    return new HandOver({ store, spool });
  }

  async #ensure(index: number): Promise<void> {
    const sessionId = SESSIONS[index] ?? '';
    if (this.store.get(TABLES.sessions, [sessionId])) return;
    await this.store.commit([
      {
        table: TABLES.sessions,
        key: [sessionId],
        value: { ...ROW, sessionId, slot: this.replication.formerSlot(sessionId) ?? 0, createdAt: newTime() },
      },
    ]);
  }
}

const chatOf = (n: number): string => `62812000000${n}@s.whatsapp.net`;
const id = ({ session: index }: { session: number }): string => SESSIONS[index] ?? '';

let created = 6;
/** No two sessions are made at one time. */
const newTime = (): number => ++created;

const ROW: SessionRow = {
  ...{ sessionId: '', userId: 'u', sessionName: undefined, desired: 'connected', state: 'connected', reason: 'opened', seq: 4, since: 5 },
  ...{ createdAt: 6, lastActivity: 7, slot: 0, epoch: 1, paired: true, everConnected: true, jid: '1@s.whatsapp.net', lid: undefined },
  ...{ pushName: undefined, deleting: false },
};
