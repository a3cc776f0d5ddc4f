// What is around messages: people, presence and groups, each seen from the other side.
import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { readEventStream } from '../support/event-consumer.js';
import { openScene, pair, type PairedSession, type Scene } from '../support/scene.js';
import { until, type Answer } from '../support/worker-process.js';
import type { FaultInput } from '../whatsapp/client.js';

type Row = Record<string, unknown>;

const NOBODY = '6299999999999';
const JPEG = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.from('not much of a picture')]);
const DIGEST = createHash('sha256').update(JPEG).digest('hex');

let scene: Scene;
let alice: PairedSession;
let bob: string;
let cara: string;
beforeAll(async () => {
  scene = await openScene();
  alice = await pair(scene, 'alice');
  bob = (await scene.phones.createPhone({ name: 'Bob' })).number;
  cara = (await scene.phones.createPhone({ name: 'Cara' })).number;
});
afterEach(async () => {
  await scene.phones.clearFaults();
});
afterAll(async () => {
  await scene.close();
});

const call = async (method: string, path: string, body?: unknown): Promise<Row> => scene.worker.call(method, `/session/alice${path}`, body);
const refused = async (method: string, path: string, body?: unknown): Promise<Answer['body']> => {
  const { status, body: answer } = await scene.worker.request(method, `/session/alice${path}`, body);
  expect(status, JSON.stringify(answer)).toBeGreaterThanOrEqual(400);
  return answer;
};
const jidOf = (number: string): string => `${number}@s.whatsapp.net`;
const shownAs = async (number: string): Promise<Row> => ({
  jid: jidOf(number),
  lid: (await scene.phones.phone(number)).lid,
  phoneNumber: `+${number}`,
});
const openGroup = async (members: readonly string[] = [bob]): Promise<string> => {
  const { jid } = await call('POST', '/groups', { subject: 'Lunch', participants: members });
  return String(jid);
};

