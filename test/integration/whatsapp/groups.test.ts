import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { setUpWithMedia, type Setting } from './setting.js';

const DELIVERED_IN_GROUP = 'receiptTimestamp';

async function people({ client, link }: Setting) {
  const [bob, zoe] = await Promise.all([client.createPhone({ name: 'Bob' }), client.createPhone({ name: 'Zoe' })]);
  const { phone: ann, companion } = await link('Ann');
  return { ann, bob, zoe, companion };
}

test.each(['lid', 'pn'] as const)('members of a group addressed by %s write to each other', async (addressing) => {
  const setting = await setUpWithMedia();
  const { client, link } = setting;
  const { ann, bob, zoe, companion } = await people(setting);
  const { phone: tom, companion: tomDevice } = await link('Tom');
  const { jid } = await client.groups.create(bob.number, 'Friends', [ann.number, zoe.number, tom.number], addressing);
  const created = await companion.untilHeard('groups.upsert');
  expect(created[0]).toMatchObject({ id: jid, subject: 'Friends', addressingMode: addressing, size: 4 });

  const fromPhone = await client.sendMessage(bob.number, { to: jid, text: 'hello all' });
  const received = await companion.untilMessage(fromPhone);
  expect(received).toMatchObject({
    key: { remoteJid: jid, participant: addressing === 'lid' ? bob.lid : bob.jid, fromMe: false },
    message: { conversation: 'hello all' },
  });
  await tomDevice.untilMessage(fromPhone);
  expect(await client.waitForShown(zoe.number, fromPhone)).toMatchObject({ chat: jid, sender: bob.number, text: 'hello all' });
  await client.waitForReceipt(bob.number, ({ id, from, group }) => id === fromPhone && from === ann.number && group === jid);

  const fromDevice = await companion.sendContent(jid, { text: 'hello back', mentions: [zoe.lid] }, { quoted: received });
  for (const { number } of [bob, zoe, tom, ann]) {
    expect(await client.waitForShown(number, fromDevice)).toMatchObject({ chat: jid, sender: ann.number, text: 'hello back' });
  }
  expect((await tomDevice.untilMessage(fromDevice)).key.participant).toBe(addressing === 'lid' ? ann.lid : ann.jid);
  expect(await client.waitForShown(zoe.number, fromDevice)).toMatchObject({
    details: { mentions: [zoe.number], quoted: { id: fromPhone, sender: bob.number } },
  });
  const receipt = await companion.untilReceipt(fromDevice, ({ userJid }) => userJid === (addressing === 'lid' ? zoe.lid : zoe.jid));
  expect(DELIVERED_IN_GROUP in receipt).toBe(true);
  const second = await companion.sendContent(jid, { text: 'and again' });
  await client.waitForShown(bob.number, second);
  await tomDevice.untilMessage(second);
  const answer = await client.sendMessage(zoe.number, { to: jid, text: 'answer', quote: second, mentions: [ann.number] });
  expect((await companion.untilMessage(answer)).message?.extendedTextMessage?.contextInfo?.stanzaId).toBe(second);
  expect((await client.stats()).retries).toEqual({});
});

test('files, reactions, votes, edits and deletions work in groups', async () => {
  const setting = await setUpWithMedia();
  const { client } = setting;
  const { ann, bob, zoe, companion } = await people(setting);
  const { jid } = await client.groups.create(bob.number, 'Friends', [ann.number, zoe.number]);
  const image = await companion.sendContent(jid, { image: randomBytes(800), jpegThumbnail: '' });
  expect(await client.waitForShown(bob.number, image)).toMatchObject({ details: { media: { size: 800, problem: null } } });
  await client.waitForShown(zoe.number, image);
  await client.sendMessage(zoe.number, { to: jid, react: { to: image, emoji: '😀' } });
  expect(await companion.untilHeard('messages.reaction')).toMatchObject([{ key: { id: image, fromMe: true }, reaction: { text: '😀' } }]);
  const poll = await companion.sendContent(jid, { poll: { name: 'When?', values: ['now', 'later'] } });
  await client.waitForShown(zoe.number, poll);
  await client.waitForShown(bob.number, poll);
  const vote = await client.sendMessage(zoe.number, { to: jid, vote: { poll, options: ['later'] } });
  expect(await client.waitForShown(bob.number, vote)).toMatchObject({ sender: zoe.number, details: { target: poll, vote: ['later'] } });
  const theirs = await client.sendMessage(zoe.number, { to: jid, text: 'tpyo' });
  await client.waitForShown(bob.number, theirs);
  await client.sendMessage(zoe.number, { to: jid, edit: { id: theirs, text: 'typo' } });
  await companion.untilHeard('messages.update', (updates) =>
    updates.some(({ key, update }) => key.id === theirs && update.message?.editedMessage),
  );
  await client.sendMessage(bob.number, { to: jid, delete: theirs });
  await companion.untilHeard('messages.update', (updates) =>
    updates.some(({ key, update }) => key.id === theirs && update.message === null),
  );
  expect(await client.markRead(bob.number, { from: jid })).toBeGreaterThan(0);
  await companion.untilReceipt(image, ({ readTimestamp }) => Boolean(readTimestamp));
});

