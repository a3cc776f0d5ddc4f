import fc from 'fast-check';
import { expect, it } from 'vitest';
import { advances, MESSAGE_STATUSES, type Message } from '../../../shared/domain/message.js';
import type { Store } from '../../../shared/store/store.js';
import { History } from '../../../supervisor/messages/history.js';
import { openSupervisorStore } from '../../../supervisor/supervisor-store.js';
import { closing, tempFolder } from '../store/temp-store.js';
import { ANNA, incoming as incomingAt, outgoing as outgoingAt } from './history-setting.js';

const BERT = '4915112345678@s.whatsapp.net';
const ME = '15550000001@s.whatsapp.net';

const setUp = async (): Promise<{ store: Store; history: History; append: (message: Message, sessionId?: string) => Promise<void> }> => {
  const store = closing(await openSupervisorStore(tempFolder()));
  const history = new History(store);
  return { store, history, append: async (message, sessionId = 's') => store.commit(history.append(sessionId, message)) };
};

const AT = 1_700_000_000_000;
const incoming = (id: string, changes: Partial<Message> = {}): Message => incomingAt(id, AT, changes);
const outgoing = (id: string, changes: Partial<Message> = {}): Message => outgoingAt(id, AT, changes);
const all = async (history: History, sessionId = 's'): Promise<Message[]> =>
  (await history.page(sessionId, { limit: 1_000, offset: 0 })).messages;

it('shows the newest first, page by page, with the whole number', async () => {
  const { history, append } = await setUp();
  for (const n of [3, 1, 5, 2, 4]) await append(incoming(String(n), { timestamp: n * 1_000_000 }));
  const ids = async (limit: number, offset: number): Promise<string[]> =>
    (await history.page('s', { limit, offset })).messages.map(({ id }) => id);
  expect([await ids(2, 0), await ids(2, 2), await ids(2, 4), await ids(2, 6)]).toEqual([['5', '4'], ['3', '2'], ['1'], []]);
  expect((await history.page('s', { limit: 2, offset: 4 })).total).toBe(5);
});

it('keeps the order in which messages of one moment came', async () => {
  const { history, append } = await setUp();
  for (let n = 0; n < 12; n++) await append(incoming(String(n)));
  expect((await all(history)).map(({ id }) => Number(id))).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
});

it('keeps sessions apart', async () => {
  const { history, append } = await setUp();
  await append(incoming('A1'), 'user1');
  await append(incoming('A1'), 'user10');
  await append(incoming('A2'), 'user10');
  const counts = await Promise.all(['user1', 'user10', 'user'].map(async (sessionId) => (await all(history, sessionId)).length));
  expect(counts).toEqual([1, 2, 0]);
  expect((await history.page('user1', { limit: 1, offset: 0 })).total).toBe(1);
  expect(history.total()).toBe(3);
});

it('takes a message that comes again for the one it has', async () => {
  const { history, append } = await setUp();
  await append(incoming('A1'));
  expect(history.append('s', incoming('A1', { content: 'something else', timestamp: 5 }))).toEqual([]);
  expect(await all(history)).toEqual([incoming('A1')]);
});

it('sees what is being committed', async () => {
  const { store, history } = await setUp();
  const first = store.commit(history.append('s', incoming('A1')));
  expect(history.append('s', incoming('A1'))).toEqual([]);
  const second = store.commit(history.append('s', incoming('A2')));
  await Promise.all([first, second]);
  expect((await all(history)).map(({ id }) => id)).toEqual(['A2', 'A1']);
  expect((await history.page('s', { limit: 1, offset: 0 })).total).toBe(2);
});

it('lets the message take the place of the notice that it could not be decrypted, and not the other way round', async () => {
  const { history, append } = await setUp();
  const notice = incoming('A1', { type: 'undecryptable', content: null });
  await append(notice);
  await append(notice);
  expect(await all(history)).toEqual([notice]);
  await append(incoming('A1', { timestamp: 1_700_000_009_000 }));
  await append(notice);
  expect(await all(history)).toMatchObject([{ id: 'A1', type: 'text', content: 'text of A1' }]);
  expect((await history.page('s', { limit: 1, offset: 0 })).total).toBe(1);
});

