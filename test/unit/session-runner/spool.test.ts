import { expect, it, onTestFinished, vi } from 'vitest';
import type { InboxEntry } from '../../../session-runner/messages/decode-message.js';
import { Spool, type SpoolEntry, type SpoolOptions } from '../../../session-runner/messages/spool.js';
import { proto } from '../../../session-runner/baileys.js';
import { SLOT_TABLES } from '../../../shared/store/slot-store.js';
import { AppError } from '../../../shared/errors.js';
import { SpoolRecord } from '../../../shared/ipc/protocol.js';
import type { Store } from '../../../shared/store/store.js';
import { eventually } from '../../fixtures/eventually.js';
import { silent } from '../shared/logged.js';
import { rowsIn } from '../store/temp-store.js';
import { tempRunnerStore } from './runner-stores.js';

const FRAME_BYTES = 64 * 1024;
const JID = '6281234567890@s.whatsapp.net';

/** A supervisor that takes records, once it is told to. */
const supervisor = () => {
  const batches: SpoolRecord[][] = [];
  let answer = async (_records: SpoolRecord[]): Promise<void> => Promise.resolve();
  return {
    batches,
    ids: () =>
      batches
        .flat()
        .flatMap((record) => (record.kind === 'status' ? record.messageId : record.kind === 'message' ? record.message.id : [])),
    answerWith: (next: typeof answer) => {
      answer = next;
    },
    ship: async (records: SpoolRecord[]): Promise<void> => {
      await answer(records);
      batches.push(records);
    },
  };
};

const started = (store: Store, ship: SpoolOptions['ship'], options: Partial<SpoolOptions> = {}): Spool => {
  const spool = new Spool({ store, ship, log: silent, ...options });
  spool.start();
  spool.caughtUp('s');
  onTestFinished(async () => {
    await spool.stop();
  });
  return spool;
};

const status = (messageId: string): SpoolEntry => ({ kind: 'status', sessionId: 's', messageId, status: 'read', at: 5 });

const inbox = (id: string, text: string, hash = Buffer.from(id)): { kind: 'inbox'; sessionId: string; entry: InboxEntry } => ({
  kind: 'inbox',
  sessionId: 's',
  entry: {
    key: [id, JID, '', 0, hash.toString('hex')],
    hash,
    plaintext: Buffer.concat([proto.Message.encode({ conversation: text }).finish(), Buffer.from([1])]),
    attrs: { id, from: JID, t: '5' },
    me: '15550000001@s.whatsapp.net',
    meLid: '',
  },
});

const add = async (store: Store, spool: Spool, ...entries: SpoolEntry[]): Promise<void> => {
  const rows = entries.map((entry) => spool.prepare(entry));
  await store.commit(rows.map(({ write }) => write));
  for (const { committed } of rows) committed();
};

/** What the signal repository commits for a ciphertext. */
const receive = async (store: Store, spool: Spool, entry: ReturnType<typeof inbox>): Promise<void> => {
  const { write, committed } = spool.prepare(entry);
  const { key, hash, plaintext } = entry.entry;
  await store.commit([write, { table: SLOT_TABLES.inbox, key: ['s', ...key], value: { hash, plaintext } }]);
  committed();
};

it('ships what was committed, in order, and counts what is not acknowledged', async () => {
  const store = await tempRunnerStore();
  const { ship, ids, answerWith } = supervisor();
  let take: () => void = () => undefined;
  answerWith(async () => new Promise((resolve) => (take = resolve)));
  const spool = started(store, ship);
  await add(store, spool, status('1'));
  await add(store, spool, status('2'), inbox('3', 'hello'), status('4'));
  expect(spool.records).toBe(4);
  expect(spool.bytes).toBeGreaterThan(500);
  answerWith(async () => Promise.resolve());
  take();
  await spool.drained(60_000);
  expect(ids()).toEqual(['1', '2', '3', '4']);
  expect([spool.records, spool.bytes]).toEqual([0, 0]);
});

it('ships records that fit the protocol, each with its own rising number', async () => {
  const store = await tempRunnerStore();
  const { ship, batches } = supervisor();
  const spool = started(store, ship);
  await add(store, spool, status('1'), inbox('2', 'hello'));
  await spool.drained(60_000);
  const records = batches.flat();
  for (const record of records) expect(SpoolRecord.parse(record)).toEqual(record);
  expect(records.map(({ seq }) => seq)).toEqual([1, 2]);
  expect(records[1]).toMatchObject({ kind: 'message', message: { id: '2', content: 'hello', chat: JID, timestamp: 5_000 } });
});

it('ships nothing of a row whose commit failed or was never made', async () => {
  const store = await tempRunnerStore();
  const { ship, ids } = supervisor();
  const spool = started(store, ship);
  spool.prepare(status('lost'));
  await add(store, spool, status('kept'));
  await spool.drained(60_000);
  expect(ids()).toEqual(['kept']);
});

