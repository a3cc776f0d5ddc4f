import { MessageRetryManager, proto } from '@whiskeysockets/baileys';
import { expect, it } from 'vitest';
import { baileysLogger } from '../../../session-runner/baileys-logger.js';
import { leanRetries } from '../../../session-runner/session/lean-retries.js';
import { createLogger } from '../../../shared/logging.js';
import { collectGarbage } from './collect-garbage.js';

const logger = baileysLogger(createLogger({ level: 'silent', base: {} }));

const stock = (): MessageRetryManager => new MessageRetryManager(logger, 5);
const lean = (): MessageRetryManager => {
  const messageRetryManager = stock();
  leanRetries({ messageRetryManager });
  return messageRetryManager;
};

/** Bytes of heap that one takes. */
const sizeOf = (make: () => MessageRetryManager): number => {
  make();
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const kept = Array.from({ length: 200 }, make);
  collectGarbage();
  return (process.memoryUsage().heapUsed - before) / kept.length;
};

it('takes a fraction of the memory while nothing is retried', () => {
  expect(sizeOf(lean)).toBeLessThan(sizeOf(stock) / 5);
});

it('remembers the last requests to the own phone and no more, under their chat', () => {
  const manager = lean();
  const request: proto.IMessage = { protocolMessage: { peerDataOperationRequestMessage: { placeholderMessageResendRequest: [] } } };
  for (let n = 0; n < 1_000; n++) manager.addRecentMessage('a@lid', `id ${n}`, request);
  expect(manager.getRecentMessage('a@lid', 'id 999')?.message).toBe(request);
  expect(manager.getRecentMessage('b@lid', 'id 999')).toBeUndefined();
  expect(manager.getRecentMessage('a@lid', 'id 900')).toBeUndefined();
});

it('keeps no message that is in the store', () => {
  const manager = lean();
  manager.addRecentMessage('a@lid', 'id', { conversation: 'text', messageContextInfo: { messageSecret: Buffer.alloc(32) } });
  manager.addRecentMessage('a@lid', 'edit', { protocolMessage: { type: proto.Message.ProtocolMessage.Type.MESSAGE_EDIT } });
  expect(manager.getRecentMessage('a@lid', 'id')).toBeUndefined();
  expect(manager.getRecentMessage('a@lid', 'edit')).toBeUndefined();
});

it('still recognises the base key of a session that was not renewed', () => {
  const manager = lean();
  manager.saveBaseKey('a.0', 'id', Buffer.from('key'));
  expect(manager.hasSameBaseKey('a.0', 'id', Buffer.from('key'))).toBe(true);
  expect(manager.hasSameBaseKey('a.0', 'id', Buffer.from('new'))).toBe(false);
  manager.deleteBaseKey('a.0', 'id');
  expect(manager.hasSameBaseKey('a.0', 'id', Buffer.from('key'))).toBe(false);
  manager.saveBaseKey('a.0', 'id', Buffer.from('key'));
  manager.clear();
  expect(manager.hasSameBaseKey('a.0', 'id', Buffer.from('key'))).toBe(false);
});

it('leaves a socket alone that keeps no retries', () => {
  expect(() => {
    leanRetries({ messageRetryManager: null });
  }).not.toThrow();
});