it('keeps how far a message of ours got when it takes the place of its notice', async () => {
  const { store, history, append } = await setUp();
  await append(outgoing('A1', { type: 'undecryptable', content: null, status: 'sent' }));
  await store.commit(history.advance('s', 'A1', 'read'));
  await append(outgoing('A1', { status: 'sent' }));
  expect(await all(history)).toMatchObject([{ type: 'text', status: 'read' }]);
});

it('lets nobody shadow the message of another with its id', async () => {
  const { history, append } = await setUp();
  await append(incoming('A1', { from: BERT, content: 'from Bert' }));
  await append(incoming('A1', { from: ANNA, content: 'from Anna' }));
  await append(outgoing('A1', { content: 'from me' }));
  expect((await all(history)).map(({ content }) => content)).toEqual(['from me', 'from Anna', 'from Bert']);
});

it('moves the status of our own messages only, and only forward', async () => {
  const { store, history, append } = await setUp();
  await append(outgoing('A1'));
  await append(incoming('B1'));
  await store.commit(history.advance('s', 'A1', 'delivered'));
  expect(history.advance('s', 'A1', 'sent')).toEqual([]);
  expect(history.advance('s', 'A1', 'delivered')).toEqual([]);
  expect(history.advance('s', 'A1', 'failed')).toEqual([]);
  expect(history.advance('s', 'B1', 'read')).toEqual([]);
  expect(history.advance('s', 'unknown', 'read')).toEqual([]);
  expect(history.advance('other', 'A1', 'read')).toEqual([]);
  expect((await all(history)).map(({ id, status }) => [id, status])).toEqual([
    ['B1', 'delivered'],
    ['A1', 'delivered'],
  ]);
});

it('lets a late ack correct a failure', async () => {
  const { store, history, append } = await setUp();
  await append(outgoing('A1'));
  await store.commit(history.advance('s', 'A1', 'failed'));
  await store.commit(history.advance('s', 'A1', 'sent'));
  expect(await all(history)).toMatchObject([{ status: 'sent' }]);
});

type Step = { kind: 'append'; message: Message } | { kind: 'advance'; id: string; status: Message['status'] };
const id = fc.constantFrom('A1', 'A2', 'A3');
const status = fc.constantFrom(...MESSAGE_STATUSES);
const append = fc
  .record({ id, from: fc.constantFrom(ANNA, BERT, ME), notice: fc.boolean(), at: fc.nat({ max: 5_000 }) })
  .map(({ id: messageId, from, notice, at }): Step => {
    const changes = { from, fromMe: from === ME, status: from === ME ? ('sent' as const) : ('delivered' as const), timestamp: at };
    return { kind: 'append', message: incoming(messageId, notice ? { ...changes, type: 'undecryptable', content: null } : changes) };
  });
const advance = fc.record({ kind: fc.constant('advance' as const), id, status });

it('shows each message once and lets no status go backwards, in whatever order things come and come again', async () => {
  const { store, history } = await setUp();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof<fc.Arbitrary<Step>[]>(append, advance), { maxLength: 30, size: 'max' }),
      fc.boolean(),
      async (steps, together) => {
        const sessionId = `s${run++}`;
        const nameOf = (message: Message): string => `${message.from} ${message.id}`;
        const best = new Map<string, { readable: boolean; status: Message['status'] }>();
        let commits: Promise<void>[] = [];
        for (const step of steps) {
          const writes =
            step.kind === 'append' ? history.append(sessionId, step.message) : history.advance(sessionId, step.id, step.status);
          commits.push(store.commit(writes));
          if (!together) {
            await Promise.all(commits);
            commits = [];
          }
          if (step.kind === 'append') {
            const before = best.get(nameOf(step.message));
            const readable = step.message.type !== 'undecryptable';
            const further = before && !advances(before.status, step.message.status) ? before.status : step.message.status;
            if (!before || (readable && !before.readable)) best.set(nameOf(step.message), { readable, status: further });
          } else {
            const before = best.get(`${ME} ${step.id}`);
            if (before && advances(before.status, step.status)) before.status = step.status;
          }
        }
        await Promise.all(commits);
        const shown = await all(history, sessionId);
        expect(shown.map(nameOf).sort()).toEqual([...best.keys()].sort());
        for (const message of shown)
          expect({ readable: message.type !== 'undecryptable', status: message.status }).toEqual(best.get(nameOf(message)));
        expect((await history.page(sessionId, { limit: 1, offset: 0 })).total).toBe(best.size);
      },
    ),
    { numRuns: 80 },
  );
});
