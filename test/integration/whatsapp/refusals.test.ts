import { expect, test } from 'vitest';
import { setUp } from './setting.js';
import type { TestCompanion } from './test-companion.js';

/** The error by which WhatsApp refused a message. Baileys tells it on its own, or with the message that it reports as sent. */
async function refusalOf(companion: TestCompanion, id: string): Promise<string> {
  const told = (): string | undefined => {
    const updates = companion.heard('messages.update').flatMap((all) => all.map(({ key, update }) => [key.id, update] as const));
    const echoed = companion.received.map(({ message }) => [message.key.id, message] as const);
    for (const [about, { messageStubParameters }] of [...updates, ...echoed]) {
      const [error] = (messageStubParameters ?? []) as string[];
      if (about === id && error !== undefined) return error;
    }
    return undefined;
  };
  await companion.until(`the refusal of ${id}`, () => told() !== undefined);
  return told() ?? '';
}

test('a message is refused with the error of a fault, as often as told and only to that number', async () => {
  const { client, link } = await setUp();
  const [bob, zoe] = await Promise.all([client.createPhone(), client.createPhone()]);
  const { phone: ann, companion } = await link();
  await client.addFault({ kind: 'refuse-message', error: 463, to: bob.number, target: { number: ann.number }, count: 1 });
  await client.waitForShown(zoe.number, await companion.send(zoe.number, 'to another'));
  const refused = await companion.send(bob.number, 'one too many');
  expect(await refusalOf(companion, refused)).toBe('463');
  await client.waitForShown(bob.number, await companion.send(bob.number, 'this one goes'));
  expect((await client.shown(bob.number)).map(({ id }) => id)).not.toContain(refused);
  expect((await client.stats()).nacksOut).toEqual({ 463: 1 });
});

test('a restricted account may answer, but not write to strangers, and is told so', async () => {
  const { client, link } = await setUp();
  const [bob, zoe] = await Promise.all([client.createPhone(), client.createPhone()]);
  const { phone: ann, companion } = await link();
  await client.send(bob.number, ann.number, 'hello');
  await companion.untilText('hello');
  await client.waitForShown(ann.number, ({ text }) => text === 'hello');
  await client.restrict(ann.number, 3_600);
  await companion.untilHeard('connection.update', ({ reachoutTimeLock }) => reachoutTimeLock?.isActive === true);
  await client.waitForShown(bob.number, await companion.send(bob.number, 'an answer'));
  const refused = await companion.send(zoe.number, 'buy this');
  expect(await refusalOf(companion, refused)).toBe('463');
  expect(await companion.socket.fetchAccountReachoutTimelock()).toMatchObject({ isActive: true, enforcementType: 'DEFAULT' });
  await client.restrict(ann.number, 0);
  await client.waitForShown(zoe.number, await companion.send(zoe.number, 'hello stranger'));
  expect(await companion.socket.fetchAccountReachoutTimelock()).toMatchObject({ isActive: false });
});
