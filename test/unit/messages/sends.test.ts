import { expect, it, onTestFinished, vi } from 'vitest';
import { AppError, type ErrorCode } from '../../../shared/errors.js';
import type { Store } from '../../../shared/store/store.js';
import { History } from '../../../supervisor/messages/history.js';
import { Sends } from '../../../supervisor/messages/sends.js';
import { Registry } from '../../../supervisor/placement/registry.js';
import { openSupervisorStore, TABLES, type IdempotencyRow, type Intent } from '../../../supervisor/supervisor-store.js';
import type { SendRequest } from '../../../supervisor/worker.js';
import { MemoryFleet } from '../placement/memory-fleet.js';
import { slowStore } from '../session-runner/runner-stores.js';
import { silent } from '../shared/logged.js';
import { closing, rowsIn, tempFolder } from '../store/temp-store.js';

const ANNA = '6281234567890@s.whatsapp.net';
const ME = '15550000001:3@s.whatsapp.net';
const LONG_MS = 20_000;
const SHORT_MS = 60;
const SENT_AT = 1_700_000_000_000;

const text = (words: string, idempotencyKey?: string, sessionId = 's'): SendRequest => ({
  sessionId,
  to: ANNA,
  content: { type: 'text', text: words },
  idempotencyKey,
});

interface Setting {
  store: Store;
  registry: Registry;
  fleet: MemoryFleet;
  history: History;
  sends: Sends;
  /** Text, id and order of what runners were given. */
  given: () => { text: string; messageId: string }[];
}

/** Sends over a store, as a supervisor has them after its start. */
const startSends = async (store: Store, deadlineMs = LONG_MS): Promise<Setting> => {
  const registry = new Registry(store, silent);
  const history = new History(store);
  const fleet = new MemoryFleet();
  fleet.start(0);
  const sends = new Sends({ store, registry, fleet, history, log: silent, deadlineMs });
  await sends.start();
  onTestFinished(async () => {
    sends.stop();
    await store.settled();
  });
  const given = (): { text: string; messageId: string }[] =>
    fleet.of('session.send').map(({ params }) => ({ text: params.content.text, messageId: params.messageId }));
  return { store, registry, fleet, history, sends, given };
};

const PAIRED = { slot: 0, paired: true, everConnected: true, jid: ME } as const;
const addConnected = async (registry: Registry, sessionId = 's'): Promise<void> => {
  await registry.add({ sessionId, userId: undefined, sessionName: undefined });
  await registry.apply(sessionId, 'connect', 'connect_requested', { desired: 'connected' });
  await registry.apply(sessionId, 'open', 'opened', PAIRED);
};
const disconnect = async ({ registry }: Setting): Promise<void> => registry.apply('s', 'retry', 'transient');
const reconnect = async ({ registry }: Setting): Promise<void> => registry.apply('s', 'open', 'opened');

const setUp = async (deadlineMs = LONG_MS): Promise<Setting> => {
  const setting = await startSends(closing(await openSupervisorStore(tempFolder())), deadlineMs);
  await addConnected(setting.registry);
  return setting;
};

/** Runners hold every send until told what becomes of it. */
const hold = (fleet: MemoryFleet): { confirm: (n: number) => void; fail: (n: number, code: ErrorCode) => void } => {
  const held: { resolve: (result: unknown) => void; reject: (error: AppError) => void }[] = [];
  fleet.answer = async () => new Promise((resolve, reject) => held.push({ resolve, reject }));
  return {
    confirm: (n) => held[n]?.resolve({ timestamp: SENT_AT }),
    fail: (n, code) => held[n]?.reject(new AppError(code, 'It failed.')),
  };
};
const failWith = (code: ErrorCode) => async (): Promise<never> => Promise.reject(new AppError(code, 'It failed.'));
const untilGiven = async ({ given }: Setting, count: number): Promise<void> =>
  vi.waitFor(() => {
    expect(given()).toHaveLength(count);
  }, 5_000);
