import { randomBytes } from 'node:crypto';
import { decryptPollVote } from '@whiskeysockets/baileys';
import { expect, test } from 'vitest';
import { sealVote } from '../../whatsapp/phone/poll-vote.js';
import { setUpWithMedia } from './setting.js';

const VCARD = 'BEGIN:VCARD\nVERSION:3.0\nFN:Zoe\nTEL;waid=491701234567:+49 170 1234567\nEND:VCARD';

test('phones quote, mention, forward, and Baileys sees to whom it belongs', async () => {
  const { client, link } = await setUpWithMedia();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  const first = await companion.send(bob.number, 'what time?');
  await client.waitForShown(bob.number, first);
  const id = await client.sendMessage(bob.number, { to: ann.number, text: 'at six', quote: first, mentions: [ann.number], forwarded: 3 });
  const { message } = await companion.untilMessage(id);
  expect(message?.extendedTextMessage).toMatchObject({
    text: 'at six',
    contextInfo: { stanzaId: first, participant: ann.jid, mentionedJid: [ann.jid], isForwarded: true, forwardingScore: 3 },
  });
  const answer = await companion.sendContent(bob.jid, { text: 'fine', mentions: [bob.jid] }, { quoted: await companion.untilMessage(id) });
  expect(await client.waitForShown(bob.number, answer)).toMatchObject({
    text: 'fine',
    details: { quoted: { id, sender: bob.number }, mentions: [bob.number] },
  });
  await expect(client.sendMessage(bob.number, { to: ann.number, text: 'x', quote: 'NEVER' })).rejects.toMatchObject({
    code: 'MESSAGE_NOT_FOUND',
  });
});

test('reactions go both ways and come back', async () => {
  const { client, link } = await setUpWithMedia();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  const mine = await companion.send(bob.number, 'good news');
  await client.waitForShown(bob.number, mine);
  await client.sendMessage(bob.number, { to: ann.number, react: { to: mine, emoji: '🎉' } });
  const [reaction] = await companion.untilHeard('messages.reaction');
  expect(reaction).toMatchObject({ key: { id: mine, fromMe: true }, reaction: { text: '🎉' } });
  const theirs = await client.send(bob.number, ann.number, 'and more');
  const { key } = await companion.untilMessage(theirs);
  const id = await companion.sendContent(bob.jid, { react: { text: '👍', key } });
  expect(await client.waitForShown(bob.number, id)).toMatchObject({ content: 'reactionMessage', text: '👍', details: { target: theirs } });
  const back = await companion.sendContent(bob.jid, { react: { text: '', key } });
  expect(await client.waitForShown(bob.number, back)).toMatchObject({ text: null, details: { target: theirs } });
});

test('edits and deletions for everyone reach the other side', async () => {
  const { client, link } = await setUpWithMedia();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  const theirs = await client.send(bob.number, ann.number, 'helo');
  await companion.untilMessage(theirs);
  await client.sendMessage(bob.number, { to: ann.number, edit: { id: theirs, text: 'hello' } });
  const edited = await companion.untilHeard('messages.update', (updates) => updates.some(({ update }) => update.message?.editedMessage));
  expect(edited[0]).toMatchObject({ key: { id: theirs }, update: { message: { editedMessage: { message: { conversation: 'hello' } } } } });
  await client.sendMessage(bob.number, { to: ann.number, delete: theirs });
  const revoked = await companion.untilHeard('messages.update', (updates) => updates.some(({ update }) => update.message === null));
  expect(revoked[0]?.key).toMatchObject({ id: theirs });

  const mine = await companion.send(bob.number, 'wrong chat');
  const key = { remoteJid: bob.jid, fromMe: true, id: mine };
  const edit = await companion.sendContent(bob.jid, { text: 'right chat', edit: key });
  expect(await client.waitForShown(bob.number, edit)).toMatchObject({ content: 'edit', text: 'right chat', details: { target: mine } });
  const deletion = await companion.sendContent(bob.jid, { delete: key });
  expect(await client.waitForShown(bob.number, deletion)).toMatchObject({ content: 'delete', text: null, details: { target: mine } });
  await expect(client.sendMessage(bob.number, { to: ann.number, delete: mine })).rejects.toMatchObject({ code: 'NOT_YOURS' });
});

