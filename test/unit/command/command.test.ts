import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { Message } from '../../../shared/domain/message.js';
import { EXIT } from '../../../shared/exit-codes.js';
import { RowCipher } from '../../../shared/store/row-cipher.js';
import { openSlotStore, SLOT_TABLES } from '../../../shared/store/slot-store.js';
import { identityOf } from '../../../shared/process-identity.js';
import type { Write } from '../../../shared/store/store.js';
import { lockDataDir } from '../../../supervisor/data-dir-lock.js';
import { History } from '../../../supervisor/messages/history.js';
import { openSupervisorStore, TABLES } from '../../../supervisor/supervisor-store.js';
import { tempFolder } from '../store/temp-store.js';

const MAIN = fileURLToPath(new URL('../../../dist/supervisor/command/main.js', import.meta.url));
const KEY = randomBytes(32);
const put = (table: string, key: (string | number)[], value: unknown): Write => ({ table, key, value });

const worker = async (args: string[], environment: Record<string, string> = {}) => {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, errors] = ['', ''];
  child.stdout.on('data', (data) => (out += String(data)));
  child.stderr.on('data', (data) => (errors += String(data)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, errors };
};

const changeSupervisor = async (dataDir: string, ...writes: Write[]): Promise<void> => {
  const store = await openSupervisorStore(join(dataDir, 'supervisor'));
  await store.commit(writes);
  await store.close();
};

const changeSlot = async (dataDir: string, slot: number, ...writes: Write[]): Promise<void> => {
  const store = await openSlotStore(join(dataDir, 'runners', String(slot)), { track: false, cipher: new RowCipher([KEY]) });
  await store.commit(writes);
  await store.close();
};

/** The data folder of one paired session with a history, whose credentials are encrypted. */
const soundFolder = async (): Promise<string> => {
  const dataDir = tempFolder();
  const store = await openSupervisorStore(join(dataDir, 'supervisor'));
  await store.commit([put(TABLES.sessions, ['alice'], { sessionId: 'alice', slot: 0, paired: true })]);
  const history = new History(store);
  for (let n = 0; n < 20; n++) {
    const message = {
      id: `m${n}`,
      fromMe: n % 2 === 0,
      from: 'bob',
      chat: 'bob',
      timestamp: n * 40_000_000,
      type: 'text',
      status: 'pending',
      content: 'hi',
    };
    await store.commit(history.append('alice', message as unknown as Message));
  }
  await store.close();
  await changeSlot(
    dataDir,
    0,
    put(SLOT_TABLES.creds, ['alice'], { me: 'alice' }),
    put(SLOT_TABLES.keys, ['alice', 'session', '1'], Buffer.from('k')),
    put(SLOT_TABLES.loginKeys, ['alice', 'session', '2'], []),
  );
  return dataDir;
};

const check = async (dataDir: string) => worker(['check', '--data-dir', dataDir], { AUTH_ENCRYPTION_KEY: KEY.toString('hex') });

it('finds nothing wrong with a sound data folder, and opens none that a worker uses', async () => {
  const dataDir = await soundFolder();
  expect(await check(dataDir)).toEqual({ code: EXIT.clean, out: `0 errors, 0 warnings in ${dataDir}\n`, errors: '' });
  const lock = await lockDataDir(dataDir);
  expect(await check(dataDir)).toMatchObject({ code: EXIT.config, out: '', errors: expect.stringContaining('is in use') as string });
  lock.release();
});

it('says what is missing, too much, or does not agree', async () => {
  const dataDir = await soundFolder();
  await changeSupervisor(
    dataDir,
    put(TABLES.sessions, ['bob'], { sessionId: 'bob', slot: 0, paired: true }),
    put(TABLES.sessions, ['carol'], { sessionId: 'carol', slot: 7, paired: true }),
    put(TABLES.messageIndex, ['alice', 'out', '', 'm0'], undefined),
    put(TABLES.messages, ['alice', 40_000, 2], undefined),
    put(TABLES.messageCounts, ['alice'], { total: 19, n: 5 }),
    put(TABLES.intents, ['nobody', 1], {}),
  );
  await changeSlot(dataDir, 0, put(SLOT_TABLES.inbox, ['carol', 'm', 'from', '', 0], {}));
  const { code, out } = await check(dataDir);
  expect(code).toBe(EXIT.crash);
  for (const line of [
    'error: supervisor: message 1 of session alice is not indexed where it stands',
    'error: supervisor: message 2 of session alice is indexed and does not exist',
    'error: supervisor: part 1970-01-01/0 of session alice names message 2, which does not exist',
    'error: supervisor: session alice has message 20 and counts to 5',
    'error: supervisor: session alice counts 19 messages, and 20 by its days',
    'error: supervisor: day 1970-01-01 of session alice counts 3 messages and has 2',
    'error: supervisor: session carol is paired, and the store of its slot is missing',
    'error: runners/0: session bob is paired and has no credentials',
    'warning: supervisor: there are rows of nobody, which is no session',
    'warning: runners/0: there are rows of session carol, whose home this is not',
  ]) {
    expect(out).toContain(`${line}\n`);
  }
});

