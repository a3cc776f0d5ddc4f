import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import type { BinaryNode, SignalRepositoryWithLIDStore } from '../../../session-runner/baileys.js';
import type { InboxEntry } from '../../../session-runner/messages/decode-message.js';
import { Spool, type SpoolEntry } from '../../../session-runner/messages/spool.js';
import { SLOT_TABLES } from '../../../shared/store/slot-store.js';
import type { SignalKeys } from '../../../session-runner/session/signal-keys.js';
import { CiphertextOrigins, withInbox } from '../../../session-runner/session/signal-repository.js';
import type { Store } from '../../../shared/store/store.js';
import { silent } from '../shared/logged.js';
import { rowsIn } from '../store/temp-store.js';
import { failingStore, tempRunnerStore } from './runner-stores.js';
import { keysOf } from './signal-keys-by-face.js';

const JID = '6281234567890@s.whatsapp.net';

/** A repository that, like Signal's ratchet, decrypts each ciphertext only once; its state is a row of the key store. */
const ratchet = (keys: SignalKeys['inside'], decrypted: Uint8Array[]): SignalRepositoryWithLIDStore => {
  const decrypt = async (ciphertext: Uint8Array): Promise<Uint8Array> => {
    const id = Buffer.from(ciphertext).toString('hex');
    const used = await keys.get('device-list', [id]);
    if (used[id]) throw new Error('Key used already');
    await keys.set({ 'device-list': { [id]: ['used'] } });
    decrypted.push(ciphertext);
    return Uint8Array.from(ciphertext, (byte) => byte ^ 0xff);
  };
  const encrypt = async (): Promise<{ type: 'msg'; ciphertext: Uint8Array }> => {
    const before = await keys.get('device-list', ['counter']);
    const counter = Number(before['counter']?.[0] ?? 0) + 1;
    await new Promise((resolve) => setImmediate(resolve));
    await keys.set({ 'device-list': { counter: [String(counter)] } });
    return { type: 'msg', ciphertext: Buffer.from([counter]) };
  };
  const repository: Pick<
    SignalRepositoryWithLIDStore,
    'decryptMessage' | 'decryptGroupMessage' | 'encryptMessage' | 'jidToSignalProtocolAddress'
  > = {
    decryptMessage: async ({ ciphertext }) => decrypt(ciphertext),
    decryptGroupMessage: async ({ msg }) => decrypt(msg),
    encryptMessage: encrypt,
    jidToSignalProtocolAddress: (jid) => `address of ${jid}`,
  };
  return repository as SignalRepositoryWithLIDStore;
};

const plaintextOf = (ciphertext: Uint8Array): Buffer => Buffer.from(ciphertext.map((byte) => byte ^ 0xff));

const setUp = async (given?: Store) => {
  const store = given ?? (await tempRunnerStore());
  const decrypted: Uint8Array[] = [];
  const commits: Promise<void>[] = [];
  const keys = keysOf(store, 's', commits);
  const spool = new Spool({ store, log: silent, ship: async () => Promise.reject(new Error('not started')) });
  await spool.stop();
  const origins = new CiphertextOrigins();
  const identities = (): { me: string; meLid: string } => ({ me: '15550000001@s.whatsapp.net', meLid: '1234567@lid' });
  /** Operations that were noted, with how many decryptions had been done when they began and when they ended. */
  const marks: [string, number, number][] = [];
  const inFlight = {
    during: async <T>(sessionId: string, operation: string, work: () => Promise<T>): Promise<T> => {
      const before = decrypted.length;
      const result = await work();
      marks.push([`${operation} of ${sessionId}`, before, decrypted.length]);
      return result;
    },
  };
  const repository = withInbox(ratchet(keys.inside, decrypted), { sessionId: 's', store, spool, keys, inFlight, origins, identities });
  /** As it comes from the wire: new bytes in a new stanza. */
  const receive = async (ciphertext: Uint8Array, id = 'A1', attrs: Record<string, string> = {}): Promise<Uint8Array> => {
    const content = Buffer.from(ciphertext);
    origins.note(stanzaWith(content, { id, from: JID, t: '5', ...attrs }));
    return repository.decryptMessage({ jid: JID, type: 'msg', ciphertext: content });
  };
  return { store, keys, commits, spool, origins, repository, decrypted, marks, receive };
};

const counterIn = (store: Store): number =>
  Number([...store.range<string[]>(SLOT_TABLES.keys, { prefix: ['s', 'device-list', 'counter'] })][0]?.value[0]);

