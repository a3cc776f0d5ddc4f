import { expect, it } from 'vitest';
import type { SpoolRecord } from '../../../shared/ipc/protocol.js';
import { History } from '../../../supervisor/messages/history.js';
import { takeSpool } from '../../../supervisor/messages/take-spool.js';
import { Registry } from '../../../supervisor/placement/registry.js';
import { openSupervisorStore, TABLES } from '../../../supervisor/supervisor-store.js';
import { eventually } from '../../fixtures/eventually.js';
import { silent } from '../shared/logged.js';
import { closing, rowsIn, tempFolder } from '../store/temp-store.js';

const ANNA = '6281234567890@s.whatsapp.net';
const ME = '15550000001@s.whatsapp.net';

const setUp = async (...sessionIds: string[]) => {
  const store = closing(await openSupervisorStore(tempFolder()));
  const registry = new Registry(store, silent);
  for (const sessionId of sessionIds) await registry.add({ sessionId, userId: undefined, sessionName: undefined });
  const history = new History(store);
  return { store, registry, history, take: async (...records: SpoolRecord[]) => takeSpool({ store, history, registry }, records) };
};

const message = (seq: number, id: string, sessionId = 's'): SpoolRecord => ({
  kind: 'message',
  seq,
  sessionId,
  message: { id, chat: ANNA, from: ANNA, to: ME, fromMe: false, type: 'text', content: id, timestamp: 1_000_000, status: 'delivered' },
});
const own = (seq: number, id: string): SpoolRecord => {
  const record = message(seq, id);
  return record.kind === 'message' ? { ...record, message: { ...record.message, from: ME, fromMe: true, status: 'sent' } } : record;
};
const status = (seq: number, messageId: string, to: 'delivered' | 'read'): SpoolRecord => ({
  kind: 'status',
  seq,
  sessionId: 's',
  messageId,
  status: to,
  at: 5,
});

it('has everything on disk when it answers, in order, and each record once', async () => {
  const { store, history, take } = await setUp('s');
  const batch = [message(1, 'A1'), own(2, 'B1'), status(3, 'B1', 'delivered'), message(4, 'A2'), message(5, 'A1'), status(6, 'B1', 'read')];
  await take(...batch);
  expect(rowsIn(store, TABLES.messages)).toHaveLength(3);
  expect((await history.page('s', { limit: 10, offset: 0 })).messages.map(({ id, status: at }) => [id, at])).toEqual([
    ['A2', 'delivered'],
    ['B1', 'read'],
    ['A1', 'delivered'],
  ]);
  await take(...batch);
  expect((await history.page('s', { limit: 10, offset: 0 })).total).toBe(3);
});

it('drops what belongs to sessions that are gone or going', async () => {
  const { store, registry, take } = await setUp('s', 'going');
  await registry.update('going', { deleting: true });
  await take(message(1, 'A1', 'gone'), message(2, 'A1', 'going'), message(3, 'A1'));
  expect(rowsIn(store, TABLES.messages).map(([key]) => key[0])).toEqual(['s']);
});

it('counts as activity of the session', async () => {
  const { registry, take } = await setUp('s', 'quiet');
  const before = registry.get('s').lastActivity;
  await eventually(() => Date.now() > before, 'a millisecond passed');
  await take(message(1, 'A1'));
  expect(registry.get('s').lastActivity).toBeGreaterThan(before);
  expect(registry.get('quiet').lastActivity).toBeLessThanOrEqual(registry.get('s').lastActivity);
});

it('answers an empty batch', async () => {
  const { take } = await setUp();
  await take();
});

it('drops what a session does not want, and takes what concerns it all the same', async () => {
  const { store, registry, history } = await setUp('s', 'other');
  const inGroup = (seq: number, id: string, sessionId: string): SpoolRecord => {
    const record = message(seq, id, sessionId);
    return record.kind === 'message' ? { ...record, message: { ...record.message, chat: '123-456@g.us' } } : record;
  };
  const settingsOf = (sessionId: string) => (sessionId === 's' ? { ignore: { groups: true } } : {});
  await takeSpool({ store, history, registry, settingsOf }, [
    inGroup(1, 'A1', 's'),
    message(2, 'A2'),
    own(3, 'A3'),
    status(4, 'A3', 'read'),
    inGroup(5, 'A1', 'other'),
  ]);
  expect(rowsIn(store, TABLES.messages)).toMatchObject([
    [['other', 1_000, 1], { id: 'A1', status: 'delivered' }],
    [['s', 1_000, 1], { id: 'A2', status: 'delivered' }],
    [['s', 1_000, 2], { id: 'A3', status: 'read' }],
  ]);
});
