import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Message } from '../../../shared/domain/message.js';
import { readPart } from '../../../supervisor/messages/message-file.js';
import { TABLES } from '../../../supervisor/supervisor-store.js';
import { Findings } from '../../../shared/store/check-store.js';
import { checkMessages } from '../../../supervisor/check-messages.js';
import { DAY_MS, evict, incoming, outgoing, setUpHistory, TODAY, type HistorySetting } from './history-setting.js';

const AT = TODAY + 1_000;
const BERT = '4915112345678@s.whatsapp.net';
const ANNA_LID = '123456789012345@lid';
const GROUP = '1-2@g.us';

const about = (type: 'edit' | 'revoke', id: string, messageId: string, changes: Partial<Message> = {}): Message =>
  incoming(id, AT + 5_000, { type, content: type === 'edit' ? `words of ${id}` : null, details: { messageId }, raw: 'AAEC', ...changes });
const edit = (id: string, messageId: string, changes: Partial<Message> = {}): Message => about('edit', id, messageId, changes);
const revoke = (id: string, messageId: string, changes: Partial<Message> = {}): Message => about('revoke', id, messageId, changes);

const rows = async ({ history }: HistorySetting): Promise<Map<string, Message>> =>
  new Map((await history.page('s', { limit: 1_000, offset: 0 })).messages.map((message) => [message.id, message]));

it('puts the new words of an edit into the message, and keeps the edit', async () => {
  const setting = await setUpHistory();
  await setting.append(incoming('A1', AT), edit('E1', 'A1', { mentions: [BERT] }));
  const found = await rows(setting);
  expect(found.get('A1')).toEqual(incoming('A1', AT, { content: 'words of E1', mentions: [BERT], editedAt: AT + 5_000, editId: 'E1' }));
  expect(found.get('E1')).toEqual(edit('E1', 'A1', { mentions: [BERT] }));
});

it('keeps of several edits the words of the last, in whatever order they come', async () => {
  const setting = await setUpHistory();
  await setting.append(incoming('A1', AT), edit('E1', 'A1'), edit('E3', 'A1', { timestamp: AT + 9_000 }));
  await setting.append(edit('E2', 'A1', { timestamp: AT + 7_000 }));
  const found = await rows(setting);
  expect(found.get('A1')).toMatchObject({ content: 'words of E3', editedAt: AT + 9_000 });
  expect([...found.values()].map(({ id, content }) => [id, content])).toEqual([
    ['E3', 'words of E3'],
    ['E2', null],
    ['E1', null],
    ['A1', 'words of E3'],
  ]);
  for (const id of ['E1', 'E2']) expect(found.get(id)).not.toHaveProperty('raw');
});

it('leaves nothing of what a revoked message said, neither in it nor in its edits', async () => {
  const setting = await setUpHistory();
  const said = {
    raw: 'AAEC',
    details: { bytes: 5 },
    type: 'image',
    quoted: { messageId: 'B1', content: 'x' },
    forwarded: 1,
    mentions: [BERT],
  };
  await setting.append(incoming('A1', AT, said), edit('E1', 'A1'), revoke('R1', 'A1', { timestamp: AT + 6_000 }));
  const found = await rows(setting);
  expect(found.get('A1')).toEqual(incoming('A1', AT, { type: 'image', content: null, editedAt: AT + 5_000, revokedAt: AT + 6_000 }));
  expect(found.get('E1')?.content).toBeNull();
  await setting.append(edit('E2', 'A1', { timestamp: AT + 9_000 }));
  const after = await rows(setting);
  expect(after.get('A1')).toEqual(found.get('A1'));
  expect(after.get('E2')?.content).toBeNull();
});

it('changes what we wrote ourselves when we changed it on another device, and its status goes on', async () => {
  const setting = await setUpHistory();
  const own = { fromMe: true, from: outgoing('', 0).from };
  await setting.append(outgoing('A1', AT), edit('E1', 'A1', own));
  await setting.store.commit(setting.history.advance('s', 'A1', 'read'));
  expect((await rows(setting)).get('A1')).toMatchObject({ content: 'words of E1', status: 'read' });
});

it('knows author and chat by either of their addresses', async () => {
  const setting = await setUpHistory();
  const byLid = { chat: ANNA_LID, from: ANNA_LID };
  await setting.append(incoming('A1', AT, byLid), edit('E1', 'A1', { chatAlt: ANNA_LID, fromAlt: ANNA_LID }));
  expect((await rows(setting)).get('A1')?.content).toBe('words of E1');
});

