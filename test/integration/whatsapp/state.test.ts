import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { downloadMediaMessage } from '@whiskeysockets/baileys';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../support/free-port.js';
import { startWhatsapp } from '../../whatsapp/start-whatsapp.js';
import { TestCompanion } from './test-companion.js';
import { trustAuthority } from './trust-authority.js';

const DELIVERED = 3;

async function stateFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'whatsapp-state-'));
  onTestFinished(async () => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('accounts, sessions, queues and shown messages survive a restart', async () => {
  const stateFile = join(await stateFolder(), 'state.ndjson');
  const port = await freePort();
  const before = await startWhatsapp({ stateFile, port });
  const ann = await before.client.createPhone({ name: 'Ann' });
  const bob = await before.client.createPhone({ name: 'Bob' });
  const companion = await new TestCompanion(before.url).pair(before.client, ann.number);
  const first = await companion.send(bob.number, 'before');
  await companion.untilStatus(first, DELIVERED);
  await before.client.send(bob.number, ann.number, 'an answer');
  await companion.untilText('an answer');
  companion.vanish();
  await before.client.send(bob.number, ann.number, 'while away', 'AWAY');
  await before.client.setOnline(bob.number, false);
  await before.stop();

  const after = await startWhatsapp({ stateFile, port });
  onTestFinished(async () => {
    companion.vanish();
    await after.stop();
  });
  expect(await after.client.shown(bob.number)).toMatchObject([{ id: first, text: 'before' }]);
  expect(await after.client.phone(bob.number)).toMatchObject({ name: 'Bob', online: false, lid: bob.lid });
  await companion.login();
  await companion.untilText('while away');
  const second = await companion.send(bob.number, 'after');
  await after.client.setOnline(bob.number, true);
  expect(await after.client.waitForShown(bob.number, second)).toMatchObject({ text: 'after' });
  await after.client.send(bob.number, ann.number, 'still in step');
  await companion.untilText('still in step');
  expect((await after.client.stats()).retries).toEqual({});
});

test('groups with their keys, files, settings and profiles survive a restart', async () => {
  const stateFile = join(await stateFolder(), 'state.ndjson');
  const ports = { port: await freePort(), mediaPort: await freePort() };
  const before = await startWhatsapp({ stateFile, ...ports });
  const [ann, bob, zoe] = [await before.client.createPhone(), await before.client.createPhone(), await before.client.createPhone()];
  const companion = await new TestCompanion(before.url).pair(before.client, ann.number);
  const { jid } = await before.client.groups.create(bob.number, 'Friends', [ann.number, zoe.number]);
  await before.client.groups.change(jid, bob.number, { description: 'of old', announcement: false });
  await companion.sendContent(jid, { text: 'before' });
  await before.client.waitForShown(bob.number, ({ text }) => text === 'before');
  await before.client.sendMessage(zoe.number, { to: jid, text: 'mine' });
  await companion.untilText('mine');
  const image = await before.client.sendMessage(bob.number, { to: ann.number, media: { type: 'image', size: 5_000 } });
  const file = await companion.untilMessage(image);
  await before.client.setProfile(bob.number, { about: 'here', picture: Buffer.from('face').toString('base64') });
  await before.client.changeSetting(ann.number, 'pin', bob.number, true);
  const shown = { group: await before.client.groups.get(jid), bob: (await before.client.phone(bob.number)).picture };
  companion.vanish();
  await before.stop();

  const after = await startWhatsapp({ stateFile, ...ports });
  trustAuthority(await readFile(after.caFile, 'utf8'));
  onTestFinished(async () => {
    companion.vanish();
    await after.stop();
  });
  expect(await after.client.groups.get(jid)).toEqual(shown.group);
  expect(await after.client.phone(bob.number)).toMatchObject({ about: 'here', picture: shown.bob });
  expect(await after.client.settings(ann.number)).toMatchObject([{ index: ['pin_v1', bob.jid] }]);
  await companion.login();
  await after.client.waitForShown(bob.number, await companion.sendContent(jid, { text: 'after' }));
  await companion.untilMessage(await after.client.sendMessage(zoe.number, { to: jid, text: 'still in step' }));
  expect((await downloadMediaMessage(file, 'buffer', {})).length).toBe(5_000);
  expect((await after.client.stats()).retries).toEqual({});
});

test('changes are saved on their own, on command, and never in part', async () => {
  const folder = await stateFolder();
  const stateFile = join(folder, 'state.ndjson');
  const whatsapp = await startWhatsapp({ stateFile });
  onTestFinished(async () => whatsapp.stop());
  const first = await whatsapp.client.createPhone();
  await expect.poll(async () => readFile(stateFile, 'utf8').catch(() => '')).toContain(first.number);
  const second = await whatsapp.client.createPhone();
  expect(await whatsapp.client.flush()).toBe(true);
  expect(await readFile(stateFile, 'utf8')).toContain(second.number);
  expect((await readdir(folder)).sort()).toEqual(['state.ndjson', 'state.ndjson.ca.pem']);
});

test('one that only reads its state begins with it and leaves it as it was', async () => {
  const stateFile = join(await stateFolder(), 'state.ndjson');
  const before = await startWhatsapp({ stateFile });
  const { number } = await before.client.createPhone({ name: 'Ann' });
  await before.stop();
  const saved = await readFile(stateFile, 'utf8');
  const whatsapp = await startWhatsapp({ stateFile, readOnly: true });
  expect(await whatsapp.client.phone(number)).toMatchObject({ name: 'Ann' });
  await whatsapp.client.createPhone();
  expect(await whatsapp.client.flush()).toBe(false);
  await whatsapp.stop();
  expect(await readFile(stateFile, 'utf8')).toBe(saved);
});

test('a file that is no state of ours is refused', async () => {
  const stateFile = join(await stateFolder(), 'state.ndjson');
  const { writeFile } = await import('node:fs/promises');
  await writeFile(stateFile, '{"version":99}\n');
  await expect(startWhatsapp({ stateFile })).rejects.toThrow('no state file');
});

test('the certificate authority outlives a restart with the state', async () => {
  const stateFile = join(await stateFolder(), 'state.ndjson');
  const before = await startWhatsapp({ stateFile, tls: true });
  const authority = await readFile(before.caFile, 'utf8');
  await before.stop();
  const after = await startWhatsapp({ stateFile, tls: true });
  onTestFinished(async () => after.stop());
  expect(await readFile(after.caFile, 'utf8')).toBe(authority);
});
