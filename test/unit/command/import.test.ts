import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Message } from '../../../shared/domain/message.js';
import { EXIT } from '../../../shared/exit-codes.js';
import { packAuth } from '../../../shared/store/auth-file.js';
import { schemaVersionOf, trackedSince } from '../../../shared/store/open-store.js';
import { packedAuth } from '../../../shared/store/packed-session.js';
import { isSealed, RowCipher } from '../../../shared/store/row-cipher.js';
import { sealJson } from '../../../shared/store/sealed-json.js';
import { openSlotStore, SLOT_SCHEMA, SLOT_TABLES } from '../../../shared/store/slot-store.js';
import { StoreReader } from '../../../shared/store/store-reader.js';
import { lockDataDir } from '../../../supervisor/data-dir-lock.js';
import { History } from '../../../supervisor/messages/history.js';
import { openSupervisorStore, SUPERVISOR_SCHEMA, TABLES, type SessionRow } from '../../../supervisor/supervisor-store.js';
import { pairedCreds, toClassicText, writeClassic } from '../../fixtures/classic-folder.js';
import { workerCommand } from '../../support/worker-command.js';
import { tempFolder } from '../store/temp-store.js';

const KEY = randomBytes(32);
const SEALED = { AUTH_ENCRYPTION_KEY: KEY.toString('hex') };
const PRE_KEY = { public: randomBytes(32), private: randomBytes(32) };
const FRIEND = '6281200000009@s.whatsapp.net';
const GUIDE_MESSAGE = {
  id: 'msg_001',
  from: FRIEND,
  to: '6281200000001@s.whatsapp.net',
  type: 'text',
  content: 'Hello!',
  timestamp: '2024-01-15T10:30:00Z',
  status: 'delivered',
};

/** Folders of paired sessions, by name, numbered from 1. */
const foldersOf = (...names: string[]): string => {
  const root = tempFolder();
  names.forEach((name, index) => {
    writeClassic(join(root, name), { 'creds.json': pairedCreds(`628120000000${index + 1}`), 'pre-key-7.json': PRE_KEY });
  });
  return root;
};

const withReader = async <T>(dataDir: string, store: string, read: (reader: StoreReader) => T): Promise<T | undefined> => {
  const schema = store === 'supervisor' ? SUPERVISOR_SCHEMA : { ...SLOT_SCHEMA, cipher: new RowCipher([KEY]) };
  const reader = StoreReader.open(join(dataDir, store), schema);
  try {
    return reader && read(reader);
  } finally {
    await reader?.close();
  }
};

const catalogOf = async (dataDir: string): Promise<SessionRow[]> =>
  (await withReader(dataDir, 'supervisor', (reader) => [...reader.range<SessionRow>(TABLES.sessions)].map(({ value }) => value))) ?? [];

/** Rows of all tables, by table. */
const rowsOf = async (dataDir: string, store: string): Promise<Record<string, number>> => {
  const tables = store === 'supervisor' ? SUPERVISOR_SCHEMA.tables : SLOT_SCHEMA.tables;
  const counts = await withReader(dataDir, store, (reader) => tables.map((table) => [table, reader.count(table, [])] as const));
  return Object.fromEntries((counts ?? []).filter(([, count]) => count > 0));
};

it('takes every session of a folder over, encrypted when there is a key', async () => {
  const [dataDir, source] = [join(tempFolder(), 'data'), foldersOf('alice', 'bob')];
  writeClassic(join(source, 'carol', 'auth_info_baileys'), { 'creds.json': pairedCreds('6281200000003') });
  writeFileSync(join(source, 'carol', 'session-data.json'), '{"userId":"user123","sessionName":"Shop","createdAt":"2024-01-15T10:30:00Z"}');
  mkdirSync(join(source, 'not-a-session'));
  expect(await workerCommand(dataDir, ['import', source], SEALED)).toMatchObject({
    code: EXIT.clean,
    errors: '',
    lines: [
      'alice: imported; keys: 1, messages: 0, contacts: 0',
      'bob: imported; keys: 1, messages: 0, contacts: 0',
      'carol: imported; keys: 0, messages: 0, contacts: 0',
      '3 imported, 0 refused, 0 left alone',
      expect.stringMatching(/^End whatever else uses these credentials before they are connected/) as string,
    ],
  });
  expect(await catalogOf(dataDir)).toMatchObject([
    {
      sessionId: 'alice',
      slot: 0,
      epoch: 0,
      paired: true,
      state: 'disconnected',
      reason: 'created',
      desired: 'disconnected',
      pushName: 'Alice',
    },
    { sessionId: 'bob', jid: '6281200000002:3@s.whatsapp.net', lid: '77000000001:3@lid' },
    { sessionId: 'carol', userId: 'user123', sessionName: 'Shop', createdAt: Date.parse('2024-01-15T10:30:00Z') },
  ]);
  await withReader(dataDir, 'runners/0', (reader) => {
    expect(reader.get(SLOT_TABLES.keys, ['alice', 'pre-key', '7'])).toEqual(PRE_KEY);
    expect([...reader.rawRange(SLOT_TABLES.creds)].every(({ value }) => isSealed(value))).toBe(true);
  });
  expect((await workerCommand(dataDir, ['check'], SEALED)).lines).toEqual([`0 errors, 0 warnings in ${dataDir}`]);
});

