import { expect, it, vi } from 'vitest';
import { Registry } from '../../../supervisor/placement/registry.js';
import { openSupervisorStore, TABLES, type IdempotencyRow, type Intent } from '../../../supervisor/supervisor-store.js';
import { silent } from '../shared/logged.js';
import { closing, rowsIn, tempFolder } from '../store/temp-store.js';
import {
  addConnected,
  ANNA,
  disconnect,
  failureOf,
  hold,
  reconnect,
  setUp,
  startSends,
  statusOf,
  text,
  untilGiven,
} from './sends-setting.js';

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
  expect(after.sends.size).toBe(2);
  const repeated = after.sends.send(text('a', 'key a'));
  expect(after.given()).toEqual([]);
  await disconnect(after);
  await reconnect(after);
  expect((await repeated).messageId).toBe(before.given()[0]?.messageId);
  expect(after.given()).toEqual(before.given());
  await after.sends.send(text('b', 'key b'));
  expect(after.given()).toHaveLength(2);
  expect(after.sends.size).toBe(0);
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
  }, 60_000);
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
  }, 60_000);
  await reconnect(after);
  await sent;
  expect(after.given().map(({ text: word }) => word)).toEqual(['old', 'new']);
});

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
  const times = rows.flatMap(([table, key, value]): typeof rows =>
    table === TABLES.idempotency ? [[TABLES.idempotencyTimes, ['s', (value as IdempotencyRow).at, String(key[1])], true]] : [],
  );
  await store.commit([...rows, ...times].map(([table, key, value]) => ({ table, key, value })));
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
  await vi.waitFor(() => {
    expect(setting.sends.size).toBe(0);
  }, 60_000);
  expect(rowsIn(store, TABLES.intents)).toEqual([]);
  expect(store.get<IdempotencyRow>(TABLES.idempotency, ['s', 'key of A1'])?.outcome).toMatchObject({ code: 'SESSION_LOGGED_OUT' });
});

it('sends nothing any more once it stops, and forgets for good what no runner had yet', async () => {
  const setting = await setUp();
  await disconnect(setting);
  const failure = failureOf(setting.sends.send(text('hello')));
  await vi.waitFor(() => {
    expect(rowsIn(setting.store, TABLES.intents)).toHaveLength(1);
  }, 60_000);
  setting.sends.stop();
  await reconnect(setting);
  expect(await failure).toMatchObject({ code: 'DRAINING' });
  expect(setting.given()).toEqual([]);
  expect(rowsIn(setting.store, TABLES.intents)).toEqual([]);
});
