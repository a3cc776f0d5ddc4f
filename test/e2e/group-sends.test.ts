// Messages of a session to a group, as its members get them.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openScene, pair, type PairedSession, type Scene } from '../support/scene.js';
import { until } from '../support/worker-process.js';

type Row = Record<string, unknown>;

let scene: Scene;
let alice: PairedSession;
let bob: string;
let cara: string;
let dan: string;
beforeAll(async () => {
  scene = await openScene();
  alice = await pair(scene, 'alice');
  [bob, cara, dan] = (await Promise.all(['Bob', 'Cara', 'Dan'].map(async (name) => scene.phones.createPhone({ name })))).map(
    ({ number }) => number,
  ) as [string, string, string];
});
afterEach(async () => {
  await scene.phones.clearFaults();
});
afterAll(async () => {
  await scene.close();
});

const open = async (members: readonly string[], addressing?: 'pn'): Promise<string> =>
  (await scene.phones.groups.create(bob, 'Lunch', [alice.number, ...members], addressing)).jid;
const send = async (to: string, text: string): Promise<string> => {
  const { status, body } = await scene.worker.send('alice', to, text);
  expect(status, JSON.stringify(body)).toBe(200);
  return String(body.data?.['messageId']);
};
const shownOnce = async (ids: readonly string[], members: readonly string[]): Promise<void> => {
  for (const member of members) {
    for (const id of ids) await scene.phones.waitForShown(member, id);
    const arrived = (await scene.phones.arrived(member)).map(({ id }) => id).filter((id) => ids.includes(id));
    expect(arrived.sort()).toEqual([...ids].sort());
  }
};
const row = async (id: string): Promise<Row | undefined> => (await scene.worker.messages('alice')).find((message) => message['id'] === id);
const queriesAboutGroups = async (): Promise<number> => {
  await scene.phones.addFault({ kind: 'stanza', direction: 'in', match: { xmlns: 'w:g2' }, action: 'duplicate' });
  return (await scene.phones.faults()).at(-1)?.id ?? 0;
};

test.each([undefined, 'pn'] as const)(
  'texts reach every member once (addressing %s), and the group is asked for once',
  async (addressing) => {
    const group = await open([cara], addressing);
    const counter = await queriesAboutGroups();
    const ids = [
      await send(group, 'one'),
      await send(group, 'two'),
      ...(await Promise.all(['three', 'four'].map(async (n) => send(group, n)))),
    ];
    const hits = (await scene.phones.faults()).find(({ id }) => id === counter)?.hits;
    expect(hits).toBe(1);
    await shownOnce(ids, [bob, cara]);
    expect(await row(String(ids[0]))).toMatchObject({ chat: group, to: group, fromMe: true });
  },
);

test('a member that cannot read a message asks for it again, and gets it once', async () => {
  const group = await open([cara]);
  await shownOnce([await send(group, 'before')], [bob, cara]);
  await scene.phones.forgetSessions(cara);
  await shownOnce([await send(group, 'after')], [bob, cara]);
});

test('who comes reads what is sent from then on, and who was removed gets nothing', async () => {
  const group = await open([cara]);
  await shownOnce([await send(group, 'before')], [bob, cara]);
  await scene.phones.groups.changeMembers(group, bob, 'add', [dan]);
  await shownOnce([await send(group, 'with Dan')], [bob, cara, dan]);
  await scene.phones.groups.changeMembers(group, bob, 'remove', [cara]);
  const without = await send(group, 'without Cara');
  await shownOnce([without], [bob, dan]);
  expect((await scene.phones.arrived(cara)).map(({ id }) => id)).not.toContain(without);
});

test('a message to a group that is not there, or not for this account, fails and says why', async () => {
  expect((await scene.worker.send('alice', '120363999999999999@g.us', 'x')).body).toMatchObject({ code: 'GROUP_NOT_FOUND' });
  const { jid } = await scene.phones.groups.create(bob, 'Without her', [cara]);
  expect((await scene.worker.send('alice', jid, 'x')).body).toMatchObject({ code: 'NOT_GROUP_MEMBER' });
  const group = await open([]);
  await scene.phones.groups.change(group, bob, { announcement: true });
  expect((await scene.worker.send('alice', group, 'x')).body).toMatchObject({ code: 'NOT_GROUP_ADMIN' });
});

test('what WhatsApp does not say of one group holds up no other chat', async () => {
  const group = await open([]);
  await scene.phones.addFault({ kind: 'stanza', direction: 'in', match: { tag: 'iq', xmlns: 'w:g2' }, action: 'swallow', count: 1 });
  const waiting = send(group, 'later');
  await shownOnce([await send(bob, 'at once')], [bob]);
  await shownOnce([await waiting], [bob]);
});

test('the runner may be killed while messages to a group are on their way: each is shown once', async () => {
  const group = await open([cara]);
  const pid = await scene.worker.runnerPidOf('alice');
  const sends = Array.from({ length: 6 }, async (_, index) => send(group, `number ${index}`));
  await until(
    async () => (await scene.worker.messages('alice')).some(({ chat }) => chat === group),
    20_000,
    () => 'nothing was accepted',
  );
  process.kill(pid, 'SIGKILL');
  const ids = await Promise.all(sends);
  for (const member of [bob, cara]) {
    for (const id of ids) await scene.phones.waitForShown(member, id);
    const shown = (await scene.phones.shown(member)).map(({ id }) => id).filter((id) => ids.includes(id));
    expect(shown.sort()).toEqual([...ids].sort());
  }
});