/** The failure of a send, looked at now or later without being unhandled in between. */
const failureOf = async (send: Promise<unknown>): Promise<AppError> =>
  send.then(
    () => expect.unreachable('the send succeeded'),
    (error: unknown) => error as AppError,
  );
const statusOf = ({ history }: Setting): string[] => history.page('s', { limit: 100, offset: 0 }).messages.map(({ status }) => status);

it('answers sent once the runner saw the ack, and history says so', async () => {
  const setting = await setUp();
  const result = await setting.sends.send(text('hello'));
  expect(result).toEqual({ messageId: expect.stringMatching(/^3EB0[0-9A-F]{18}$/) as string, status: 'sent', timestamp: SENT_AT });
  expect(setting.given()).toEqual([{ text: 'hello', messageId: result.messageId }]);
  expect(setting.history.page('s', { limit: 5, offset: 0 }).messages).toMatchObject([
    { id: result.messageId, chat: ANNA, from: '15550000001@s.whatsapp.net', to: ANNA, fromMe: true, content: 'hello', status: 'sent' },
  ]);
  expect(rowsIn(setting.store, TABLES.intents)).toEqual([]);
  expect(setting.sends.waiting).toBe(0);
});

it('shows a message as pending until it is confirmed', async () => {
  const setting = await setUp();
  const { confirm } = hold(setting.fleet);
  const sent = setting.sends.send(text('hello'));
  await untilGiven(setting, 1);
  expect(statusOf(setting)).toEqual(['pending']);
  confirm(0);
  await sent;
  expect(statusOf(setting)).toEqual(['sent']);
});

it('gives two sends without a key two ids', async () => {
  const { sends } = await setUp();
  const [one, two] = await Promise.all([sends.send(text('hello')), sends.send(text('hello'))]);
  expect(one.messageId).not.toBe(two.messageId);
});

it('answers the same key and request with the same result, and sends once', async () => {
  const { sends, given } = await setUp();
  const first = await sends.send(text('hello', 'key'));
  expect(await sends.send(text('hello', 'key'))).toEqual(first);
  expect(given()).toHaveLength(1);
});

it('sends once for requests of the same key at the same time', async () => {
  const setting = await setUp();
  const results = await Promise.all(Array.from({ length: 10 }, async () => setting.sends.send(text('hello', 'key'))));
  expect(new Set(results.map(({ messageId }) => messageId)).size).toBe(1);
  expect(setting.given()).toHaveLength(1);
});

it('refuses a key that was used for another message', async () => {
  const { sends, given } = await setUp();
  await sends.send(text('hello', 'key'));
  await expect(sends.send(text('something else', 'key'))).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
  await expect(sends.send({ ...text('hello', 'key'), to: '4915112345678@s.whatsapp.net' })).rejects.toMatchObject({
    code: 'IDEMPOTENCY_CONFLICT',
  });
  expect(given()).toHaveLength(1);
});

it('gives each session its own keys', async () => {
  const { sends, registry, given } = await setUp();
  await addConnected(registry, 's2');
  await Promise.all([sends.send(text('hello', 'key')), sends.send(text('other', 'key', 's2'))]);
  expect(given()).toHaveLength(2);
});

it('repeats a final failure to whoever repeats the key', async () => {
  const setting = await setUp();
  setting.fleet.answer = failWith('RECIPIENT_NOT_ON_WHATSAPP');
  await expect(setting.sends.send(text('hello', 'key'))).rejects.toMatchObject({ code: 'RECIPIENT_NOT_ON_WHATSAPP' });
  setting.fleet.answer = () => undefined;
  const again = await failureOf(setting.sends.send(text('hello', 'key')));
  expect(again).toMatchObject({
    code: 'RECIPIENT_NOT_ON_WHATSAPP',
    message: 'It failed.',
    details: { messageId: setting.given()[0]?.messageId },
  });
  expect(setting.given()).toHaveLength(1);
  expect(statusOf(setting)).toEqual(['failed']);
});