describe('people', () => {
  test('which numbers are on WhatsApp is answered in the order asked, with both identities', async () => {
    const { lid } = await scene.phones.phone(bob);
    expect(await call('POST', '/contacts/check', { numbers: [NOBODY, `+${bob}`, NOBODY] })).toEqual({
      numbers: [
        { number: NOBODY, exists: false },
        { number: bob, exists: true, jid: jidOf(bob), lid },
        { number: NOBODY, exists: false },
      ],
    });
  });

  test('what a person shows is told, by number and by LID', async () => {
    await scene.phones.setProfile(bob, { about: 'At work', picture: JPEG.toString('base64') });
    const who = await shownAs(bob);
    const profile = await call('GET', `/contacts/${bob}`);
    expect(profile).toMatchObject({ ...who, about: { text: 'At work' }, business: null });
    expect(await call('GET', `/contacts/${String(who['lid'])}`)).toMatchObject({ ...who, about: { text: 'At work' } });
    const { picture } = (await call('GET', `/contacts/${bob}/picture?size=image`)) as { picture: { id: string; url: string } };
    expect(picture).toEqual({ id: (profile['picture'] as Row)['id'], url: expect.stringMatching(/^https:\/\//) as string });
    await scene.phones.setProfile(bob, { picture: null });
    expect(await call('GET', `/contacts/${bob}/picture`)).toEqual({ picture: null });
    expect(await refused('GET', `/contacts/${NOBODY}`)).toMatchObject({ code: 'RECIPIENT_NOT_ON_WHATSAPP' });
  });

  test('who is blocked is not heard any more, until unblocked', async () => {
    const who = await shownAs(cara);
    expect(await call('PUT', `/blocks/${cara}`)).toEqual({ ...who, blocked: true });
    expect(await call('GET', '/blocks')).toEqual({ blocked: [who] });
    expect((await scene.phones.phone(alice.number)).blocked).toEqual([cara]);
    expect(await call('DELETE', `/blocks/${String(who['lid'])}`)).toEqual({ ...who, blocked: false });
    expect((await scene.phones.phone(alice.number)).blocked).toEqual([]);
    expect(await refused('PUT', `/blocks/${NOBODY}`)).toMatchObject({ code: 'RECIPIENT_NOT_ON_WHATSAPP' });
  });

  test('the account changes what it shows of itself', async () => {
    const changed = await call('PUT', '/profile', { name: 'Alice & Co', about: 'On holiday', picture: JPEG.toString('base64') });
    expect(changed).toEqual({ changed: ['name', 'about', 'picture'] });
    expect(await scene.phones.phone(alice.number)).toMatchObject({ about: 'On holiday', picture: DIGEST });
    expect(await scene.phones.settings(alice.number)).toContainEqual(
      expect.objectContaining({ action: expect.objectContaining({ pushNameSetting: { name: 'Alice & Co' } }) as object }),
    );
    await call('PUT', '/profile', { picture: null });
    expect((await scene.phones.phone(alice.number)).picture).toBeNull();
  });

  test('of several changes those before the one that failed are told', async () => {
    await scene.phones.addFault({ kind: 'refuse-query', error: 429, match: { xmlns: 'w:profile:picture' }, count: 1 });
    expect(await refused('PUT', '/profile', { about: 'Back', picture: null })).toMatchObject({
      code: 'RATE_LIMITED',
      details: { changed: ['about'], failed: 'picture' },
    });
  });
});

describe('presence', () => {
  test('the account is seen as gone and as there', async () => {
    await scene.phones.follow(cara, alice.number);
    for (const presence of ['unavailable', 'available']) {
      expect(await call('PUT', '/presence', { presence })).toEqual({ presence });
      await scene.phones.waitForActivity(cara, ({ state }) => state === presence);
    }
  });

  test('who is followed is known to be there, to type and to be gone', async () => {
    const state = async (): Promise<unknown> => (await call('GET', `/presence/${bob}`))['presences'];
    const untilState = async (expected: Row): Promise<void> => {
      let last: unknown;
      await until(
        async () => {
          last = await state();
          const [only] = last as Row[];
          return only?.['state'] === expected['state'];
        },
        20_000,
        () => `it is ${JSON.stringify(last)}`,
      );
      expect(last).toEqual([expect.objectContaining({ jid: jidOf(bob), ...expected })]);
    };
    expect(await call('POST', '/presence/subscribe', { to: bob })).toEqual({ to: jidOf(bob) });
    await scene.phones.setAvailable(bob, true);
    await untilState({ state: 'available', lastSeen: null });
    await scene.phones.typing(bob, alice.number, 'recording');
    await untilState({ state: 'recording' });
    await scene.phones.setAvailable(bob, false);
    await untilState({ state: 'unavailable', lastSeen: expect.stringMatching(/Z$/) as string });
    expect(await call('GET', `/presence/${cara}`)).toEqual({ presences: [] });
  });

  test('a stream tells at once who comes and types, also after the session was connected anew', async () => {
    const stream = await readEventStream(`${scene.worker.baseUrl}/session/alice/events?include=presence`);
    onTestFinished(() => {
      stream.cut();
    });
    const seen = (state: string): boolean =>
      stream.presences.some((presence) => presence['jid'] === jidOf(bob) && presence['state'] === state);
    const untilSeen = async (state: string): Promise<void> =>
      until(
        () => seen(state),
        20_000,
        () => JSON.stringify(stream.presences),
      );
    await call('POST', '/presence/subscribe', { to: bob });
    await scene.phones.setAvailable(bob, true);
    await scene.phones.typing(bob, alice.number, 'recording');
    await untilSeen('recording');
    expect(stream.presences.at(-1)).toMatchObject({ chat: jidOf(bob), phoneNumber: `+${bob}`, type: 'presence', lastSeen: null });

    await call('POST', '/restart');
    await scene.worker.untilStatus('alice', 'connected');
    await call('POST', '/presence/subscribe', { to: bob });
    await scene.phones.typing(bob, alice.number, 'composing');
    await untilSeen('composing');
    expect(stream.events.every(({ type }) => type !== 'presence')).toBe(true);
  });
});

describe('groups', () => {
  test('a group is opened, listed and shown with the two identities of each member', async () => {
    const created = await call('POST', '/groups', { subject: 'Lunch', participants: [bob, NOBODY] });
    const jid = String(created['jid']);
    expect(created).toMatchObject({ subject: 'Lunch', size: 2, owner: await shownAs(alice.number), notAdded: [jidOf(NOBODY)] });
    expect(created['participants']).toEqual([
      { ...(await shownAs(alice.number)), rank: 'superadmin' },
      { ...(await shownAs(bob)), rank: 'member' },
    ]);
    const shown = await call('GET', `/groups/${jid}`);
    expect(created).toEqual({ ...shown, notAdded: [jidOf(NOBODY)] });
    expect(
      ((await call('GET', '/groups'))['groups'] as Row[]).map((group) => ({ ...group, participants: shown['participants'] })),
    ).toContainEqual(shown);
    expect(await scene.phones.groups.get(jid)).toMatchObject({ subject: 'Lunch', members: [{ number: alice.number }, { number: bob }] });
  });

  test('members are added, made admins, made members again and removed, each with what became of it', async () => {
    const jid = await openGroup();
    const act = async (action: string, ...participants: string[]): Promise<unknown> =>
      (await call('POST', `/groups/${jid}/participants`, { action, participants }))['participants'];
    const members = async () => (await scene.phones.groups.get(jid)).members;
    const done = { ...(await shownAs(cara)), done: true, status: 200 };
    expect(await act('add', cara, bob, NOBODY)).toEqual([
      done,
      { ...(await shownAs(bob)), done: false, status: 409, error: 'already_there' },
      { jid: jidOf(NOBODY), phoneNumber: `+${NOBODY}`, done: false, status: 404, error: 'not_found' },
    ]);
    expect(await act('promote', cara)).toEqual([done]);
    expect(await members()).toContainEqual({ number: cara, rank: 'admin' });
    expect(await act('demote', cara)).toEqual([done]);
    expect(await members()).toContainEqual({ number: cara, rank: 'member' });
    expect(await act('remove', cara)).toEqual([done]);
    expect((await members()).map(({ number }) => number)).toEqual([alice.number, bob]);
  });

  test('subject, description, settings and picture are changed, and shown so at once', async () => {
    const jid = await openGroup();
    const wanted = {
      ...{ subject: 'Dinner', description: 'At seven', announce: true, locked: true },
      ...{ ephemeralSeconds: 86_400, joinApproval: true, memberAdd: 'all' },
    };
    expect(await call('PATCH', `/groups/${jid}`, wanted)).toEqual({ changed: Object.keys(wanted) });
    expect(await call('GET', `/groups/${jid}`)).toMatchObject(wanted);
    expect(await scene.phones.groups.get(jid)).toMatchObject({
      ...{ subject: 'Dinner', description: 'At seven', announcement: true, locked: true },
      ...{ ephemeral: 86_400, approval: true, memberAddMode: 'all_member_add' },
    });
    await call('PATCH', `/groups/${jid}`, { description: '', announce: false, ephemeralSeconds: 0 });
    expect(await call('GET', `/groups/${jid}`)).toMatchObject({ description: null, announce: false, locked: true, ephemeralSeconds: 0 });
    await call('PUT', `/groups/${jid}/picture`, { picture: `data:image/jpeg;base64,${JPEG.toString('base64')}` });
    expect((await scene.phones.groups.get(jid)).picture).toBe(DIGEST);
    expect(await call('GET', `/groups/${jid}/picture`)).toMatchObject({ picture: { url: expect.any(String) as string } });
    await call('PUT', `/groups/${jid}/picture`, { picture: null });
    expect(await call('GET', `/groups/${jid}/picture`)).toEqual({ picture: null });
  });

  test('one comes in by the link, until it is revoked, or after an admin said so', async () => {
    const jid = await openGroup();
    const { code, link } = await call('GET', `/groups/${jid}/invite`);
    expect(link).toBe(`https://chat.whatsapp.com/${String(code)}`);
    expect(await scene.phones.groups.join(cara, String(code))).toMatchObject({ waits: false });
    await scene.phones.groups.leave(jid, cara);
    const { code: next } = await call('POST', `/groups/${jid}/invite/revoke`, {});
    expect(next).not.toBe(code);
    await expect(scene.phones.groups.join(cara, String(code))).rejects.toThrow();
    await call('PATCH', `/groups/${jid}`, { joinApproval: true });
    expect(await scene.phones.groups.join(cara, String(next))).toMatchObject({ waits: true });
    expect((await call('GET', `/groups/${jid}/requests`))['requests']).toEqual([
      expect.objectContaining({ lid: (await shownAs(cara))['lid'] }),
    ]);
    await call('POST', `/groups/${jid}/requests`, { action: 'approve', participants: [cara] });
    expect((await scene.phones.groups.get(jid)).members.map(({ number }) => number)).toContain(cara);
  });

  test('the account joins by a link, and leaves', async () => {
    const { jid, inviteCode } = await scene.phones.groups.create(bob, 'Bob’s', [cara]);
    expect(await call('GET', `/groups/invite/${inviteCode}`)).toMatchObject({ jid, subject: 'Bob’s', size: 2 });
    expect(await call('POST', '/groups/join', { code: `https://chat.whatsapp.com/${inviteCode}` })).toEqual({ jid, waiting: false });
    expect((await scene.phones.groups.get(jid)).members.map(({ number }) => number)).toContain(alice.number);
    expect(await refused('POST', '/groups/join', { code: inviteCode })).toMatchObject({ code: 'ALREADY_GROUP_MEMBER' });
    expect(await call('POST', `/groups/${jid}/leave`, {})).toEqual({ changed: ['membership'] });
    expect((await scene.phones.groups.get(jid)).members.map(({ number }) => number)).not.toContain(alice.number);
    await scene.phones.groups.change(jid, bob, { approval: true });
    expect(await call('POST', '/groups/join', { code: inviteCode })).toEqual({ jid: null, waiting: true });
    expect(await refused('POST', '/groups/join', { code: 'nobodyEverGaveThis1' })).toMatchObject({ code: 'INVITE_NOT_VALID' });
  });

  test('what happens in a group is in history, with whom it is about and what changed', async () => {
    const { jid } = await scene.phones.groups.create(bob, 'Before', [alice.number]);
    await scene.phones.groups.change(jid, bob, { subject: 'After', description: 'Why', announcement: true, locked: true });
    await scene.phones.groups.change(jid, bob, { memberAddMode: 'admin_add', approval: true });
    for (const action of ['add', 'promote', 'demote', 'remove'] as const) await scene.phones.groups.changeMembers(jid, bob, action, [cara]);
    await scene.phones.groups.changeMembers(jid, bob, 'promote', [alice.number]);
    await call('PATCH', `/groups/${jid}`, { subject: 'Mine' });
    const theirs = { chat: jid, from: jidOf(bob), fromMe: false };
    const about = (number: string) => ({ participants: [{ jid: jidOf(number), lid: `1000000000000${number.slice(-2)}@lid` }] });
    const expected = [
      { ...theirs, type: 'system.group_create', content: 'Before' },
      { ...theirs, type: 'system.group_change_subject', content: 'After', details: { subject: 'After' } },
      { ...theirs, type: 'system.group_change_description', content: 'Why' },
      { ...theirs, type: 'system.group_change_announce', details: { announce: true } },
      { ...theirs, type: 'system.group_change_restrict', details: { locked: true } },
      { ...theirs, type: 'system.group_member_add_mode', details: { memberAdd: 'admins' } },
      { ...theirs, type: 'system.group_membership_join_approval_mode', details: { joinApproval: true } },
      ...['add', 'promote', 'demote', 'remove'].map((what) => ({
        ...theirs,
        type: `system.group_participant_${what}`,
        details: about(cara),
      })),
      { ...theirs, type: 'system.group_participant_promote', details: about(alice.number) },
      { chat: jid, from: alice.jid, fromMe: true, type: 'system.group_change_subject', content: 'Mine' },
    ];
    let found: Row[] = [];
    await until(
      async () => {
        found = (await scene.worker.messages('alice')).filter(({ chat }) => chat === jid).reverse();
        return found.length >= expected.length;
      },
      20_000,
      () => `there are ${found.length}`,
    );
    expect(found).toMatchObject(expected);
  });

  test('what only admins or members may do is refused to others', async () => {
    const { jid } = await scene.phones.groups.create(bob, 'Bob’s', [alice.number]);
    await scene.phones.groups.change(jid, bob, { locked: true, memberAddMode: 'admin_add' });
    for (const [method, path, body] of [
      ['PATCH', '', { subject: 'Mine' }],
      ['PATCH', '', { announce: true }],
      ['POST', '/participants', { action: 'add', participants: [cara] }],
      ['GET', '/invite', undefined],
      ['POST', '/invite/revoke', {}],
      ['PUT', '/picture', { picture: null }],
      ['GET', '/requests', undefined],
    ] as const) {
      expect(await refused(method, `/groups/${jid}${path}`, body), path).toMatchObject({ code: 'NOT_GROUP_ADMIN', retryable: false });
    }
    await scene.phones.groups.changeMembers(jid, bob, 'remove', [alice.number]);
    expect(await refused('GET', `/groups/${jid}`)).toMatchObject({ code: 'NOT_GROUP_MEMBER' });
    expect(await refused('GET', '/groups/120363999999999999@g.us')).toMatchObject({ code: 'GROUP_NOT_FOUND' });
  });
});

describe('when WhatsApp refuses', () => {
  test.each([
    [400, 'WHATSAPP_REFUSED', 422, false],
    [401, 'NOT_PERMITTED', 403, false],
    [404, 'NOT_FOUND', 404, false],
    [408, 'DEADLINE_EXCEEDED', 504, true],
    [429, 'RATE_LIMITED', 429, true],
    [500, 'WHATSAPP_UNAVAILABLE', 503, true],
    [477, 'WHATSAPP_REFUSED', 422, false],
  ])('%i is answered as %s', async (error, code, status, retryable) => {
    await scene.phones.addFault({ kind: 'refuse-query', error, match: { xmlns: 'w:g2' }, count: 1 });
    const answer = await scene.worker.request('GET', '/session/alice/groups');
    expect(answer.body).toMatchObject({ success: false, code, retryable });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('retry-after') !== null).toBe(status === 429 || status === 503);
  });
});

describe('a session whose questions WhatsApp does not answer', () => {
  const silent = { kind: 'stanza', direction: 'in', match: { tag: 'iq', xmlns: 'w:g2' }, action: 'swallow' } as const satisfies FaultInput;

  test('says so in time, is not asked too much at once, and goes on sending', async () => {
    await scene.phones.addFault(silent);
    const answers = Array.from({ length: 9 }, async () => refused('GET', '/groups/120363000000000099@g.us'));
    const created = refused('POST', '/groups', { subject: 'Twice?', participants: [bob] });
    const { data } = (await scene.worker.send('alice', bob, 'all the same')).body;
    await scene.phones.waitForShown(bob, String(data?.['messageId']));
    const codes = (await Promise.all(answers)).map(({ code }) => code);
    expect(codes.filter((code) => code === 'DEADLINE_EXCEEDED')).toHaveLength(8);
    expect(codes.filter((code) => code === 'BUSY')).toHaveLength(1);
    expect(await created).toMatchObject({ code: 'BUSY' });
    expect(await refused('POST', '/contacts/check', { numbers: [bob] }).catch(() => 'answered')).toBe('answered');
  });
});

test('a session that is not connected, or is not there, is not asked', async () => {
  await scene.worker.create('idle');
  expect((await scene.worker.request('GET', '/session/idle/groups')).body).toMatchObject({ code: 'SESSION_NOT_CONNECTED' });
  expect((await scene.worker.request('GET', '/session/nobody/groups')).body).toMatchObject({ code: 'SESSION_NOT_FOUND' });
});
