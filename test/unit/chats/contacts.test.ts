import { expect, it } from 'vitest';
import type { Contact } from '../../../shared/domain/contact.js';
import { ChatList } from '../../../supervisor/chats/chat-list.js';
import { ANNA, incoming, setUpHistory, TODAY } from '../messages/history-setting.js';

const ANNA_LID = '100000000000001@lid';
const BEN = '6289999999999@s.whatsapp.net';
const GROUP = '120363000000000001@g.us';

const setUp = async () => {
  const setting = await setUpHistory();
  const list = new ChatList(setting.store);
  return {
    ...setting,
    list,
    meet: async (...contacts: Contact[]) => setting.store.commit(setting.history.meet('s', contacts)),
    contacts: () => list.contacts('s', { limit: 500 }).contacts,
  };
};

it('keeps each name that was told, and changes only what is told anew', async () => {
  const { meet, contacts } = await setUp();
  await meet({ jid: ANNA, name: 'Anna of the shop' }, { jid: BEN, verifiedName: 'Ben Ltd.' });
  await meet({ jid: ANNA, pushName: 'Anna' }, { jid: BEN, name: 'Ben' });
  expect(contacts()).toEqual([
    { jid: ANNA, name: 'Anna of the shop', pushName: 'Anna' },
    { jid: BEN, name: 'Ben', verifiedName: 'Ben Ltd.' },
  ]);
});

it('knows whoever writes by the name they give themselves, and writes nothing when it stays', async () => {
  const { append, history, contacts } = await setUp();
  await append(incoming('A1', TODAY, { pushName: 'Anna', fromAlt: ANNA_LID, chatAlt: ANNA_LID }));
  expect(contacts()).toEqual([{ jid: ANNA, lid: ANNA_LID, pushName: 'Anna' }]);
  expect(history.meet('s', [{ jid: ANNA, pushName: 'Anna' }, { jid: ANNA_LID }])).toEqual([]);
  await append(incoming('A2', TODAY + 1_000, { pushName: 'Anna M.' }));
  expect(contacts()).toEqual([{ jid: ANNA, lid: ANNA_LID, pushName: 'Anna M.' }]);
});

it('joins what was known by the LID alone with what is known by the number', async () => {
  const { meet, contacts } = await setUp();
  await meet({ jid: ANNA_LID, pushName: 'Anna' }, { jid: ANNA, name: 'Anna of the shop' });
  expect(contacts()).toEqual([
    { jid: ANNA_LID, lid: ANNA_LID, pushName: 'Anna' },
    { jid: ANNA, name: 'Anna of the shop' },
  ]);
  await meet({ jid: ANNA, lid: ANNA_LID });
  expect(contacts()).toEqual([{ jid: ANNA, lid: ANNA_LID, name: 'Anna of the shop', pushName: 'Anna' }]);
  await meet({ jid: ANNA_LID, name: 'Anna' });
  expect(contacts()).toEqual([{ jid: ANNA, lid: ANNA_LID, name: 'Anna', pushName: 'Anna' }]);
});

it('calls a group by its subject, and lists no group among the people', async () => {
  const { meet, append, list, contacts } = await setUp();
  await append(incoming('G1', TODAY, { chat: GROUP, to: GROUP }));
  await meet({ jid: GROUP, name: 'Family' });
  expect(list.chats('s', { limit: 1 }).chats[0]).toMatchObject({ jid: GROUP, name: 'Family' });
  expect(contacts()).toEqual([]);
});

it('keeps nothing of addresses that are nobody’s', async () => {
  const { history } = await setUp();
  const strange = ['status@broadcast', `${'9'.repeat(40)}@s.whatsapp.net`, 'x@lid', '', '12@newsletter'];
  expect(
    history.meet(
      's',
      strange.map((jid) => ({ jid, name: 'Nobody' })),
    ),
  ).toEqual([]);
});

it('comes by pages in the order of the addresses', async () => {
  const { meet, list } = await setUp();
  const jids = Array.from({ length: 7 }, (_, index) => `6281${index}000000@s.whatsapp.net`);
  await meet(...jids.map((jid) => ({ jid, name: jid })));
  const seen: string[] = [];
  let after: string | undefined;
  do {
    const page = list.contacts('s', { limit: 3, after });
    seen.push(...page.contacts.map(({ jid }) => jid));
    after = page.next;
  } while (after !== undefined);
  expect(seen).toEqual(jids);
});