it.each<ErrorCode>(['RECIPIENT_NOT_ON_WHATSAPP', 'MESSAGE_REJECTED', 'INVALID_REQUEST'])('gives up after %s', async (code) => {
  const setting = await setUp();
  setting.fleet.answer = failWith(code);
  await expect(setting.sends.send(text('hello'))).rejects.toMatchObject({ code });
  await disconnect(setting);
  await reconnect(setting);
  expect(setting.given()).toHaveLength(1);
  expect(rowsIn(setting.store, TABLES.intents)).toEqual([]);
});

it.each<ErrorCode>(['RUNNER_UNAVAILABLE', 'DEADLINE_EXCEEDED', 'SESSION_NOT_CONNECTED', 'BUSY', 'DRAINING', 'STORAGE_UNAVAILABLE'])(
  'sends again under the same id after %s, as soon as the session is back',
  async (code) => {
    const setting = await setUp();
    setting.fleet.answer = failWith(code);
    const sent = setting.sends.send(text('hello'));
    await untilGiven(setting, 1);
    await disconnect(setting);
    setting.fleet.answer = () => undefined;
    await reconnect(setting);
    const { messageId } = await sent;
    expect(setting.given()).toEqual([
      { text: 'hello', messageId },
      { text: 'hello', messageId },
    ]);
    expect(statusOf(setting)).toEqual(['sent']);
  },
);

it('tries again by itself when the session looks connected all the time', async () => {
  const setting = await setUp();
  let failures = 1;
  setting.fleet.answer = async (call) => (failures-- > 0 ? failWith('BUSY')() : Promise.resolve(call.slot === 0 ? undefined : {}));
  const { messageId } = await setting.sends.send(text('hello'));
  expect(setting.given().map((one) => one.messageId)).toEqual([messageId, messageId]);
});

it('tries a failure that nothing explains three times', { timeout: 15_000 }, async () => {
  const setting = await setUp();
  setting.fleet.answer = async () => Promise.reject(new Error('who knows'));
  const failed = failureOf(setting.sends.send(text('hello')));
  for (const attempt of [1, 2, 3]) {
    await untilGiven(setting, attempt);
    await disconnect(setting);
    await reconnect(setting);
  }
  expect(await failed).toMatchObject({ code: 'INTERNAL' });
  expect(new Set(setting.given().map(({ messageId }) => messageId)).size).toBe(1);
});

it('waits for a session that is on its way back', async () => {
  const setting = await setUp();
  await disconnect(setting);
  const sent = setting.sends.send(text('hello'));
  await vi.waitFor(() => {
    expect(rowsIn(setting.store, TABLES.intents)).toHaveLength(1);
  });
  expect(setting.given()).toEqual([]);
  await reconnect(setting);
  await sent;
  expect(setting.given()).toHaveLength(1);
});

it('refuses what cannot be sent soon', async () => {
  const { sends, registry, store } = await setUp();
  await registry.add({ sessionId: 'new', userId: undefined, sessionName: undefined });
  await expect(sends.send(text('hello', undefined, 'new'))).rejects.toMatchObject({ code: 'SESSION_NOT_CONNECTED' });
  await registry.apply('new', 'connect', 'connect_requested');
  await expect(sends.send(text('hello', undefined, 'new'))).rejects.toMatchObject({ code: 'SESSION_NOT_CONNECTED' });
  await expect(sends.send(text('hello', undefined, 'nobody'))).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
  await registry.apply('s', 'logout', 'logged_out');
  await expect(sends.send(text('hello', 'key'))).rejects.toMatchObject({ code: 'SESSION_LOGGED_OUT' });
  expect([...rowsIn(store, TABLES.intents), ...rowsIn(store, TABLES.idempotency), ...rowsIn(store, TABLES.messages)]).toEqual([]);
});

