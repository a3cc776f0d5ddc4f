import { expect, it } from 'vitest';
import type { MessageStatus } from '../../../shared/domain/message.js';
import type { SpoolRecord } from '../../../shared/ipc/protocol.js';
import { takeSpool } from '../../../supervisor/messages/take-spool.js';
import { EventLog } from '../../../supervisor/events/event-log.js';
import { Registry } from '../../../supervisor/placement/registry.js';
import { TABLES, type MessageDay } from '../../../supervisor/supervisor-store.js';
import { silent } from '../shared/logged.js';
import { ANNA, DAY_MS, evict, historyOver, outgoing, setUpHistory, TODAY } from './history-setting.js';
import { openSupervisorStore } from '../../../supervisor/supervisor-store.js';
import { restorePart } from '../../../supervisor/replication/restore-messages.js';
import { KEYS } from '../../../shared/object-store/keys.js';
import { closing, tempFolder } from '../store/temp-store.js';

const BEN = '6289999999999@s.whatsapp.net';
const BEN_LID = '100000000000009@lid';
const GROUP = '120363000000000001@g.us';
/** Unix milliseconds. */
const AT = TODAY + 60_000;

const setUp = async () => {
  const setting = await setUpHistory();
  const registry = new Registry(setting.store, silent);
  await registry.add({ sessionId: 's', userId: undefined, sessionName: undefined });
  const events = new EventLog(setting.store);
  const moves: MessageStatus[] = [];
  let commits = 0;
  const store = { commit: async (...given: Parameters<EventLog['commit']>) => (commits++, events.commit(...given)) };
  const onMoved = ({ status }: { status: MessageStatus }): void => void moves.push(status);
  const { history } = setting;
  await setting.append(outgoing('G1', TODAY, { chat: GROUP, to: GROUP, status: 'sent' }));
  let seq = 0;
  return {
    ...setting,
    moves,
    commits: () => commits,
    told: (status: MessageStatus, by?: string, at = AT): SpoolRecord => ({
      ...{ kind: 'status', seq: ++seq, sessionId: 's', messageId: 'G1', status, at },
      ...(by !== undefined && { by }),
    }),
    take: async (...records: SpoolRecord[]) => takeSpool({ store, history, registry, onMoved }, records),
    receipts: async () =>
      (await history.receipts('s', 'G1')).map(({ jid, deliveredAt, readAt, playedAt }) => [jid, deliveredAt, readAt, playedAt]),
    status: async () => (await history.find('s', 'G1'))?.status,
  };
};

it('knows of every member when they had a message, read it and played it, and never moves its status back', async () => {
  const { take, told, receipts, status, moves } = await setUp();
  await take(told('delivered', ANNA), told('read', BEN, AT + 1_000));
  await take(told('delivered', BEN, AT + 2_000), told('played', ANNA, AT + 3_000), told('read', ANNA, AT + 4_000));
  expect(await receipts()).toEqual([
    [ANNA, AT, AT + 4_000, AT + 3_000],
    [BEN, AT + 2_000, AT + 1_000, undefined],
  ]);
  expect(await status()).toBe('played');
  expect(moves).toEqual(['delivered', 'read', 'played']);
});

it('keeps the first time of each step, and writes nothing for what comes again', async () => {
  const { take, told, receipts, store } = await setUp();
  const batch = [told('delivered', ANNA), told('read', ANNA, AT + 1_000)];
  await take(...batch);
  const before = [...store.range(TABLES.changedParts)];
  await take(...batch, told('delivered', ANNA, AT + 9_000));
  expect(await receipts()).toEqual([[ANNA, AT, AT + 1_000, undefined]]);
  expect([...store.range(TABLES.changedParts)]).toEqual(before);
});

it('takes the receipts of a large group with few writes, and its file measures what it will', async () => {
  const { take, told, receipts, store, commits, ship, objects } = await setUp();
  const members = Array.from({ length: 1_000 }, (_, index) => `62812000${String(index).padStart(5, '0')}@s.whatsapp.net`);
  for (let from = 0; from < members.length; from += 200) await take(...members.slice(from, from + 200).map((by) => told('delivered', by)));
  expect(await receipts()).toHaveLength(1_000);
  expect(commits()).toBe(5);
  await ship();
  const [file] = [...objects.bodies.values()];
  const [day] = [...store.range<MessageDay>(TABLES.messageDays, { prefix: ['s'] })];
  expect(Math.abs((file?.body.length ?? 0) - (day?.value.partBytes ?? 0))).toBeLessThan(1_000);
});

it('counts the receipt of a person before it comes, so that a message to one writes nothing of its day when it gets further', async () => {
  const { store, history, append, ship, objects } = await setUp();
  const ids = Array.from({ length: 100 }, (_, index) => `A${index}`);
  await append(...ids.map((id) => outgoing(id, TODAY + DAY_MS)));
  const dayOfAll = (): MessageDay | undefined => store.get<MessageDay>(TABLES.messageDays, ['s', '2026-11-23']);
  const begun = dayOfAll();
  for (const status of ['sent', 'delivered', 'read', 'played'] as const) {
    for (const id of ids) {
      const confirmations = status === 'sent' ? [] : [{ by: ANNA, status, at: AT }];
      const { writes, moved } = history.settle('s', id, status, { confirmations });
      expect([moved, writes.map(({ table }) => table)]).toEqual([true, [TABLES.messages, TABLES.changedParts]]);
      await store.commit(writes);
    }
  }
  expect(dayOfAll()).toEqual(begun);
  await ship();
  const file = objects.bodies.get(KEYS.messagePart('s', '2026-11-23', 0));
  expect(Math.abs((file?.body.length ?? 0) - (begun?.partBytes ?? 0))).toBeLessThan(512);
});

it('is one receipt for a person who is told by number and by LID', async () => {
  const { take, told, store, history } = await setUp();
  await take(told('delivered', BEN_LID), told('read', BEN, AT + 1_000), told('delivered', BEN, AT + 2_000));
  await store.commit(history.meet('s', [{ jid: BEN, lid: BEN_LID, name: 'Ben' }]));
  expect(await history.receipts('s', 'G1')).toEqual([
    { jid: BEN, lid: BEN_LID, name: 'Ben', deliveredAt: AT, readAt: AT + 1_000, playedAt: undefined },
  ]);
});

it('keeps receipts with their message: in the object store, after a restore, and when it is deleted for everyone', async () => {
  const { take, told, receipts, store, history, ship, objects, append } = await setUp();
  await take(told('delivered', ANNA));
  await append(outgoing('R1', TODAY + 1_000, { chat: GROUP, to: GROUP, type: 'revoke', content: null, details: { messageId: 'G1' } }));
  await store.commit(history.advance('s', 'R1', 'sent'));
  const shown = [[ANNA, AT, undefined, undefined]];
  expect(await receipts()).toEqual(shown);
  await ship();
  await evict(store, '2026-11-22');
  expect(await receipts()).toEqual(shown);
  const other = historyOver(closing(await openSupervisorStore(tempFolder())), objects);
  await restorePart({
    ...{ store: other.store, objects, key: KEYS.messagePart('s', '2026-11-22', 0) },
    onDamaged: async (key) => Promise.reject(new Error(key)),
  });
  expect(await other.history.receipts('s', 'G1')).toHaveLength(1);
});

it('has none of a message that somebody else sent, or nobody', async () => {
  const { history } = await setUp();
  for (const id of ['A1', '']) await expect(history.receipts('s', id)).rejects.toMatchObject({ code: 'MESSAGE_NOT_FOUND' });
});
