import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../../shared/domain/message.js';
import { Findings } from '../../../shared/store/check-store.js';
import { openStore } from '../../../shared/store/open-store.js';
import type { Store } from '../../../shared/store/store.js';
import { checkChats } from '../../../supervisor/check-chats.js';
import { ChatList } from '../../../supervisor/chats/chat-list.js';
import { forgetChats, isSilent, lastOf } from '../../../supervisor/chats/chat-rows.js';
import type { Position } from '../../../supervisor/messages/part-spans.js';
import { openSupervisorStore, SUPERVISOR_SCHEMA, TABLES, type ChatRow } from '../../../supervisor/supervisor-store.js';
import {
  ANNA,
  DAY_MS,
  evict,
  expire,
  historyOver,
  incoming,
  ME,
  outgoing,
  setUpHistory,
  TODAY,
  type HistorySetting,
} from '../messages/history-setting.js';
import { closing, rowsIn, tempFolder } from '../store/temp-store.js';

const BEN = '6289999999999@s.whatsapp.net';
const BEN_LID = '100000000000009@lid';
const GROUP = '120363000000000001@g.us';

const fromBen = (id: string, at: number, changes: Partial<Message> = {}): Message => incoming(id, at, { chat: BEN, from: BEN, ...changes });
const inGroup = (id: string, at: number, changes: Partial<Message> = {}): Message =>
  incoming(id, at, { chat: GROUP, to: GROUP, ...changes });
const byLid = (id: string, at: number, changes: Partial<Message> = {}): Message =>
  incoming(id, at, { chat: BEN_LID, from: BEN_LID, ...changes });

const listOf = (store: Store, limit = 500): { jid: string; lid?: string | undefined; name: string | undefined; last: string }[] =>
  new ChatList(store).chats('s', { limit }).chats.map(({ jid, lid, name, last }) => ({ jid, ...(lid && { lid }), name, last: last.id }));
const findingsOf = (store: Store): string[] => {
  const findings = new Findings('supervisor');
  checkChats(store, 's', findings);
  return findings.list.map(({ problem }) => problem);
};
const forget = async (store: Store): Promise<void> => {
  for (const batch of forgetChats(store, 's')) await store.commit(batch);
};