it('drops at the deadline what no runner ever had, sends it never, and frees its key', async () => {
  const setting = await setUp(SHORT_MS);
  await disconnect(setting);
  await expect(setting.sends.send(text('too late', 'key'))).rejects.toMatchObject({ code: 'SESSION_NOT_CONNECTED' });
  expect(statusOf(setting)).toEqual(['failed']);
  expect([rowsIn(setting.store, TABLES.intents), rowsIn(setting.store, TABLES.idempotency)]).toEqual([[], []]);
  await reconnect(setting);
  const { messageId } = await setting.sends.send(text('in time', 'key'));
  expect(setting.given()).toEqual([{ text: 'in time', messageId }]);
});

it('cannot tell at the deadline what became of a send without a key, and goes on with it', async () => {
  const setting = await setUp(SHORT_MS);
  const { confirm } = hold(setting.fleet);
  const failure = await failureOf(setting.sends.send(text('hello')));
  const messageId = setting.given()[0]?.messageId;
  expect(failure).toMatchObject({ code: 'OUTCOME_UNKNOWN', details: { messageId } });
  confirm(0);
  await vi.waitFor(() => {
    expect(statusOf(setting)).toEqual(['sent']);
  });
  expect(setting.given()).toHaveLength(1);
});

it('asks at the deadline to repeat the key, which then gives the result', async () => {
  const setting = await setUp(SHORT_MS);
  const { confirm } = hold(setting.fleet);
  const failure = await failureOf(setting.sends.send(text('hello', 'key')));
  const messageId = setting.given()[0]?.messageId;
  expect(failure).toMatchObject({ code: 'DEADLINE_EXCEEDED', details: { messageId }, retryAfterSeconds: 5 });
  const repeated = setting.sends.send(text('hello', 'key'));
  confirm(0);
  expect(await repeated).toEqual({ messageId, status: 'sent', timestamp: SENT_AT });
  expect(await setting.sends.send(text('hello', 'key'))).toEqual({ messageId, status: 'sent', timestamp: SENT_AT });
  expect(setting.given()).toHaveLength(1);
});

it('hands no message to a runner before its id is on disk, whatever wakes the queue', async () => {
  const store = slowStore(...Object.values(TABLES));
  const setting = await startSends(store);
  await addConnected(setting.registry);
  await addConnected(setting.registry, 's2');
  store.holding = true;
  const held = setting.sends.send(text('held'));
  store.holding = false;
  await setting.sends.send(text('other session', undefined, 's2'));
  await disconnect(setting);
  await reconnect(setting);
  expect(setting.given().map(({ text: word }) => word)).toEqual(['other session']);
  store.release();
  await held;
  expect(setting.given().map(({ text: word }) => word)).toEqual(['other session', 'held']);
});

it('accepts nothing when the disk fails, says so to everybody with the same key, and sends nothing', async () => {
  const store = slowStore(...Object.values(TABLES));
  const setting = await startSends(store);
  await addConnected(setting.registry);
  store.holding = true;
  const failures = [1, 2].map(async () => failureOf(setting.sends.send(text('hello', 'key'))));
  store.holding = false;
  await disconnect(setting);
  await reconnect(setting);
  store.release(new AppError('STORAGE_UNAVAILABLE', 'The disk is full.'));
  expect((await Promise.all(failures)).map(({ code }) => code)).toEqual(['STORAGE_UNAVAILABLE', 'STORAGE_UNAVAILABLE']);
  expect(setting.given()).toEqual([]);
  await setting.sends.send(text('hello', 'key'));
  expect(setting.given()).toHaveLength(1);
});

it('keeps the order of a session, and does not let sessions wait for each other', async () => {
  const setting = await setUp();
  await addConnected(setting.registry, 's2');
  const { confirm } = hold(setting.fleet);
  const words = Array.from({ length: 40 }, (_, n) => String(n));
  const sent = words.map(async (word) => setting.sends.send(text(word)));
  await untilGiven(setting, 16);
  const other = setting.sends.send(text('other', undefined, 's2'));
  await untilGiven(setting, 17);
  for (let n = 0; n < 41; n++) {
    await vi.waitFor(() => {
      expect(setting.given().length).toBeGreaterThan(n);
    });
    confirm(n);
  }
  await Promise.all([...sent, other]);
  expect(
    setting
      .given()
      .filter(({ text: word }) => word !== 'other')
      .map(({ text: word }) => word),
  ).toEqual(words);
});