it.each<[string, Message, Message]>([
  ['is from somebody else', incoming('A1', AT, { chat: GROUP }), edit('E1', 'A1', { chat: GROUP, from: BERT })],
  ['is from somebody else, and revokes', incoming('A1', AT, { chat: GROUP }), revoke('E1', 'A1', { chat: GROUP, from: BERT })],
  ['is about what we wrote', outgoing('A1', AT), revoke('E1', 'A1')],
  ['is from another chat', incoming('A1', AT), edit('E1', 'A1', { chat: GROUP })],
  ['is about no message that is known', incoming('A1', AT), edit('E1', 'A2')],
  ['is about itself', incoming('A1', AT), edit('E1', 'E1')],
  ['is about what has no words', incoming('A1', AT, { type: 'sticker', content: null }), edit('E1', 'A1')],
  ['is about what could not be read yet', incoming('A1', AT, { type: 'undecryptable', content: null }), edit('E1', 'A1')],
  ['has no words', incoming('A1', AT), edit('E1', 'A1', { content: null })],
  ['is about an edit', edit('A1', 'A0'), revoke('E1', 'A1')],
  ['names no message', incoming('A1', AT), edit('E1', 'A1', { details: {} })],
])('changes nothing when it %s, and is kept', async (_name, before, by) => {
  const setting = await setUpHistory();
  await setting.append(before, by);
  const found = await rows(setting);
  expect(found.get('A1')).toEqual(before);
  expect(found.get('E1')).toEqual(by);
});

it('does not apply what came before its message, also when it comes again', async () => {
  const setting = await setUpHistory();
  await setting.append(edit('E1', 'A1'), incoming('A1', AT), edit('E1', 'A1'));
  const found = await rows(setting);
  expect(found.get('A1')).toEqual(incoming('A1', AT));
  expect(found.size).toBe(2);
});

it('applies an edit that could not be read at first, and never shows a message that was revoked before it could be read', async () => {
  const setting = await setUpHistory();
  const unread = { type: 'undecryptable', content: null };
  await setting.append(incoming('A1', AT), incoming('E1', AT, unread), edit('E1', 'A1'));
  expect((await rows(setting)).get('A1')?.content).toBe('words of E1');
  await setting.append(incoming('A2', AT, unread), revoke('R2', 'A2'), incoming('A2', AT));
  expect((await rows(setting)).get('A2')).toMatchObject({ content: null, revokedAt: AT + 5_000 });
});

it('changes nothing in a day that is only in the object store any more', async () => {
  const setting = await setUpHistory();
  await setting.append(incoming('A1', AT));
  await setting.ship();
  await evict(setting.store, '2026-11-22');
  await setting.append(edit('E1', 'A1', { timestamp: AT + DAY_MS }));
  expect((await rows(setting)).get('A1')).toEqual(incoming('A1', AT));
});

it('writes the changed message into its file again', async () => {
  const setting = await setUpHistory();
  await setting.append(incoming('A1', AT));
  await setting.ship();
  await setting.append(edit('E1', 'A1', { timestamp: AT + DAY_MS }), revoke('R1', 'A1', { timestamp: AT + DAY_MS + 1_000 }));
  await setting.ship();
  const stored = [...setting.objects.bodies.values()].flatMap(({ body }) => readPart(body).messages.map(({ message }) => message));
  expect(stored.find(({ id }) => id === 'A1')).toEqual((await rows(setting)).get('A1'));
  expect(stored.find(({ id }) => id === 'A1')).toMatchObject({ content: null, editedAt: AT + DAY_MS, revokedAt: AT + DAY_MS + 1_000 });
});

const target = fc.constantFrom('A0', 'A1', 'A2');
const change = fc
  .record({
    n: fc.nat({ max: 9 }),
    messageId: target,
    type: fc.constantFrom('edit' as const, 'edit' as const, 'revoke' as const),
    at: fc.nat({ max: 5 }),
  })
  .map(({ n, messageId, type, at }) => about(type, `E${n}`, messageId, { timestamp: AT + at * 1_000 }));
const original = target.map((id) => incoming(id, AT));

it('has the same history however often what came comes again, and its books agree', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(change, original), { minLength: 1, maxLength: 20 }),
      fc.infiniteStream(fc.nat()),
      async (given, again) => {
        const [once, often] = [await setUpHistory(), await setUpHistory()];
        for (const [index, message] of given.entries()) {
          await once.append(message);
          await often.append(message);
          await often.append(...again.take(2).map((n) => given[n % (index + 1)] ?? message));
        }
        expect([...(await rows(often)).values()]).toEqual([...(await rows(once)).values()]);
        const findings = new Findings('supervisor');
        checkMessages(often.store, 's', findings);
        expect(findings.list).toEqual([]);
        for (const { value } of often.store.range<Message>(TABLES.messages)) {
          if (value.revokedAt !== undefined) expect(value.content).toBeNull();
        }
      },
    ),
    { numRuns: 30 },
  );
});
