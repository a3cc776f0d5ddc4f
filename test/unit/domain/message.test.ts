import { expect, it } from 'vitest';
import { advances, Message, MESSAGE_STATUSES } from '../../../shared/domain/message.js';

it('moves a status only forward', () => {
  expect(MESSAGE_STATUSES).toEqual(['pending', 'failed', 'sent', 'delivered', 'read', 'played']);
  for (const [from, a] of MESSAGE_STATUSES.entries())
    for (const [to, b] of MESSAGE_STATUSES.entries()) expect(advances(a, b), `${a} → ${b}`).toBe(to > from);
});

it('is kept with an id, whole milliseconds and a known status', () => {
  const message = { id: 'A1', chat: 'c', from: 'f', to: 't', fromMe: false, type: 'text', content: 'hello', timestamp: 5, status: 'sent' };
  expect(Message.parse(message)).toEqual(message);
  for (const change of [{ id: 1 }, { timestamp: 1.5 }, { status: 'lost' }, { content: undefined }])
    expect(Message.safeParse({ ...message, ...change }).success).toBe(false);
});
