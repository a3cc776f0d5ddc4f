import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Message, MessageStatus } from '../../../shared/domain/message.js';
import { AppError } from '../../../shared/errors.js';
import type { Store } from '../../../shared/store/store.js';
import { EventLog } from '../../../supervisor/events/event-log.js';
import { readEvents, type EventRange, type LoggedEvent } from '../../../supervisor/events/event-page.js';
import { expiredEvents } from '../../../supervisor/events/event-sweep.js';
import { History } from '../../../supervisor/messages/history.js';
import { takeSpool } from '../../../supervisor/messages/take-spool.js';
import { Registry } from '../../../supervisor/placement/registry.js';
import { openSupervisorStore, removeSessionRows, TABLES, type SessionRow } from '../../../supervisor/supervisor-store.js';
import { DAY_MS, evict, historyOver, incoming, outgoing, TODAY } from '../messages/history-setting.js';
import { MemoryObjects } from '../messages/memory-objects.js';
import { RemoteHistory } from '../../../supervisor/messages/remote-history.js';
import { silent } from '../shared/logged.js';
import { closing, rowsIn, tempFolder } from '../store/temp-store.js';

const settingOver = (store: Store, now?: () => number) => {
  const log = new EventLog(store, now);
  const registry = new Registry(store, silent, log);
  const history = new History(store);
  const page = async (sessionId: string, range: Partial<EventRange> = {}) =>
    readEvents({ store, remote: undefined }, registry.get(sessionId), { limit: 500, ...range });
  return {
    ...{ store, log, registry, history, page },
    add: async (sessionId: string) => registry.add({ sessionId, userId: undefined, sessionName: undefined }),
    take: async (...records: Parameters<typeof takeSpool>[1]) => takeSpool({ store: log, history, registry }, records),
    events: async (sessionId: string, range?: Partial<EventRange>) => (await page(sessionId, range)).events,
  };
};
type Setting = ReturnType<typeof settingOver>;

const setUp = async (): Promise<Setting> => {
  const setting = settingOver(closing(await openSupervisorStore(tempFolder())));
  await setting.add('s');
  return setting;
};

const received = (id: string, message: Partial<Message> = {}, sessionId = 's') =>
  ({ kind: 'message', seq: 1, sessionId, message: incoming(id, TODAY, message) }) as const;
const own = (id: string, sessionId = 's') => ({ kind: 'message', seq: 1, sessionId, message: outgoing(id, TODAY) }) as const;
const moved = (messageId: string, status: MessageStatus, sessionId = 's') =>
  ({ kind: 'status', seq: 1, sessionId, messageId, status, at: 5 }) as const;

const brief = (event: LoggedEvent): unknown[] => {
  switch (event.type) {
    case 'message':
      return [event.seq, event.type, event.messageId, event.message?.content];
    case 'message.status':
      return [event.seq, event.type, event.messageId, event.status];
    case 'media':
      return [event.seq, event.type, event.messageId, event.media.state];
    case 'session':
      return [event.seq, event.type, event.from, event.to, event.reason];
    case 'restored':
      return [event.seq, event.type, event.after];
    case 'void':
      return [event.seq, event.type];
  }
};

const goneOf = async (page: Promise<unknown>): Promise<AppError> =>
  page.then(
    () => expect.unreachable('the events are there'),
    (error: unknown) => error as AppError,
  );

it('tells messages, moves of their status and every change of a session in the order of their commits', async () => {
  const { registry, take, events } = await setUp();
  await registry.apply('s', 'connect', 'connect_requested');
  await take(received('A1'), own('B1'), moved('B1', 'delivered'), moved('B1', 'sent'), moved('B1', 'read'), received('A1'));
  await registry.apply('s', 'open', 'opened', { everConnected: true });
  await registry.update('s', { pushName: 'Alice' });
  await take(received('A1'), own('B1'), moved('B1', 'read'));
  expect((await events('s')).map(brief)).toEqual([
    [1, 'session', null, 'disconnected', 'created'],
    [2, 'session', 'disconnected', 'connecting', 'connect_requested'],
    [3, 'message', 'A1', 'text of A1'],
    [4, 'message', 'B1', 'text of B1'],
    [5, 'message.status', 'B1', 'delivered'],
    [6, 'message.status', 'B1', 'read'],
    [7, 'session', 'connecting', 'connected', 'opened'],
  ]);
});

it('tells a message again that takes the place of its notice, and shows it as it is now', async () => {
  const { take, events } = await setUp();
  await take(received('A1', { type: 'undecryptable', content: null }));
  await take(received('A1', { type: 'undecryptable', content: null }));
  await take(received('A1'));
  expect((await events('s')).map(brief).slice(1)).toEqual([
    [2, 'message', 'A1', 'text of A1'],
    [3, 'message', 'A1', 'text of A1'],
  ]);
});

