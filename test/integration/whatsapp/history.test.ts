import { expect, test } from 'vitest';
import { setUp } from './setting.js';

test('a newly linked device gets the past of its phone: newest first at once, names, and the rest in parts', async () => {
  const { client, device } = await setUp();
  const [ann, bob, zoe] = await Promise.all([client.createPhone(), client.createPhone({ name: 'Bob' }), client.createPhone()]);
  const { jid } = await client.groups.create(bob.number, 'Old friends', [ann.number]);
  await client.setPast(ann.number, {
    chats: [
      { with: bob.number, messages: 1_200, unread: 2, pinned: true },
      {
        with: zoe.number,
        messages: [
          { text: 'once', at: 1_700_000_000 },
          { text: 'upon', fromMe: true, at: 1_700_000_060 },
        ],
      },
      { with: jid, messages: [{ text: 'in the group', sender: bob.number }], archived: true },
    ],
  });
  const companion = await device().pair(client, ann.number);
  const texts = (): string[] =>
    companion.heard('messaging-history.set').flatMap(({ messages }) => messages.map(({ message }) => message?.conversation ?? ''));
  await companion.until('the whole past', () => texts().length >= 1_203);
  const parts = companion.heard('messaging-history.set');
  const chats = parts.flatMap((part) => part.chats);
  expect(chats.find(({ id }) => id === bob.jid)).toMatchObject({ unreadCount: 2, pinned: 1 });
  expect(chats.find(({ id }) => id === jid)).toMatchObject({ name: 'Old friends', archived: true });
  const names = parts.flatMap(({ contacts }) => contacts);
  expect(names).toContainEqual(expect.objectContaining({ id: bob.jid, notify: 'Bob' }));
  const messages = parts.flatMap((part) => part.messages);
  expect(messages.find(({ message }) => message?.conversation === 'in the group')?.key).toMatchObject({
    remoteJid: jid,
    participant: bob.lid,
  });
  expect(messages.filter(({ key }) => key.remoteJid === zoe.jid).map(({ key }) => key.fromMe)).toEqual([true, false]);
  expect(new Set(messages.map(({ key }) => key.id)).size).toBe(1_203);
  await client.send(bob.number, ann.number, 'and now');
  await companion.untilText('and now');
});

test('pinning, archiving, starring and reading by Baileys reach the phone and the other devices', async () => {
  const { client, link, device } = await setUp();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  const other = await device().pair(client, ann.number);
  await companion.until('the key', () => Boolean(companion.creds.myAppStateKeyId));
  const id = await client.send(bob.number, ann.number, 'keep this');
  const { key, messageTimestamp } = await companion.untilMessage(id);
  const lastMessages = [{ key, messageTimestamp: Number(messageTimestamp) }];
  await companion.socket.chatModify({ pin: true }, bob.jid);
  await companion.socket.chatModify({ archive: true, lastMessages }, bob.jid);
  await companion.socket.chatModify({ markRead: true, lastMessages }, bob.jid);
  await companion.socket.star(bob.jid, [{ id, fromMe: false }], true);
  const settings = await client.settings(ann.number);
  expect(settings).toContainEqual(expect.objectContaining({ index: ['pin_v1', bob.jid] }));
  expect(settings).toContainEqual(expect.objectContaining({ index: ['star', bob.jid, id, '0', '0'] }));
  expect(settings.map(({ index }) => index[0]).sort()).toEqual(['archive', 'markChatAsRead', 'pin_v1', 'star']);
  await other.untilHeard('chats.update', (chats) => chats.some((chat) => chat.id === bob.jid && Boolean(chat.pinned)));
  await other.untilHeard('chats.update', (chats) => chats.some((chat) => chat.id === bob.jid && chat.archived === true));
});

test('a chat pinned on the phone is pinned for Baileys, which goes on from there', async () => {
  const { client, link } = await setUp();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  await companion.until('the key', () => Boolean(companion.creds.myAppStateKeyId));
  await client.changeSetting(ann.number, 'pin', bob.number, true);
  await companion.untilHeard('chats.update', (chats) => chats.some((chat) => chat.id === bob.jid && Boolean(chat.pinned)));
  await companion.socket.chatModify({ pin: false }, bob.jid);
  await client.changeSetting(ann.number, 'mute', bob.number, true);
  const settings = await client.settings(ann.number);
  expect(settings).toContainEqual(expect.objectContaining({ index: ['pin_v1', bob.jid] }));
  expect(settings).toContainEqual(expect.objectContaining({ index: ['mute', bob.jid] }));
});