const stanzaWith = (ciphertext: Uint8Array, attrs: Record<string, string>): BinaryNode => ({
  tag: 'message',
  attrs,
  content: [{ tag: 'enc', attrs: { type: 'msg' }, content: ciphertext }],
});

it('notes that it decrypts only while it does: not for what was decrypted before', async () => {
  const { receive, repository, marks } = await setUp();
  const ciphertext = randomBytes(20);
  await receive(ciphertext);
  await receive(ciphertext);
  expect(marks).toEqual([['decrypt of s', 0, 1]]);
  await repository.decryptMessage({ jid: JID, type: 'msg', ciphertext: randomBytes(20) });
  expect(marks.at(-1)).toEqual(['decrypt of s', 1, 2]);
});

it('commits the ratchet step, the plaintext and the spool row before it answers', async () => {
  const { store, receive } = await setUp();
  const ciphertext = randomBytes(20);
  const plaintext = await receive(ciphertext);
  expect(Buffer.from(plaintext)).toEqual(plaintextOf(ciphertext));
  expect(rowsIn(store, SLOT_TABLES.keys)).toHaveLength(1);
  expect(rowsIn(store, SLOT_TABLES.inbox)).toMatchObject([
    [['s', 'A1', JID, '', 0, expect.any(String)], { plaintext: plaintextOf(ciphertext) }],
  ]);
  const [[, row] = []] = rowsIn(store, SLOT_TABLES.spool) as [unknown, SpoolEntry & { entry: InboxEntry }][];
  expect(row).toMatchObject({
    kind: 'inbox',
    sessionId: 's',
    entry: {
      key: ['A1', JID, '', 0, expect.any(String)],
      plaintext: plaintextOf(ciphertext),
      attrs: { id: 'A1', from: JID, t: '5' },
      me: '15550000001@s.whatsapp.net',
      meLid: '1234567@lid',
    },
  });
});

it('gives a ciphertext that comes again its plaintext, without decrypting again', async () => {
  const { receive, decrypted, store } = await setUp();
  const ciphertext = randomBytes(20);
  await receive(ciphertext);
  expect(Buffer.from(await receive(ciphertext))).toEqual(plaintextOf(ciphertext));
  expect(decrypted).toHaveLength(1);
  expect(rowsIn(store, SLOT_TABLES.spool)).toHaveLength(1);
});

it('still knows it after a restart', async () => {
  const { receive, store } = await setUp();
  const ciphertext = randomBytes(20);
  await receive(ciphertext);
  const restarted = await setUp(store);
  expect(Buffer.from(await restarted.receive(ciphertext))).toEqual(plaintextOf(ciphertext));
  expect(restarted.decrypted).toHaveLength(0);
});

it('decrypts a ciphertext once that comes twice at the same time', async () => {
  const { receive, decrypted, store } = await setUp();
  const ciphertext = randomBytes(20);
  const both = await Promise.all([receive(ciphertext), receive(ciphertext)]);
  expect(both.map((plaintext) => Buffer.from(plaintext))).toEqual([plaintextOf(ciphertext), plaintextOf(ciphertext)]);
  expect(decrypted).toHaveLength(1);
  expect(rowsIn(store, SLOT_TABLES.spool)).toHaveLength(1);
});

it('decrypts another ciphertext under the same id', async () => {
  const { receive, decrypted, store } = await setUp();
  const [first, second] = [randomBytes(20), randomBytes(20)];
  await receive(first);
  expect(Buffer.from(await receive(second))).toEqual(plaintextOf(second));
  expect(decrypted).toHaveLength(2);
  expect(rowsIn(store, SLOT_TABLES.spool)).toHaveLength(2);
});

it('tells equal ids of different senders and members apart', async () => {
  const { receive, store } = await setUp();
  const ciphertext = randomBytes(20);
  await receive(ciphertext);
  for (const attrs of [
    { from: '4915112345678@s.whatsapp.net' },
    { from: '1-2@g.us', participant: 'a@lid' },
    { from: '1-2@g.us', participant: 'b@lid' },
  ])
    await receive(randomBytes(20), 'A1', attrs);
  expect(rowsIn(store, SLOT_TABLES.inbox)).toHaveLength(4);
});