it('keeps a reference and no copy of a message', async () => {
  const { store, take } = await setUp();
  await take(received('A1', { content: 'x'.repeat(10_000) }));
  const [, row] = rowsIn(store, TABLES.events);
  expect(row?.[1]).toEqual(['m', expect.any(Number), 'A1', TODAY / 1000, 1]);
});

it('shows a message that is only in the object store, and none that is no longer kept', async () => {
  const { store, registry, take } = await setUp();
  await take(...Array.from({ length: 3 }, (_, index) => received(`A${index}`, { timestamp: TODAY - 3 * DAY_MS })), received('A3'));
  const objects = new MemoryObjects();
  await historyOver(store, objects).ship();
  await evict(store, '2026-11-19');
  expect(rowsIn(store, TABLES.messages)).toHaveLength(1);
  const remote = new RemoteHistory({ store, objects, log: silent });
  const shown = async (of: RemoteHistory | undefined): Promise<unknown[]> =>
    (await readEvents({ store, remote: of }, registry.get('s'), { after: 1, limit: 9 })).events.map((event) => brief(event)[3]);
  expect(await shown(remote)).toEqual(['text of A0', 'text of A1', 'text of A2', 'text of A3']);
  expect(await shown(undefined)).toEqual([undefined, undefined, undefined, 'text of A3']);
});

it('wakes those who follow the session, and nobody else', async () => {
  const { log, registry, add, take } = await setUp();
  await add('other');
  const heard: string[] = [];
  const stop = log.subscribe('s', () => heard.push('s'));
  log.subscribe('other', () => heard.push('other'));
  await take(received('A1'));
  expect(heard).toEqual(['s']);
  stop();
  await take(received('A2'));
  expect(heard).toEqual(['s']);
  await registry.remove('other');
  expect(heard).toEqual(['s', 'other']);
});

it('says clearly that events after a number are no longer kept, or belong to a session that was deleted', async () => {
  const { store, registry, add, take, page } = await setUp();
  await take(...Array.from({ length: 9 }, (_, index) => received(`A${index}`)));
  for (const batch of expiredEvents(store, 's', { upTo: 6, before: 0 })) await store.commit(batch);
  expect((await page('s')).events.map(({ seq }) => seq)).toEqual([7, 8, 9, 10]);
  expect((await page('s', { after: 6 })).events).toHaveLength(4);
  expect((await page('s', { after: 10 })).events).toEqual([]);
  const gone = await goneOf(page('s', { after: 5 }));
  expect([gone.code, gone.details?.['oldest'], gone.details?.['newest']]).toEqual(['EVENTS_GONE', 7, 10]);

  const { createdAt } = registry.get('s');
  await removeSessionRows(store, 's');
  await registry.remove('s');
  expect(rowsIn(store, TABLES.events)).toEqual([]);
  while (Date.now() === createdAt) await new Promise((resolve) => setImmediate(resolve));
  await add('s');
  expect((await page('s')).events.map(brief)).toEqual([[1, 'session', null, 'disconnected', 'created']]);
  expect((await goneOf(page('s', { after: 10 }))).code).toBe('EVENTS_GONE');
  expect((await goneOf(page('s', { after: 0, createdAt }))).code).toBe('EVENTS_GONE');
});

it('removes events by age, and goes on counting when none is left', async () => {
  let now = 1_000;
  const { store, add, take, page } = settingOver(closing(await openSupervisorStore(tempFolder())), () => now);
  await add('s');
  await take(received('A1'));
  now = 2_000;
  for (const batch of expiredEvents(store, 's', { upTo: 0, before: 1_500 })) await store.commit(batch);
  expect(await page('s')).toMatchObject({ events: [], oldest: 3, newest: 2 });
  await take(received('A2'));
  expect((await page('s', { after: 2 })).events.map(({ seq }) => seq)).toEqual([3]);
});