test('polls and votes go both ways', async () => {
  const { client, link } = await setUpWithMedia();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  const mine = await companion.sendContent(bob.jid, { poll: { name: 'Lunch?', values: ['rice', 'noodles'], selectableCount: 1 } });
  expect(await client.waitForShown(bob.number, mine)).toMatchObject({
    text: 'Lunch?',
    details: { poll: { name: 'Lunch?', options: ['rice', 'noodles'], selectable: 1 } },
  });
  const vote = await client.sendMessage(bob.number, { to: ann.number, vote: { poll: mine, options: ['noodles'] } });
  const { message } = await companion.untilMessage(vote);
  const sealedVote = message?.pollUpdateMessage?.vote ?? {};
  const pollEncKey = companion.sent.get(mine)?.messageContextInfo?.messageSecret ?? Buffer.alloc(0);
  const ballot = { pollCreatorJid: ann.jid, pollMsgId: mine, pollEncKey, voterJid: bob.jid };
  expect(decryptPollVote(sealedVote, ballot).selectedOptions).toHaveLength(1);
  expect(await client.waitForShown(ann.number, vote)).toMatchObject({ details: { target: mine, vote: ['noodles'] } });

  const poll = { name: 'Where?', options: ['here', 'there'] };
  const theirs = await client.sendMessage(bob.number, { to: ann.number, poll });
  const created = (await companion.untilMessage(theirs)).message;
  expect(created?.pollCreationMessage).toMatchObject({ name: 'Where?', options: [{ optionName: 'here' }, { optionName: 'there' }] });
  const secret = created?.messageContextInfo?.messageSecret ?? randomBytes(32);
  const sealed = sealVote({ pollId: theirs, creator: bob.jid, voter: ann.jid, secret }, ['here', 'there']);
  const pollCreationMessageKey = { remoteJid: bob.jid, fromMe: false, id: theirs };
  const id = await companion.socket.relayMessage(bob.jid, { pollUpdateMessage: { pollCreationMessageKey, vote: sealed } }, {});
  expect(await client.waitForShown(bob.number, id)).toMatchObject({ details: { target: theirs, vote: ['here', 'there'] } });
  await expect(client.sendMessage(bob.number, { to: ann.number, vote: { poll: theirs, options: ['nowhere'] } })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
  });
});

test('places, live places and contacts go both ways', async () => {
  const { client, link } = await setUpWithMedia();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  const place = await client.sendMessage(bob.number, { to: ann.number, location: { latitude: -6.2, longitude: 106.8, name: 'Monas' } });
  expect((await companion.untilMessage(place)).message?.locationMessage).toMatchObject({ degreesLatitude: -6.2, name: 'Monas' });
  const live = await client.sendMessage(bob.number, { to: ann.number, liveLocation: { latitude: 1, longitude: 2, sequence: 7 } });
  expect((await companion.untilMessage(live)).message?.liveLocationMessage).toMatchObject({ degreesLatitude: 1, degreesLongitude: 2 });
  const card = { name: 'Zoe', vcard: VCARD };
  const one = await client.sendMessage(bob.number, { to: ann.number, contacts: [card] });
  expect((await companion.untilMessage(one)).message?.contactMessage).toMatchObject({ displayName: 'Zoe', vcard: VCARD });
  const two = await client.sendMessage(bob.number, { to: ann.number, contacts: [card, card] });
  expect((await companion.untilMessage(two)).message?.contactsArrayMessage?.contacts).toHaveLength(2);

  const mine = await companion.sendContent(bob.jid, { location: { degreesLatitude: 52.5, degreesLongitude: 13.4, address: 'Berlin' } });
  expect(await client.waitForShown(bob.number, mine)).toMatchObject({
    details: { location: { latitude: 52.5, longitude: 13.4, address: 'Berlin', live: false } },
  });
  const contacts = await companion.sendContent(bob.jid, {
    contacts: { displayName: 'Zoe', contacts: [{ displayName: 'Zoe', vcard: VCARD }] },
  });
  expect(await client.waitForShown(bob.number, contacts)).toMatchObject({ details: { contacts: [card] } });
});

test('a phone plays a voice note, and its author learns of it', async () => {
  const { client, link } = await setUpWithMedia();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  const id = await companion.sendContent(bob.jid, { audio: randomBytes(500), ptt: true });
  await client.waitForShown(bob.number, id);
  expect(await client.markPlayed(bob.number, { from: ann.number })).toBe(1);
  expect(await client.markPlayed(bob.number, { ids: [id] })).toBe(0);
  const PLAYED = 5;
  await companion.untilStatus(id, PLAYED);
});

test('an order that says nothing, or two things at once, is refused', async () => {
  const { whatsapp, client } = await setUpWithMedia();
  const [ann, bob] = await Promise.all([client.createPhone(), client.createPhone()]);
  const post = async (body: object): Promise<number> =>
    (await fetch(`${whatsapp.controlUrl}/phones/${ann.number}/send`, { method: 'POST', body: JSON.stringify(body) })).status;
  expect(await post({ to: bob.number })).toBe(400);
  expect(await post({ to: bob.number, text: 'a', delete: 'B' })).toBe(400);
  expect(await post({ to: bob.number, media: { type: 'image' } })).toBe(400);
  expect(await post({ to: bob.number, media: { type: 'image', size: 3_000_000_000 } })).toBe(400);
  expect(await post({ to: '120363000000000001@g.us', text: 'a' })).toBe(404);
});
