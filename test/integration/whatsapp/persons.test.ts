import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { setUpWithMedia } from './setting.js';

test('typing and recording are seen on both sides', async () => {
  const { client, link } = await setUpWithMedia();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  for (const state of ['composing', 'recording'] as const) {
    await client.typing(bob.number, ann.number, state);
    await companion.untilHeard('presence.update', ({ presences }) => presences[bob.jid]?.lastKnownPresence === state);
    await companion.socket.sendPresenceUpdate(state, bob.jid);
    expect(await client.waitForActivity(bob.number, (seen) => seen.state === state)).toMatchObject({ id: ann.number, chat: ann.number });
  }
  await companion.socket.sendPresenceUpdate('paused', bob.jid);
  await client.waitForActivity(bob.number, ({ state }) => state === 'paused');
});

test('who follows somebody learns when they come and go, with the time', async () => {
  const { client, link } = await setUpWithMedia();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  await companion.socket.presenceSubscribe(bob.jid);
  await companion.untilHeard('presence.update', ({ presences }) => presences[bob.jid]?.lastKnownPresence === 'unavailable');
  await client.setAvailable(bob.number, true);
  await companion.untilHeard('presence.update', ({ presences }) => presences[bob.jid]?.lastKnownPresence === 'available');
  const { lastSeen } = await client.setAvailable(bob.number, false);
  await companion.untilHeard('presence.update', ({ presences }) => presences[bob.jid]?.lastSeen === lastSeen);

  await client.follow(bob.number, ann.number);
  await client.waitForActivity(bob.number, ({ id, state }) => id === ann.number && state === 'available');
  await companion.socket.sendPresenceUpdate('unavailable');
  await client.waitForActivity(bob.number, ({ id, state, lastSeen: at }) => id === ann.number && state === 'unavailable' && at !== null);
  await companion.socket.sendPresenceUpdate('available');
  await expect.poll(async () => (await client.presence(ann.number)).available).toBe(true);
  companion.vanish();
  await expect.poll(async () => (await client.presence(ann.number)).available).toBe(false);
});

test('who is blocked is not heard', async () => {
  const { client, link } = await setUpWithMedia();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  await companion.send(bob.number, 'hello');
  await companion.socket.updateBlockStatus(bob.jid, 'block');
  expect(await companion.socket.fetchBlocklist()).toEqual([bob.lid]);
  expect((await client.phone(ann.number)).blocked).toEqual([bob.number]);
  await client.send(bob.number, ann.number, 'unheard');
  await companion.socket.updateBlockStatus(bob.jid, 'unblock');
  await client.send(bob.number, ann.number, 'heard');
  await companion.untilText('heard');
  expect(companion.texts().map(([, text]) => text)).not.toContain('unheard');
  await client.setBlocked(ann.number, bob.number, true);
  await companion.untilHeard('blocklist.update', ({ blocklist, type }) => type === 'add' && blocklist[0] === bob.lid);
});

test('pictures and about texts are shown and change', async () => {
  const { client, link } = await setUpWithMedia();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  await companion.send(bob.number, 'hello');
  await expect(companion.socket.profilePictureUrl(bob.jid)).rejects.toThrow('item-not-found');
  const picture = randomBytes(900);
  await client.setProfile(bob.number, { about: 'at work', picture: picture.toString('base64') });
  await companion.untilHeard('contacts.update', (contacts) => contacts.some(({ id, imgUrl }) => id === bob.jid && imgUrl === 'changed'));
  const url = await companion.socket.profilePictureUrl(bob.jid, 'image');
  expect(Buffer.from(await (await fetch(url ?? '')).arrayBuffer()).equals(picture)).toBe(true);
  expect(await companion.socket.fetchStatus(bob.jid)).toMatchObject([{ status: { status: 'at work' } }]);
  await companion.socket.updateProfileStatus('away');
  expect((await client.phone(ann.number)).about).toBe('away');
  await client.setProfile(bob.number, { picture: null });
  await companion.untilHeard('contacts.update', (contacts) => contacts.some(({ imgUrl }) => imgUrl === 'removed'));
});

test('many numbers are checked in one query', async () => {
  const { client, link } = await setUpWithMedia();
  const phones = await Promise.all(Array.from({ length: 20 }, async () => client.createPhone()));
  const { companion } = await link();
  const asked = [...phones.map(({ number }) => number), '628999999999'];
  const found = await companion.socket.onWhatsApp(...asked);
  expect(
    found
      ?.filter(({ exists }) => exists)
      .map(({ jid }) => jid)
      .sort(),
  ).toEqual(phones.map(({ jid }) => jid).sort());
});