it('tells a change of state that the disk refused together with the next one, and a number that was lost so as void', async () => {
  const { store, log, registry, events } = await setUp();
  const row = store.get<SessionRow>(TABLES.sessions, ['s']);
  // Two commits of one turn, of which the first is refused: the second was numbered after it.
  const commit = store.commit.bind(store);
  let refuse = true;
  store.commit = async (writes, options) => {
    if (!refuse) return commit(writes, options);
    refuse = false;
    const head = writes.find(({ table }) => table === TABLES.eventHeads);
    await commit(head ? [head] : []);
    throw new AppError('STORAGE_UNAVAILABLE', 'The disk is full.');
  };
  await expect(registry.apply('s', 'connect', 'connect_requested')).rejects.toThrow('The disk is full.');
  expect(store.get<SessionRow>(TABLES.sessions, ['s'])).toEqual(row);
  await registry.apply('s', 'open', 'opened');
  expect((await events('s')).map(brief)).toEqual([
    [1, 'session', null, 'disconnected', 'created'],
    [2, 'void'],
    [3, 'session', 'disconnected', 'connected', 'opened'],
  ]);
  expect(log.append([])).toEqual([]);
});

type Step =
  | { do: 'take'; session: number; ids: number[] }
  | { do: 'advance'; session: number; id: number; status: MessageStatus }
  | { do: 'state'; session: number; open: boolean }
  | { do: 'sweep'; session: number; keep: number; stopAfter: number }
  | { do: 'recreate'; session: number }
  | { do: 'reopen' };

const session = fc.nat({ max: 1 });
const id = fc.nat({ max: 30 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('take' as const), session, ids: fc.array(id, { maxLength: 6 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('advance' as const), session, id, status: fc.constantFrom('sent', 'delivered', 'read') }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('state' as const), session, open: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('sweep' as const), session, keep: fc.nat({ max: 8 }), stopAfter: fc.constantFrom(1, Infinity) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('recreate' as const), session }) },
  { weight: 2, arbitrary: fc.constant({ do: 'reopen' as const }) },
);

it('is without gap, in order and without a second use of a number, however commits, sweeps, reads and restarts follow each other', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { maxLength: 4 }), { minLength: 3, maxLength: 15, size: 'max' }), async (turns) => {
      const folder = tempFolder();
      let now = 1;
      const clock = (): number => ++now;
      let setting = settingOver(closing(await openSupervisorStore(folder)), clock);
      const ids = ['a', 'b'];
      for (const sessionId of ids) await setting.add(sessionId);
      /** What each event was when a consumer saw it first, by session and number. */
      const seen = new Map<string, Map<number, string>>(ids.map((sessionId) => [sessionId, new Map()]));
      const follow = async (sessionId: string): Promise<void> => {
        const known = seen.get(sessionId) ?? new Map<number, string>();
        const { events, oldest, newest } = await setting.page(sessionId, { limit: 10_000 });
        expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => oldest + index));
        if (events.length > 0) expect(events.at(-1)?.seq).toBe(newest);
        expect(newest).toBeGreaterThanOrEqual(Math.max(0, ...known.keys()));
        for (const event of events) {
          const told = JSON.stringify(brief(event));
          expect(known.get(event.seq) ?? told).toBe(told);
          known.set(event.seq, told);
        }
      };
      const doStep = async (one: Step): Promise<void> => {
        const sessionId = one.do === 'reopen' ? '' : (ids[one.session] ?? '');
        if (one.do === 'take')
          await setting.take(...one.ids.map((n) => (n % 2 === 0 ? received(`A${n}`, {}, sessionId) : own(`B${n}`, sessionId))));
        else if (one.do === 'advance') await setting.take(moved(`B${one.id}`, one.status, sessionId));
        else if (one.do === 'state') {
          await setting.registry.apply(sessionId, one.open ? 'open' : 'connect', 'opened');
          await setting.registry.apply(sessionId, one.open ? 'retry' : 'stop', 'transient');
        } else if (one.do === 'sweep') {
          let done = 0;
          const upTo = (setting.store.get<number>(TABLES.eventHeads, [sessionId]) ?? 0) - one.keep;
          for (const batch of expiredEvents(setting.store, sessionId, { upTo, before: 0 })) {
            await setting.store.commit(batch, { tracked: false });
            if (++done >= one.stopAfter) break;
          }
        }
      };
      for (const turn of turns) {
        await Promise.all(turn.map(doStep));
        for (const one of turn) {
          if (one.do === 'reopen') {
            await setting.store.close();
            setting = settingOver(closing(await openSupervisorStore(folder)), clock);
          } else if (one.do === 'recreate') {
            const sessionId = ids[one.session] ?? '';
            await removeSessionRows(setting.store, sessionId);
            await setting.registry.remove(sessionId);
            await setting.add(sessionId);
            seen.set(sessionId, new Map());
            expect((await setting.events(sessionId)).map(brief)).toEqual([[1, 'session', null, 'disconnected', 'created']]);
          }
        }
        for (const sessionId of ids) await follow(sessionId);
      }
    }),
    { numRuns: 30 },
  );
});
