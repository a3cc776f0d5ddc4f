import { expect, it } from 'vitest';
import type { StatusMove } from '../../../supervisor/messages/history.js';
import { History } from '../../../supervisor/messages/history.js';
import { Sends } from '../../../supervisor/messages/sends.js';
import { takeSpool } from '../../../supervisor/messages/take-spool.js';
import { Registry } from '../../../supervisor/placement/registry.js';
import { openSupervisorStore } from '../../../supervisor/supervisor-store.js';
import { MemoryFleet } from '../placement/memory-fleet.js';
import { silent } from '../shared/logged.js';
import { closing, tempFolder } from '../store/temp-store.js';
import { addConnected, failureOf, failWith, FREE, SENT_AT, text } from './sends-setting.js';

const setUp = async () => {
  const store = closing(await openSupervisorStore(tempFolder()));
  const registry = new Registry(store, silent);
  const history = new History(store);
  const fleet = new MemoryFleet();
  fleet.start(0);
  const moves: StatusMove[] = [];
  const onMoved = (move: StatusMove): void => void moves.push(move);
  const sends = new Sends({ store, registry, fleet, history, log: silent, deadlineMs: 20_000, onMoved, ...FREE });
  await sends.start();
  await addConnected(registry);
  const receipt = async (messageId: string, status: 'delivered' | 'read'): Promise<void> =>
    takeSpool({ store, history, registry, onMoved }, [{ kind: 'status', seq: 1, sessionId: 's', messageId, status, at: 5 }]);
  return { sends, fleet, moves, receipt };
};

it('tells each step a message really made, once it is committed', async () => {
  const { sends, fleet, moves, receipt } = await setUp();
  fleet.answer = async () => Promise.resolve({ timestamp: SENT_AT });
  const { messageId } = await sends.send(text('hello'));
  await receipt(messageId, 'read');
  // Late or repeated receipts move nothing back.
  await receipt(messageId, 'read');
  await receipt(messageId, 'delivered');
  await receipt('UNKNOWN', 'delivered');
  expect(moves).toMatchObject([
    { sessionId: 's', messageId, status: 'sent' },
    { sessionId: 's', messageId, status: 'read', at: 5 },
  ]);
  sends.stop();
});

it('tells that a message failed', async () => {
  const { sends, fleet, moves } = await setUp();
  fleet.answer = failWith('RECIPIENT_NOT_ON_WHATSAPP');
  const { details } = await failureOf(sends.send(text('hello')));
  expect(moves).toMatchObject([{ sessionId: 's', messageId: details?.['messageId'], status: 'failed' }]);
  sends.stop();
});