it('says where the copy of a key is not what the key is', async () => {
  const dataDir = await soundFolder();
  await changeSlot(dataDir, 0, put(SLOT_TABLES.loginKeys, ['alice', 'session', '1'], [Buffer.from('old')]));
  const { code, out } = await check(dataDir);
  expect(code).toBe(EXIT.crash);
  expect(out).toContain('error: runners/0: the copy of key alice/session/1 is not what it is\n');
});

it('says where the list of chats is not what follows from history', async () => {
  const dataDir = await soundFolder();
  await changeSupervisor(dataDir, put(TABLES.chats, ['alice', 'bob'], [40_000, 2]));
  const { code, out } = await check(dataDir);
  expect(code).toBe(EXIT.crash);
  for (const line of [
    'error: supervisor: a chat of session alice stands twice in the list of chats',
    'error: supervisor: a chat of session alice is missing in the list of chats',
    'error: supervisor: message 20 of session alice is newer than its chat',
  ]) {
    expect(out).toContain(`${line}\n`);
  }
});

it('names rows it has no key for, and files that are damaged', async () => {
  const dataDir = await soundFolder();
  const { code, out } = await worker(['check'], { DATA_DIR: dataDir });
  expect(code).toBe(EXIT.crash);
  expect(out).toContain('error: runners/0: row ["alice"] of creds cannot be read: A row is encrypted and AUTH_ENCRYPTION_KEY is not set.');
  truncateSync(join(dataDir, 'supervisor', 'data.mdb'), 9_000);
  expect((await check(dataDir)).out).toMatch(/^error: supervisor: The store in .* cannot be opened/);
});

it('compacts every store of a worker that is stopped', async () => {
  const dataDir = await soundFolder();
  const { code, out } = await worker(['compact', '--data-dir', dataDir]);
  expect([code, out]).toEqual([EXIT.clean, expect.stringMatching(/^supervisor: .* MiB before, .* MiB now\nrunners\/0: .* now\n$/)]);
  expect((await check(dataDir)).code).toBe(EXIT.clean);
});

it('does not compact under a worker that runs, or a runner that outlived one', async () => {
  const dataDir = await soundFolder();
  const lock = await lockDataDir(dataDir);
  expect(await worker(['compact', '--data-dir', dataDir])).toMatchObject({
    code: EXIT.config,
    errors: expect.stringContaining('is in use by process') as string,
  });
  lock.release();
  await changeSupervisor(dataDir, put(TABLES.spawns, [0, process.pid], identityOf(process.pid)));
  expect(await worker(['compact', '--data-dir', dataDir])).toMatchObject({
    code: EXIT.config,
    errors: expect.stringContaining(String(process.pid)) as string,
  });
});

it('explains itself', async () => {
  const help = await worker(['--help']);
  expect(help).toMatchObject({ code: EXIT.clean, errors: '' });
  expect(help.out).toMatch(/Usage: npm run worker[^]*check[^]*compact/);
  for (const [args, sentence] of [
    [['dance'], 'there is no subcommand dance'],
    [[], 'no subcommand'],
    [['check', 'twice'], 'check takes no argument twice'],
    [['check', '--data-dir', '/nowhere/at/all'], 'there is no data folder /nowhere/at/all'],
    [['check', '--data-dir'], '--data-dir'],
  ] as const) {
    expect(await worker([...args])).toMatchObject({ code: EXIT.config, errors: expect.stringContaining(sentence) as string });
  }
  expect(await worker(['check'], { WORKER_PORT: 'many' })).toMatchObject({
    code: EXIT.config,
    errors: expect.stringContaining('WORKER_PORT') as string,
  });
});