describe('the list of chats', () => {
  it('has the chat with the newest message first, also when an older one comes late', async () => {
    const { store, append } = await setUpHistory();
    await append(incoming('A1', TODAY), fromBen('B1', TODAY + 1_000), inGroup('G1', TODAY + 2_000), outgoing('A2', TODAY + 3_000));
    await append(fromBen('B0', TODAY - 5_000));
    expect(listOf(store).map(({ jid, last }) => [jid, last])).toEqual([
      [ANNA, 'A2'],
      [GROUP, 'G1'],
      [BEN, 'B1'],
    ]);
    expect(findingsOf(store)).toEqual([]);
  });

  it('comes by pages that neither repeat a chat nor leave one out that stays where it is', async () => {
    const { store, append } = await setUpHistory();
    const chats = Array.from({ length: 25 }, (_, index) => `62812000${String(index).padStart(5, '0')}@s.whatsapp.net`);
    for (const [index, chat] of chats.entries()) await append(incoming(`M${index}`, TODAY + index * 1_000, { chat, from: chat }));
    const list = new ChatList(store);
    const seen: string[] = [];
    let before: Position | undefined;
    do {
      const page = list.chats('s', { limit: 10, before });
      seen.push(...page.chats.map(({ jid }) => jid));
      before = page.next;
      // One that was shown already, and goes up once more.
      await append(incoming(`more${seen.length}`, TODAY + 100_000 + seen.length * 1_000, { chat: chats[24] ?? '', from: chats[24] ?? '' }));
    } while (before);
    expect(seen).toEqual([...chats].reverse());
    expect(list.chats('s', { limit: 25 }).next).toBeUndefined();
  });

  it('shows the newest message as it is now: its status, its edit, its deletion', async () => {
    const { store, history, append } = await setUpHistory();
    await append(outgoing('A1', TODAY));
    const last = () => new ChatList(store).chats('s', { limit: 1 }).chats[0]?.last;
    for (const status of ['sent', 'delivered', 'read'] as const) {
      await store.commit(history.advance('s', 'A1', status));
      expect(last()).toMatchObject({ id: 'A1', status, content: 'text of A1' });
    }
    await append(fromBen('B1', TODAY + 1_000));
    await append(fromBen('E1', TODAY + 2_000, { type: 'edit', content: 'x'.repeat(300), details: { messageId: 'B1' } }));
    expect(last()).toMatchObject({ id: 'B1', content: 'x'.repeat(100) });
    await append(fromBen('R1', TODAY + 3_000, { type: 'revoke', content: null, details: { messageId: 'B1' } }));
    expect(last()).toMatchObject({ id: 'B1', content: null });
    await store.commit(history.markRead('s', { from: BEN, id: 'B1' }));
    expect(last()).toMatchObject({ id: 'B1', status: 'read' });
    expect(findingsOf(store)).toEqual([]);
  });

  it('gives the message to the place of the notice that it could not be read', async () => {
    const { store, append } = await setUpHistory();
    await append(fromBen('B1', TODAY, { type: 'undecryptable', content: null }), incoming('A1', TODAY + 1_000));
    await append(fromBen('B1', TODAY + 2_000));
    expect(new ChatList(store).chats('s', { limit: 2 }).chats[1]?.last).toMatchObject({ id: 'B1', type: 'text', content: 'text of B1' });
    expect(findingsOf(store)).toEqual([]);
  });

  it.each(['the LID', 'the number'])(
    'is one chat for a person whose number is learned after messages of both, the newest by %s',
    async (newest) => {
      const { store, append } = await setUpHistory();
      const [first, second] = newest === 'the LID' ? [fromBen, byLid] : [byLid, fromBen];
      await append(first('B1', TODAY), incoming('A1', TODAY + 1_000), second('B2', TODAY + 2_000));
      expect(listOf(store).length).toBe(3);
      await append(fromBen('B3', TODAY - 60_000, { chatAlt: BEN_LID, fromAlt: BEN_LID, pushName: 'Ben' }));
      expect(listOf(store)).toEqual([
        { jid: BEN, lid: BEN_LID, name: 'Ben', last: 'B2' },
        { jid: ANNA, name: undefined, last: 'A1' },
      ]);
      await append(byLid('B4', TODAY + 3_000), outgoing('B5', TODAY + 4_000, { chat: BEN, to: BEN }));
      expect(listOf(store)[0]).toEqual({ jid: BEN, lid: BEN_LID, name: 'Ben', last: 'B5' });
      expect(findingsOf(store)).toEqual([]);
    },
  );

  it('keeps a chat whose days are only in the object store, and forgets one whose days are gone', async () => {
    const setting = await setUpHistory();
    const { store, append, ship } = setting;
    await append(fromBen('B1', TODAY - 2 * DAY_MS), incoming('A1', TODAY - DAY_MS), inGroup('G1', TODAY));
    await ship();
    await evict(store, '2026-11-20');
    await evict(store, '2026-11-21');
    await forget(store);
    expect(listOf(store).map(({ last }) => last)).toEqual(['G1', 'A1', 'B1']);
    await expire(setting, '2026-11-20');
    await forget(store);
    expect(listOf(store).map(({ last }) => last)).toEqual(['G1', 'A1']);
    expect(findingsOf(store)).toEqual([]);
  });

  it('shows of a message that is only in the object store what it was when it went there', async () => {
    const { store, history, append, ship } = await setUpHistory();
    await append(outgoing('A1', TODAY - DAY_MS), fromBen('B1', TODAY));
    await store.commit(history.advance('s', 'A1', 'read'));
    await ship();
    await evict(store, '2026-11-21');
    expect(rowsIn(store, TABLES.messages)).toHaveLength(1);
    expect(new ChatList(store).chats('s', { limit: 2 }).chats[1]?.last).toEqual({
      ...{ id: 'A1', from: ME, fromMe: true, type: 'text', content: 'text of A1' },
      ...{ timestamp: TODAY - DAY_MS, status: 'read' },
    });
    expect(findingsOf(store)).toEqual([]);
  });

  it('of a store of version 3, which noted of each chat what it shows, shows what became of the message since', async () => {
    const folder = tempFolder();
    const old = await openStore(folder, { ...SUPERVISOR_SCHEMA, version: 3 }, { track: false });
    const before = historyOver(old);
    await before.append(outgoing('A1', TODAY), fromBen('B1', TODAY - DAY_MS));
    await old.commit(
      [...old.range<ChatRow>(TABLES.chatOrder)].map(({ key, value }) => {
        const message = old.get<Message>(TABLES.messages, key);
        return { table: TABLES.chatOrder, key, value: { ...value, last: message && lastOf(message) } };
      }),
    );
    await before.ship();
    await evict(old, '2026-11-21');
    await old.close();
    const { store, history } = historyOver(closing(await openSupervisorStore(folder)));
    await store.commit(history.advance('s', 'A1', 'delivered'));
    expect(new ChatList(store).chats('s', { limit: 2 }).chats.map(({ last }) => [last.id, last.content, last.status])).toEqual([
      ['A1', 'text of A1', 'delivered'],
      ['B1', 'text of B1', 'delivered'],
    ]);
    expect(findingsOf(store)).toEqual([]);
  });

  it('agrees with history whatever happens to it', async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('message' as const), of: fc.nat({ max: 4 }), second: fc.nat({ max: 20 }) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('read' as const), n: fc.nat({ max: 20 }) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('edit' as const), n: fc.nat({ max: 20 }) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const setting = await setUpHistory();
        await take(setting, steps);
        expect(findingsOf(setting.store)).toEqual([]);
        const { messages } = await setting.history.page('s', { limit: 500 });
        const known = messages.some(({ chatAlt }) => chatAlt !== undefined);
        const chatOf = ({ chat }: Message): string => (chat === BEN_LID && known ? BEN : chat);
        const newest = new Map(
          messages
            .filter((message) => !isSilent(message))
            .reverse()
            .map((message) => [chatOf(message), message.id]),
        );
        const shown = listOf(setting.store);
        expect(new Map(shown.map(({ jid, last }) => [jid, last]))).toEqual(newest);
        const order = messages.map(({ id }) => id);
        expect(shown.map(({ last }) => last)).toEqual(order.filter((id) => shown.some(({ last }) => last === id)));
      }),
      { numRuns: 40 },
    );
  });
});

type Step = { do: 'message'; of: number; second: number } | { do: 'read' | 'edit'; n: number };

const KINDS = [incoming, fromBen, byLid, inGroup, (id: string, at: number) => fromBen(id, at, { chatAlt: BEN_LID, fromAlt: BEN_LID })];

const take = async ({ store, history, append }: HistorySetting, steps: readonly Step[]): Promise<void> => {
  const sent: Message[] = [];
  for (const [index, one] of steps.entries()) {
    if (one.do === 'message') {
      const message = KINDS[one.of]?.(`M${index}`, TODAY + one.second * 1_000) as Message;
      sent.push(message);
      await append(message);
      continue;
    }
    const target = sent[one.n % Math.max(sent.length, 1)];
    if (!target) continue;
    if (one.do === 'read') await store.commit(history.markRead('s', target));
    else await append({ ...target, id: `E${index}`, type: 'edit', content: `edited ${index}`, details: { messageId: target.id } });
  }
};