it.each([
  ['texts of one byte a letter', 'x'],
  ['texts of three bytes a letter', '語'],
])('keeps batches of %s below a frame', async (_name, letter) => {
  const store = await tempRunnerStore();
  const { ship, batches, answerWith } = supervisor();
  let take: () => void = () => undefined;
  answerWith(async () => new Promise((resolve) => (take = resolve)));
  const spool = started(store, ship);
  const big = letter.repeat(Math.ceil(9_000 / Buffer.byteLength(letter)));
  const message: Extract<SpoolRecord, { kind: 'message' }>['message'] = {
    id: 'm',
    chat: JID,
    from: JID,
    to: JID,
    fromMe: false,
    type: 'text',
    content: big,
    timestamp: 5,
    status: 'delivered',
  };
  await add(store, spool, status('first'));
  await add(
    store,
    spool,
    ...Array.from({ length: 20 }, (_, n) => (n % 2 ? inbox(String(n), big) : { kind: 'message' as const, sessionId: 's', message })),
  );
  answerWith(async () => Promise.resolve());
  take();
  await spool.drained(60_000);
  expect(batches.flat()).toHaveLength(21);
  for (const batch of batches) expect(Buffer.byteLength(JSON.stringify(batch))).toBeLessThan(FRAME_BYTES);
  expect(batches.length).toBeLessThan(12);
});

it('ships a message alone that is larger than a batch', async () => {
  const store = await tempRunnerStore();
  const { ship, batches } = supervisor();
  const spool = started(store, ship);
  await add(store, spool, status('1'), inbox('2', 'x'.repeat(100_000)), status('3'));
  await spool.drained(60_000);
  expect(batches.map((batch) => batch.length)).toEqual([1, 1, 1]);
});

it('ships at most 200 records at once', async () => {
  const store = await tempRunnerStore();
  const { ship, batches } = supervisor();
  const spool = started(store, ship);
  await add(store, spool, ...Array.from({ length: 450 }, (_, n) => status(String(n))));
  await spool.drained(60_000);
  expect(Math.max(...batches.map((batch) => batch.length))).toBe(200);
  expect(batches.flat()).toHaveLength(450);
});

it('tries again when the supervisor does not take them, and loses none', async () => {
  const store = await tempRunnerStore();
  const { ship, ids, answerWith } = supervisor();
  let refusals = 0;
  answerWith(async () => {
    if (refusals++ < 2) throw new AppError('RUNNER_UNAVAILABLE', 'Gone.');
    await Promise.resolve();
  });
  const spool = started(store, ship);
  await add(store, spool, status('1'), status('2'));
  await spool.drained(60_000);
  expect(ids()).toEqual(['1', '2']);
  expect(refusals).toBe(4);
});

it('ships every row that is left again after a restart, before what is new', async () => {
  const store = await tempRunnerStore();
  const first = supervisor();
  first.answerWith(async () => new Promise(() => undefined));
  const before = new Spool({ store, ship: first.ship, log: silent });
  before.start();
  await add(store, before, status('1'), inbox('2', 'hello'), status('3'));
  const second = supervisor();
  const after = started(store, second.ship);
  await add(store, after, status('4'));
  await after.drained(60_000);
  expect(second.ids()).toEqual(['1', '2', '3', '4']);
  const numbers = second.batches.flat().map(({ seq }) => seq);
  expect(new Set(numbers).size).toBe(4);
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  void before.stop();
});

it('lets decryption wait at the bound until enough was taken', async () => {
  const store = await tempRunnerStore();
  const { ship, answerWith } = supervisor();
  const takes: (() => void)[] = [];
  answerWith(async () => new Promise((resolve) => takes.push(resolve)));
  const spool = started(store, ship, { boundBytes: 2_000 });
  await spool.room();
  await add(store, spool, inbox('1', 'x'.repeat(1_000)));
  expect(spool.bytes).toBeGreaterThanOrEqual(2_000);
  let entered = 0;
  const waiting = [1, 2].map(async () => spool.room().then(() => entered++));
  await new Promise((resolve) => setImmediate(resolve));
  expect(entered).toBe(0);
  takes[0]?.();
  await Promise.all(waiting);
  expect(entered).toBe(2);
  await spool.room();
});

it('lets everybody in when it stops', async () => {
  const store = await tempRunnerStore();
  const { ship, answerWith } = supervisor();
  let take: () => void = () => undefined;
  answerWith(async () => new Promise((resolve) => (take = resolve)));
  const spool = started(store, ship, { boundBytes: 1 });
  await add(store, spool, status('1'));
  const waiting = spool.room();
  const stopped = spool.stop();
  await waiting;
  take();
  await stopped;
});

it('keeps acknowledged rows for a while, then removes them and their inbox rows together', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const store = await tempRunnerStore();
  const { ship } = supervisor();
  const spool = started(store, ship, { retainMs: 300, sweepMs: 10 });
  await receive(store, spool, inbox('1', 'hello'));
  await add(store, spool, status('2'));
  await spool.drained(60_000);
  vi.setSystemTime(Date.now() + 299);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect([rowsIn(store, SLOT_TABLES.spool).length, rowsIn(store, SLOT_TABLES.inbox).length]).toEqual([2, 1]);
  vi.setSystemTime(Date.now() + 1);
  await eventually(() => rowsIn(store, SLOT_TABLES.spool).length === 0, 'they are removed');
  expect(rowsIn(store, SLOT_TABLES.inbox)).toEqual([]);
});