test('Baileys creates a group and manages its members, settings and link', async () => {
  const setting = await setUpWithMedia();
  const { client } = setting;
  const { ann, bob, zoe, companion } = await people(setting);
  const { socket } = companion;
  const tom = await client.createPhone();
  const { id } = await socket.groupCreate('Work', [bob.jid]);
  expect(await client.groups.get(id)).toMatchObject({
    subject: 'Work',
    creator: ann.number,
    members: [
      { number: ann.number, rank: 'superadmin' },
      { number: bob.number, rank: 'member' },
    ],
  });
  expect(await socket.groupParticipantsUpdate(id, [zoe.jid, bob.jid], 'add')).toMatchObject([{ status: '200' }, { status: '409' }]);
  await companion.untilHeard(
    'group-participants.update',
    ({ action, participants }) => action === 'add' && participants[0]?.id === zoe.lid,
  );
  await socket.groupParticipantsUpdate(id, [zoe.jid], 'promote');
  await companion.untilHeard('group-participants.update', ({ action }) => action === 'promote');
  await socket.groupParticipantsUpdate(id, [bob.jid], 'remove');
  await companion.untilHeard('group-participants.update', ({ action }) => action === 'remove');
  await socket.groupUpdateSubject(id, 'Fun');
  await socket.groupUpdateDescription(id, 'no work here');
  await socket.groupSettingUpdate(id, 'announcement');
  await socket.groupSettingUpdate(id, 'locked');
  await socket.groupToggleEphemeral(id, 86_400);
  await socket.groupMemberAddMode(id, 'admin_add');
  await companion.untilHeard('groups.update', (updates) => updates.some(({ subject }) => subject === 'Fun'));
  expect(await socket.groupMetadata(id)).toMatchObject({
    subject: 'Fun',
    desc: 'no work here',
    announce: true,
    restrict: true,
    memberAddMode: false,
    ephemeralDuration: 86_400,
    participants: [
      { id: ann.lid, phoneNumber: ann.jid, admin: 'superadmin' },
      { id: zoe.lid, admin: 'admin' },
    ],
  });
  const code = await socket.groupInviteCode(id);
  expect(await client.groups.join(tom.number, code ?? '')).toEqual({ jid: id, waits: false });
  await expect(client.sendMessage(tom.number, { to: id, text: 'x' })).rejects.toMatchObject({ code: 'ADMINS_ONLY' });
  const renewed = await socket.groupRevokeInvite(id);
  await expect(client.groups.join(bob.number, code ?? '')).rejects.toMatchObject({ status: 406 });
  await socket.groupJoinApprovalMode(id, 'on');
  expect(await client.groups.join(bob.number, renewed ?? '')).toEqual({ jid: id, waits: true });
  await companion.untilHeard('group.join-request', ({ participant }) => participant === bob.lid);
  expect(await socket.groupRequestParticipantsList(id)).toMatchObject([{ jid: bob.lid }]);
  expect(await socket.groupRequestParticipantsUpdate(id, [bob.lid], 'approve')).toMatchObject([{ status: '200' }]);
  expect(Object.keys(await socket.groupFetchAllParticipating())).toEqual([id]);
  await socket.groupLeave(id);
  expect((await client.groups.get(id)).members.map(({ number }) => number)).toEqual([zoe.number, tom.number, bob.number]);
  await expect(socket.groupMetadata(id)).rejects.toThrow('forbidden');
  expect((await client.stats()).unknownIqs).toEqual({});
});