it('names one classic folder as it is told, and wants it connected when asked', async () => {
  const [dataDir, source] = [tempFolder(), foldersOf('auth_info_baileys')];
  const { code } = await workerCommand(dataDir, ['import', join(source, 'auth_info_baileys'), '--session', 'shop', '--connect']);
  expect(code).toBe(EXIT.clean);
  expect(await catalogOf(dataDir)).toMatchObject([{ sessionId: 'shop', desired: 'connected', state: 'disconnected' }]);
});

it('takes only the session that is named, in the layout of the guide', async () => {
  const dataDir = tempFolder();
  const root = tempFolder();
  for (const name of ['alice', 'bob'])
    writeClassic(join(root, 'sessions', name, 'auth_info_baileys'), { 'creds.json': pairedCreds('6281200000001') });
  expect((await workerCommand(dataDir, ['import', root, '--session', 'bob'])).lines).toContain('1 imported, 0 refused, 0 left alone');
  expect((await catalogOf(dataDir)).map(({ sessionId }) => sessionId)).toEqual(['bob']);
});

it('fills the slots and stops at the number of sessions the worker may have', async () => {
  const [dataDir, source] = [tempFolder(), foldersOf('a', 'b', 'c', 'd')];
  const { code, lines } = await workerCommand(dataDir, ['import', source], { RUNNER_MAX_SESSIONS: '2', WORKER_MAX_SESSIONS: '3' });
  expect(code).toBe(EXIT.crash);
  expect(lines).toContain('d: refused: this worker has 3 sessions, as many as WORKER_MAX_SESSIONS allows');
  expect((await catalogOf(dataDir)).map(({ slot }) => slot)).toEqual([0, 0, 1]);
});

it('refuses what exists already: the id, or the same device under another id', async () => {
  const [dataDir, source] = [tempFolder(), foldersOf('alice')];
  await workerCommand(dataDir, ['import', source]);
  const again = await workerCommand(dataDir, ['import', source]);
  expect([again.code, again.lines[0]]).toEqual([EXIT.crash, 'alice: refused: a session with this id exists already']);
  const twin = await workerCommand(dataDir, ['import', join(source, 'alice'), '--session', 'twin']);
  expect(twin.lines[0]).toBe('twin: refused: session alice is this very device already');
});

it('leaves nothing of a folder that is broken, and imports the others', async () => {
  const [dataDir, source] = [tempFolder(), foldersOf('alice', 'bob', 'carol', 'dave', 'eve x')];
  writeFileSync(join(source, 'alice', 'creds.json'), toClassicText({ ...pairedCreds('1'), account: undefined }));
  writeFileSync(join(source, 'bob', 'session-6281.0.json'), '{"version":');
  mkdirSync(join(source, 'carol', 'messages'));
  writeFileSync(join(source, 'carol', 'messages', '2024-01-15.json'), JSON.stringify([GUIDE_MESSAGE, { ...GUIDE_MESSAGE, id: 7 }]));
  const { code, lines } = await workerCommand(dataDir, ['import', source]);
  expect(code).toBe(EXIT.crash);
  expect(lines.slice(0, 6)).toEqual([
    'alice: refused: it was never paired: creds.json has no account',
    'bob: refused: session-6281.0.json cannot be read: it breaks off; mend it, or move it away to do without it',
    'carol: refused: message 2 of messages/2024-01-15.json cannot be used (id); mend it, or move it away to do without it',
    'dave: imported; keys: 1, messages: 0, contacts: 0',
    expect.stringMatching(/^eve x: refused: its name is no session id/) as string,
    '1 imported, 4 refused, 0 left alone',
  ]);
  expect(await rowsOf(dataDir, 'supervisor')).toEqual({ [TABLES.sessions]: 1 });
  expect(await rowsOf(dataDir, 'runners/0')).toEqual({ [SLOT_TABLES.creds]: 1, [SLOT_TABLES.keys]: 1 });
});