it('keeps several ciphertexts of one stanza apart', async () => {
  const { origins, repository, store } = await setUp();
  const [first, second] = [randomBytes(20), randomBytes(20)];
  origins.note({
    tag: 'message',
    attrs: { id: 'A1', from: '1-2@g.us', participant: JID },
    content: [
      { tag: 'participants', attrs: {} },
      { tag: 'enc', attrs: { type: 'pkmsg' }, content: first },
      { tag: 'enc', attrs: { type: 'skmsg' }, content: second },
    ],
  });
  await repository.decryptMessage({ jid: JID, type: 'pkmsg', ciphertext: first });
  await repository.decryptGroupMessage({ group: '1-2@g.us', authorJid: JID, msg: second });
  expect(rowsIn(store, SLOT_TABLES.inbox)).toMatchObject([
    [['s', 'A1', '1-2@g.us', JID, 1, expect.any(String)], { plaintext: plaintextOf(first) }],
    [['s', 'A1', '1-2@g.us', JID, 2, expect.any(String)], { plaintext: plaintextOf(second) }],
  ]);
});

it('spools nothing and steps no ratchet when the commit fails, and decrypts the next time', async () => {
  const store = failingStore(...Object.values(SLOT_TABLES));
  const { receive, decrypted, spool } = await setUp(store);
  const ciphertext = randomBytes(20);
  store.failing = true;
  await expect(receive(ciphertext)).rejects.toThrow('The disk is full.');
  expect(spool.records).toBe(0);
  store.failing = false;
  await store.settled();
  expect([SLOT_TABLES.keys, SLOT_TABLES.inbox, SLOT_TABLES.spool].flatMap((table) => rowsIn(store, table))).toEqual([]);
  expect(Buffer.from(await receive(ciphertext))).toEqual(plaintextOf(ciphertext));
  expect(decrypted).toHaveLength(2);
  expect(spool.records).toBe(1);
});

it('keeps nothing of a ciphertext that cannot be decrypted', async () => {
  const { receive, store, spool, keys } = await setUp();
  const ciphertext = randomBytes(20);
  const id = ciphertext.toString('hex');
  await keys.setOutside({ 'device-list': { [id]: ['used'] } });
  await expect(receive(ciphertext)).rejects.toThrow('Key used already');
  await store.settled();
  expect(rowsIn(store, SLOT_TABLES.inbox)).toEqual([]);
  expect(rowsIn(store, SLOT_TABLES.spool)).toEqual([]);
  expect(spool.records).toBe(0);
});

it('writes nothing when the connection was fenced off meanwhile', async () => {
  const { receive, keys, store, spool } = await setUp();
  const received = receive(randomBytes(20));
  keys.fence();
  await expect(received).rejects.toThrow('closed');
  await store.settled();
  expect(rowsIn(store, SLOT_TABLES.spool)).toEqual([]);
  expect(spool.records).toBe(0);
});

it('steps no ratchet twice at the same time, and tells of each step that is not on disk when it answers', async () => {
  const { repository, store, commits, receive } = await setUp();
  const data = Buffer.from('hello');
  const steps = await Promise.all([
    ...Array.from({ length: 5 }, async () => {
      const { ciphertext } = await repository.encryptMessage({ jid: JID, data });
      await Promise.all(commits);
      expect(counterIn(store)).toBeGreaterThanOrEqual(Number(ciphertext[0]));
      return ciphertext[0];
    }),
    receive(randomBytes(20)).then(() => 6),
  ]);
  expect(steps).toEqual([1, 2, 3, 4, 5, 6]);
});

it('decrypts what came in no stanza it saw, and keeps none of it', async () => {
  const { repository, store } = await setUp();
  const ciphertext = randomBytes(20);
  const plaintext = await repository.decryptMessage({ jid: JID, type: 'msg', ciphertext });
  expect(Buffer.from(plaintext)).toEqual(plaintextOf(ciphertext));
  expect(rowsIn(store, SLOT_TABLES.spool)).toEqual([]);
});

it('passes everything else on', async () => {
  const { repository } = await setUp();
  expect(repository.jidToSignalProtocolAddress(JID)).toBe(`address of ${JID}`);
});

it('notes only the ciphertexts of a stanza', () => {
  const origins = new CiphertextOrigins();
  const [ciphertext, other] = [randomBytes(8), randomBytes(8)];
  origins.note({ tag: 'message', attrs: { id: 'A1' }, content: [{ tag: 'other', attrs: {}, content: other }] });
  origins.note({ tag: 'message', attrs: { id: 'A2' } });
  origins.note(stanzaWith(ciphertext, { id: 'A3' }));
  expect(origins.of(other)).toBeUndefined();
  expect(origins.of(ciphertext)).toEqual({ attrs: { id: 'A3' }, index: 0 });
  expect(origins.of(Buffer.from(ciphertext))).toBeUndefined();
});