test('Baileys joins by link, and what needs an admin is forbidden', async () => {
  const setting = await setUpWithMedia();
  const { client } = setting;
  const { ann, bob, zoe, companion } = await people(setting);
  const { socket } = companion;
  const { jid, inviteCode } = await client.groups.create(bob.number, 'Open', [zoe.number]);
  expect(await socket.groupGetInviteInfo(inviteCode)).toMatchObject({ id: jid, subject: 'Open', size: 2 });
  expect(await socket.groupAcceptInvite(inviteCode)).toBe(jid);
  expect((await client.groups.get(jid)).members.map(({ number }) => number)).toContain(ann.number);
  await expect(socket.groupInviteCode(jid)).rejects.toThrow('forbidden');
  await expect(socket.groupSettingUpdate(jid, 'announcement')).rejects.toThrow('forbidden');
  await expect(socket.groupParticipantsUpdate(jid, [zoe.jid], 'remove')).rejects.toThrow('forbidden');
  await expect(socket.groupMetadata('120363999@g.us')).rejects.toThrow('item-not-found');
  await client.groups.changeMembers(jid, bob.number, 'remove', [ann.number]);
  await companion.untilHeard(
    'group-participants.update',
    ({ action, participants }) => action === 'remove' && participants[0]?.id === ann.lid,
  );
  const errors: string[] = [];
  socket.ws.on('CB:ack,class:message', ({ attrs }: { attrs: { error?: string } }) => errors.push(attrs.error ?? 'none'));
  await companion.sendContent(jid, { text: 'still here?' }, { useCachedGroupMetadata: true }).catch(() => errors.push('403'));
  await expect.poll(() => errors).toEqual(['403']);
});

test('a member that lost its keys asks again inside the group, phone and device', async () => {
  const setting = await setUpWithMedia();
  const { client } = setting;
  const { ann, bob, zoe, companion } = await people(setting);
  const { jid } = await client.groups.create(bob.number, 'Friends', [ann.number, zoe.number]);
  await companion.sendContent(jid, { text: 'first' });
  await client.waitForShown(bob.number, ({ text }) => text === 'first');
  await client.waitForShown(zoe.number, ({ text }) => text === 'first');
  await client.forgetSessions(bob.number);
  const second = await companion.sendContent(jid, { text: 'second' });
  expect(await client.waitForShown(bob.number, second)).toMatchObject({ text: 'second', chat: jid });
  await client.waitForShown(zoe.number, second);

  await client.sendMessage(zoe.number, { to: jid, text: 'third' });
  await companion.untilText('third');
  companion.forgetSenderKeys();
  const fourth = await client.sendMessage(zoe.number, { to: jid, text: 'fourth' });
  await companion.untilMessage(fourth);
  const fifth = await client.sendMessage(zoe.number, { to: jid, text: 'fifth' });
  await companion.untilMessage(fifth);
  const { retries } = await client.stats();
  expect(retries['phone']).toBeGreaterThanOrEqual(1);
  expect(retries['companion']).toBeGreaterThanOrEqual(1);
  const shown = (await client.shown(zoe.number)).filter(({ id }) => id === second);
  expect(shown).toHaveLength(1);
});

test('typing in a group is seen by its members, and a group has a picture', async () => {
  const setting = await setUpWithMedia();
  const { client } = setting;
  const { ann, bob, zoe, companion } = await people(setting);
  const { jid } = await client.groups.create(bob.number, 'Friends', [ann.number, zoe.number]);
  await client.typing(zoe.number, jid, 'composing');
  await companion.untilHeard('presence.update', ({ id, presences }) => id === jid && presences[zoe.lid]?.lastKnownPresence === 'composing');
  await companion.socket.sendPresenceUpdate('recording', jid);
  expect(await client.waitForActivity(bob.number, ({ state }) => state === 'recording')).toMatchObject({ id: ann.number, chat: jid });
  const node = { tag: 'iq', attrs: { to: '@s.whatsapp.net', type: 'set', xmlns: 'w:profile:picture', target: jid } };
  await companion.socket.query({ ...node, content: [{ tag: 'picture', attrs: { type: 'image' }, content: randomBytes(300) }] });
  expect((await client.groups.get(jid)).picture).toMatch(/^[0-9a-f]{64}$/);
  expect(await companion.socket.profilePictureUrl(jid)).toContain('/pp/');
});