it('removes nothing that was not acknowledged', async () => {
  const store = await tempRunnerStore();
  const { ship, answerWith } = supervisor();
  let take: () => void = () => undefined;
  answerWith(async (records) => (records.some(({ seq }) => seq > 1) ? new Promise((resolve) => (take = resolve)) : Promise.resolve()));
  const spool = started(store, ship, { retainMs: 0, sweepMs: 5 });
  await receive(store, spool, inbox('1', 'hello'));
  await spool.drained(60_000);
  await receive(store, spool, inbox('2', 'hello'));
  await vi.waitFor(() => {
    expect(rowsIn(store, SLOT_TABLES.spool).map(([key]) => key)).toEqual([[2]]);
  }, 60_000);
  expect(rowsIn(store, SLOT_TABLES.inbox).map(([key]) => key[1])).toEqual(['2']);
  take();
});

it('keeps two tries of a sender under one id apart', async () => {
  const store = await tempRunnerStore();
  const { ship, answerWith } = supervisor();
  let take: () => void = () => undefined;
  answerWith(async (records) => (records.some(({ seq }) => seq > 1) ? new Promise((resolve) => (take = resolve)) : Promise.resolve()));
  const spool = started(store, ship, { retainMs: 50, sweepMs: 5 });
  await receive(store, spool, inbox('1', 'first', Buffer.alloc(32, 1)));
  await spool.drained(60_000);
  await receive(store, spool, inbox('1', 'second', Buffer.alloc(32, 2)));
  await vi.waitFor(() => {
    expect(rowsIn(store, SLOT_TABLES.spool).map(([key]) => key)).toEqual([[2]]);
  }, 60_000);
  expect(rowsIn(store, SLOT_TABLES.inbox)).toMatchObject([[['s', '1', JID, '', 0, '02'.repeat(32)], { hash: Buffer.alloc(32, 2) }]]);
  answerWith(async () => Promise.resolve());
  take();
  await vi.waitFor(() => {
    expect(rowsIn(store, SLOT_TABLES.inbox)).toEqual([]);
  }, 60_000);
});

it('keeps what WhatsApp may deliver again until the session has been connected and caught up for a while', async () => {
  const store = await tempRunnerStore();
  const { ship } = supervisor();
  const spool = started(store, ship, { retainMs: 50, sweepMs: 5 });
  spool.away('s');
  await receive(store, spool, inbox('1', 'hello'));
  await spool.drained(60_000);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(rowsIn(store, SLOT_TABLES.inbox)).toHaveLength(1);
  spool.caughtUp('s');
  await vi.waitFor(() => {
    expect(rowsIn(store, SLOT_TABLES.inbox)).toEqual([]);
  }, 60_000);
});

it('sets a record aside that is refused for good, and ships the others', async () => {
  const store = await tempRunnerStore();
  const { ship, ids, answerWith } = supervisor();
  answerWith(async (records) => {
    if (records.some((record) => record.kind === 'status' && record.messageId === 'bad')) throw new AppError('INTERNAL', 'No.');
    await Promise.resolve();
  });
  const spool = started(store, ship);
  await add(store, spool, status('1'), status('bad'), status('2'));
  await spool.drained(15_000);
  expect(ids()).toEqual(['1', '2']);
  expect(rowsIn(store, SLOT_TABLES.setAside)).toMatchObject([[[expect.any(Number), 2], { messageId: 'bad' }]]);
});

it('acknowledges rows that hold nothing for history, and rows that are gone', async () => {
  const store = await tempRunnerStore();
  const { ship, batches, answerWith } = supervisor();
  let take: () => void = () => undefined;
  answerWith(async () => new Promise((resolve) => (take = resolve)));
  const spool = started(store, ship);
  await add(store, spool, status('1'));
  const keysOnly = inbox('2', '');
  keysOnly.entry.plaintext = Buffer.concat([
    proto.Message.encode({ senderKeyDistributionMessage: { groupId: 'g' } }).finish(),
    Buffer.from([1]),
  ]);
  await add(store, spool, keysOnly, status('erased'));
  await store.commit([{ table: SLOT_TABLES.spool, key: [3], value: undefined }]);
  answerWith(async () => Promise.resolve());
  take();
  await spool.drained(60_000);
  expect(batches.flat()).toHaveLength(1);
});

it('says when it could not be drained in time', async () => {
  const store = await tempRunnerStore();
  const { ship, answerWith } = supervisor();
  let take: () => void = () => undefined;
  answerWith(async () => new Promise((resolve) => (take = resolve)));
  const spool = started(store, ship);
  await add(store, spool, status('1'), status('2'));
  await expect(spool.drained(30)).rejects.toThrow('2 records are not acknowledged');
  answerWith(async () => Promise.resolve());
  take();
});