it('imports messages once each, from plain lists and from files of a worker', async () => {
  const [dataDir, source] = [tempFolder(), foldersOf('alice')];
  const folder = join(source, 'alice', 'messages');
  mkdirSync(folder);
  const sent = { id: 'msg_002', from: '+6281200000001', to: FRIEND, content: 'Hi', timestamp: 1705314660 };
  writeFileSync(join(folder, '2024-01-15.json'), JSON.stringify([GUIDE_MESSAGE, sent]));
  writeFileSync(join(folder, '2024-01-16.json'), JSON.stringify([GUIDE_MESSAGE]));
  const record = { ...GUIDE_MESSAGE, id: 'msg_003', timestamp: '2024-01-17T10:30:00.000Z', chat: FRIEND, fromMe: false, n: 9 };
  const file = { sessionId: 'alice', date: '2024-01-17', part: 0, generation: 1, workerId: 'w', messages: [record] };
  writeFileSync(join(folder, '2024-01-17.json'), sealJson(file));
  expect((await workerCommand(dataDir, ['import', source])).lines[0]).toBe('alice: imported; keys: 1, messages: 3, contacts: 0');
  const messages = await withReader(dataDir, 'supervisor', (reader) =>
    [...reader.range<Message>(TABLES.messages)].map(({ value }) => value),
  );
  expect(messages).toMatchObject([
    { id: 'msg_001', fromMe: false, chat: FRIEND, status: 'delivered', timestamp: Date.parse('2024-01-15T10:30:00Z') },
    { id: 'msg_002', fromMe: true, chat: FRIEND, status: 'sent', type: 'text', timestamp: 1705314660_000 },
    { id: 'msg_003', chat: FRIEND, timestamp: Date.parse('2024-01-17T10:30:00Z') },
  ]);
});

it('takes over who is called what, and gives it away again as it was', async () => {
  const [dataDir, source, out] = [tempFolder(), foldersOf('alice'), join(tempFolder(), 'out')];
  const contacts = [
    { jid: '120363000000000001@g.us', name: 'Friends' },
    { jid: FRIEND, lid: '77000000009@lid', name: 'Ann', pushName: 'ann', verifiedName: 'Ann Ltd' },
    { jid: '77000000010@lid', pushName: 'bob' },
    { jid: '6281200000011@s.whatsapp.net', lid: '77000000011@lid' },
  ];
  const useless = [null, 'Ann', { name: 'Ann' }, { jid: 'ann' }, { jid: 'status@broadcast', name: 'x' }];
  mkdirSync(join(source, 'alice', 'messages'));
  const older = { ...GUIDE_MESSAGE, pushName: 'ann, as she was called before' };
  writeFileSync(join(source, 'alice', 'messages', '2024-01-15.json'), JSON.stringify([older]));
  writeFileSync(join(source, 'alice', 'contacts.json'), JSON.stringify([...contacts, ...useless]));
  expect((await workerCommand(dataDir, ['import', source])).lines.slice(0, 2)).toEqual([
    'alice: 5 of the entries in contacts.json are no contacts and were passed over',
    'alice: imported; keys: 1, messages: 1, contacts: 4',
  ]);
  expect((await workerCommand(dataDir, ['export', out])).lines[0]).toBe(
    'alice: exported; files of credentials: 2, messages: 1, contacts: 4',
  );
  const file = join(out, 'sessions/alice/contacts.json');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(contacts);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect((await workerCommand(dataDir, ['check'])).lines).toEqual([`0 errors, 0 warnings in ${dataDir}`]);
});

it.each(['{"jid":"1@lid"}', '[{"jid":', 'Ann'])('refuses a session whose contacts are %s, and leaves nothing of it', async (content) => {
  const [dataDir, source] = [tempFolder(), foldersOf('alice')];
  writeFileSync(join(source, 'alice', 'contacts.json'), content);
  expect((await workerCommand(dataDir, ['import', source])).lines[0]).toBe(
    'alice: refused: contacts.json is no list of contacts; mend it, or move it away to do without it',
  );
  expect([await rowsOf(dataDir, 'supervisor'), await rowsOf(dataDir, 'runners/0')]).toEqual([{}, {}]);
});

it('refuses while a worker runs, and what it cannot understand', async () => {
  const [dataDir, source] = [tempFolder(), foldersOf('alice')];
  const lock = await lockDataDir(dataDir);
  for (const args of [
    ['import', source],
    ['export', join(tempFolder(), 'out')],
  ]) {
    expect(await workerCommand(dataDir, args)).toMatchObject({
      code: EXIT.config,
      errors: expect.stringContaining('is in use by process') as string,
    });
  }
  lock.release();
  for (const [args, sentence] of [
    [['import'], 'import takes one folder'],
    [['import', '/nowhere/at/all'], 'there is no folder /nowhere/at/all'],
    [['import', tempFolder()], 'there is no creds.json of a session in'],
    [['import', source, '--session', 'a b'], '--session must be'],
    [['import', 's3'], 'import s3 needs MINIO_ENDPOINT'],
    [['export'], 'export takes one folder'],
    [['export', source], 'there are no sessions'],
    [['export', source, '--conect'], '--conect'],
  ] as const) {
    expect(await workerCommand(dataDir, args)).toMatchObject({ code: EXIT.config, errors: expect.stringContaining(sentence) as string });
  }
});