it('keeps the order of what waited for the session', async () => {
  const setting = await setUp();
  await disconnect(setting);
  const words = ['a', 'b', 'c', 'd'];
  const sent = words.map(async (word) => setting.sends.send(text(word)));
  await vi.waitFor(() => {
    expect(rowsIn(setting.store, TABLES.intents)).toHaveLength(4);
  });
  await reconnect(setting);
  await Promise.all(sent);
  expect(setting.given().map(({ text: word }) => word)).toEqual(words);
});

it('fails what waits when the session is logged out', async () => {
  const setting = await setUp();
  const { confirm } = hold(setting.fleet);
  const failures = [1, 2].map(async (n) => failureOf(setting.sends.send(text(String(n), `key${n}`))));
  await untilGiven(setting, 2);
  await setting.registry.apply('s', 'logout', 'logged_out');
  expect((await Promise.all(failures)).map(({ code }) => code)).toEqual(['SESSION_LOGGED_OUT', 'SESSION_LOGGED_OUT']);
  await setting.store.settled();
  expect(statusOf(setting)).toEqual(['failed', 'failed']);
  expect(rowsIn(setting.store, TABLES.intents)).toEqual([]);
  confirm(0);
});

it('fails what waits when the session is deleted, and leaves none of it behind', async () => {
  const setting = await setUp();
  hold(setting.fleet);
  const failure = failureOf(setting.sends.send(text('hello', 'key')));
  await untilGiven(setting, 1);
  await setting.registry.remove('s');
  expect(await failure).toMatchObject({ code: 'SESSION_NOT_FOUND' });
  expect(setting.sends.waiting).toBe(0);
});

it('goes on after a restart with what was not finished, under the same id, and answers its key', async () => {
  const folder = tempFolder();
  const before = await startSends(await openSupervisorStore(folder));
  await addConnected(before.registry);
  hold(before.fleet);
  const failures = ['a', 'b'].map(async (word) => failureOf(before.sends.send(text(word, `key ${word}`))));
  await untilGiven(before, 2);
  before.sends.stop();
  expect((await Promise.all(failures)).map(({ code }) => code)).toEqual(['DRAINING', 'DRAINING']);
  await before.store.close();

  const after = await startSends(closing(await openSupervisorStore(folder)));
  expect(after.sends.waiting).toBe(2);
  const repeated = after.sends.send(text('a', 'key a'));
  expect(after.given()).toEqual([]);
  await disconnect(after);
  await reconnect(after);
  expect((await repeated).messageId).toBe(before.given()[0]?.messageId);
  expect(after.given()).toEqual(before.given());
  await after.sends.send(text('b', 'key b'));
  expect(after.given()).toHaveLength(2);
  expect(after.sends.waiting).toBe(0);
});

it('sends again under the same id what WhatsApp confirmed just before a crash', async () => {
  const folder = tempFolder();
  const first = await startSends(await openSupervisorStore(folder));
  await addConnected(first.registry);
  // The runner saw the ack; this process dies before it commits that.
  hold(first.fleet);
  const lost = failureOf(first.sends.send(text('hello')));
  await untilGiven(first, 1);
  first.sends.stop();
  await lost;
  await first.store.close();

  const second = await startSends(closing(await openSupervisorStore(folder)));
  await disconnect(second);
  await reconnect(second);
  await vi.waitFor(() => {
    expect(statusOf(second)).toEqual(['sent']);
  });
  expect(second.given()).toEqual(first.given());
});

it('keeps new messages behind those of before the restart', async () => {
  const folder = tempFolder();
  const before = await startSends(await openSupervisorStore(folder));
  await addConnected(before.registry);
  hold(before.fleet);
  const lost = failureOf(before.sends.send(text('old')));
  await untilGiven(before, 1);
  before.sends.stop();
  await lost;
  await before.store.close();

  const after = await startSends(closing(await openSupervisorStore(folder)));
  await disconnect(after);
  const sent = after.sends.send(text('new'));
  await vi.waitFor(() => {
    expect(rowsIn(after.store, TABLES.intents)).toHaveLength(2);
  });
  await reconnect(after);
  await sent;
  expect(after.given().map(({ text: word }) => word)).toEqual(['old', 'new']);
});