it('exports what was imported, to an empty folder that is nobody else’s business, without changing the stores', async () => {
  const [dataDir, source, out] = [tempFolder(), foldersOf('alice'), join(tempFolder(), 'out')];
  mkdirSync(join(source, 'alice', 'messages'));
  writeFileSync(join(source, 'alice', 'messages', '2024-01-15.json'), JSON.stringify([GUIDE_MESSAGE]));
  await workerCommand(dataDir, ['import', source], SEALED);
  const tracking = await openSupervisorStore(join(dataDir, 'supervisor'), { track: true, cipher: new RowCipher([KEY]) });
  await tracking.close();
  const since = await withReader(dataDir, 'supervisor', trackedSince);

  const { code, lines } = await workerCommand(dataDir, ['export', out], SEALED);
  expect([code, lines.slice(0, 2)]).toEqual([
    EXIT.clean,
    ['alice: exported; files of credentials: 2, messages: 1, contacts: 0', '1 exported, 0 not'],
  ]);
  expect(lines[2]).toContain('must not be used while this worker goes on');
  const alice = join(out, 'sessions', 'alice');
  expect(readdirSync(join(alice, 'auth_info_baileys'))).toEqual(['creds.json', 'pre-key-7.json']);
  for (const name of readdirSync(join(alice, 'auth_info_baileys'))) {
    expect(JSON.parse(readFileSync(join(alice, 'auth_info_baileys', name), 'utf8'))).toEqual(
      JSON.parse(readFileSync(join(source, 'alice', name), 'utf8')),
    );
  }
  expect(JSON.parse(readFileSync(join(alice, 'messages', '2024-01-15.json'), 'utf8'))).toMatchObject([
    { ...GUIDE_MESSAGE, timestamp: '2024-01-15T10:30:00.000Z' },
  ]);
  expect(JSON.parse(readFileSync(join(alice, 'session-data.json'), 'utf8'))).toMatchObject({
    sessionId: 'alice',
    phoneNumber: '+6281200000001',
  });
  expect([statSync(out).mode & 0o777, statSync(join(alice, 'auth_info_baileys', 'creds.json')).mode & 0o777]).toEqual([0o700, 0o600]);
  expect(await withReader(dataDir, 'supervisor', trackedSince)).toBe(since);
  expect((await workerCommand(dataDir, ['export', out], SEALED)).errors).toContain('is not empty');
  expect((await workerCommand(dataDir, ['export', join(tempFolder(), 'out')])).lines[0]).toMatch(
    /^alice: not exported: .*AUTH_ENCRYPTION_KEY/,
  );
});

it('exports a restored session that still lies packed, and one that is not paired without credentials', async () => {
  const [dataDir, out] = [tempFolder(), join(tempFolder(), 'out')];
  const store = await openSupervisorStore(join(dataDir, 'supervisor'));
  const row = { userId: undefined, sessionName: undefined, jid: undefined, createdAt: 0, lastActivity: 0, deleting: false };
  await store.commit([
    { table: TABLES.sessions, key: ['alice'], value: { ...row, sessionId: 'alice', slot: 0, paired: true } },
    { table: TABLES.sessions, key: ['bob'], value: { ...row, sessionId: 'bob', slot: undefined, paired: false } },
  ]);
  const message: Message = { ...GUIDE_MESSAGE, chat: FRIEND, fromMe: false, status: 'read', timestamp: 1_000 };
  await store.commit(new History(store).append('bob', message));
  expect(schemaVersionOf(store)).toBe(SUPERVISOR_SCHEMA.version);
  await store.close();
  const cipher = new RowCipher([KEY]);
  const slotStore = await openSlotStore(join(dataDir, 'runners', '0'), { track: false, cipher });
  const creds = pairedCreds('6281200000001');
  const file = { sessionId: 'alice', workerId: 'w', generation: 1, creds, keys: { 'pre-key': { '7': PRE_KEY } } };
  await slotStore.commit([packedAuth('alice', await packAuth(file, cipher))]);
  await slotStore.close();

  const { code, lines } = await workerCommand(dataDir, ['export', out], SEALED);
  expect([code, lines.slice(0, 3)]).toEqual([
    EXIT.clean,
    [
      'alice: exported; files of credentials: 2, messages: 0, contacts: 0',
      'bob: exported without credentials, for it is not paired; messages: 1, contacts: 0',
      '2 exported, 0 not',
    ],
  ]);
  expect(readFileSync(join(out, 'sessions/alice/auth_info_baileys/creds.json'), 'utf8')).toBe(toClassicText(creds));
  expect(readdirSync(join(out, 'sessions/bob'))).toEqual(['messages', 'session-data.json']);
});