const intent = (messageId: string, createdAt: number, order: number): Intent => ({
  sessionId: 's',
  order,
  messageId,
  to: ANNA,
  content: { type: 'text', text: messageId },
  idempotencyKey: `key of ${messageId}`,
  createdAt,
});
const keyRow = (messageId: string, at: number, outcome?: IdempotencyRow['outcome']): IdempotencyRow => ({
  fingerprint: 'f',
  messageId,
  at,
  outcome,
});
const DAY_MS = 24 * 60 * 60_000;

it('gives up at the start what is older than a day, and forgets old keys with an outcome', async () => {
  const store = closing(await openSupervisorStore(tempFolder()));
  await addConnected(new Registry(store, silent));
  const now = Date.now();
  const rows: [string, (string | number)[], unknown][] = [
    [TABLES.intents, ['s', 1], intent('old', now - DAY_MS - 1_000, 1)],
    [TABLES.idempotency, ['s', 'key of old'], keyRow('old', now)],
    [TABLES.intents, ['s', 2], intent('new', now - DAY_MS + 60_000, 2)],
    [TABLES.idempotency, ['s', 'key of new'], keyRow('new', now - DAY_MS - 1_000)],
    [TABLES.idempotency, ['s', 'old and done'], keyRow('done', now - DAY_MS - 1_000, { status: 'sent', timestamp: 5 })],
    [TABLES.idempotency, ['s', 'new and done'], keyRow('done too', now, { status: 'sent', timestamp: 5 })],
  ];
  await store.commit(rows.map(([table, key, value]) => ({ table, key, value })));
  const setting = await startSends(store);
  expect(rowsIn(store, TABLES.intents).map(([key]) => key[1])).toEqual([2]);
  expect(store.get<IdempotencyRow>(TABLES.idempotency, ['s', 'key of old'])?.outcome).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect(rowsIn(store, TABLES.idempotency).map(([key]) => key[1])).toEqual(['key of new', 'key of old', 'new and done']);
  await disconnect(setting);
  await reconnect(setting);
  await untilGiven(setting, 1);
  expect(setting.given().map(({ messageId }) => messageId)).toEqual(['new']);
});

it('fails at the start what waited for a session that was logged out in between', async () => {
  const store = closing(await openSupervisorStore(tempFolder()));
  const registry = new Registry(store, silent);
  await addConnected(registry);
  await registry.apply('s', 'logout', 'logged_out');
  await store.commit([
    { table: TABLES.intents, key: ['s', 1], value: intent('A1', Date.now(), 1) },
    { table: TABLES.idempotency, key: ['s', 'key of A1'], value: keyRow('A1', Date.now()) },
  ]);
  const setting = await startSends(store);
  await setting.store.settled();
  expect(setting.sends.waiting).toBe(0);
  expect(rowsIn(store, TABLES.intents)).toEqual([]);
  expect(store.get<IdempotencyRow>(TABLES.idempotency, ['s', 'key of A1'])?.outcome).toMatchObject({ code: 'SESSION_LOGGED_OUT' });
});

it('sends nothing any more once it stops, and forgets for good what no runner had yet', async () => {
  const setting = await setUp();
  await disconnect(setting);
  const failure = failureOf(setting.sends.send(text('hello')));
  await vi.waitFor(() => {
    expect(rowsIn(setting.store, TABLES.intents)).toHaveLength(1);
  });
  setting.sends.stop();
  await reconnect(setting);
  expect(await failure).toMatchObject({ code: 'DRAINING' });
  expect(setting.given()).toEqual([]);
  expect(rowsIn(setting.store, TABLES.intents)).toEqual([]);
});
