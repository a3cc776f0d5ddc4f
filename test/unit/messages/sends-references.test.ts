import { expect, it } from 'vitest';
import type { Message } from '../../../shared/domain/message.js';
import type { OutgoingContent } from '../../../shared/domain/outgoing.js';
import { openSupervisorStore } from '../../../supervisor/supervisor-store.js';
import type { SendRequest } from '../../../supervisor/worker.js';
import { closing, tempFolder } from '../store/temp-store.js';
import { incoming } from './history-setting.js';
import {
  addConnected,
  ANNA,
  disconnect,
  failureOf,
  hold,
  reconnect,
  SENT_AT,
  setUp,
  startSends,
  text,
  untilGiven,
} from './sends-setting.js';

type Setting = Awaited<ReturnType<typeof setUp>>;

const about = (content: OutgoingContent, idempotencyKey?: string): SendRequest => ({ sessionId: 's', to: ANNA, content, idempotencyKey });
const given = ({ fleet }: Setting) => fleet.of('session.send').map(({ params: { message } }) => message);
const receive = async ({ store, history }: Setting, id: string, changes: Partial<Message> = {}): Promise<void> =>
  store.commit(history.append('s', incoming(id, Date.now(), { from: ANNA, chat: ANNA, content: 'shall we?', ...changes })));
const found = async ({ history }: Setting, id: string): Promise<Message | undefined> => history.find('s', id);

it('shows an edit and a deletion in their messages once WhatsApp has them, and not before', async () => {
  const setting = await setUp();
  const first = await setting.sends.send(text('helo'));
  const second = await setting.sends.send(text('oh no'));
  const { confirm } = hold(setting.fleet);
  const both = [
    setting.sends.send(about({ type: 'edit', messageId: first.messageId, text: 'hello' })),
    setting.sends.send(about({ type: 'revoke', messageId: second.messageId })),
  ];
  await untilGiven(setting, 4);
  expect(await found(setting, first.messageId)).toMatchObject({ content: 'helo' });
  expect(await found(setting, second.messageId)).toMatchObject({ content: 'oh no' });
  confirm(0);
  confirm(1);
  await Promise.all(both);
  expect(await found(setting, first.messageId)).toMatchObject({ content: 'hello', status: 'sent', editedAt: expect.any(Number) as number });
  expect(await found(setting, second.messageId)).toMatchObject({ content: null, revokedAt: expect.any(Number) as number });
});

it('leaves a message as it is whose edit failed', async () => {
  const setting = await setUp();
  const { messageId } = await setting.sends.send(text('helo'));
  const { fail } = hold(setting.fleet);
  const edit = failureOf(setting.sends.send(about({ type: 'edit', messageId, text: 'hello' })));
  await untilGiven(setting, 2);
  fail(0, 'MESSAGE_REJECTED');
  expect(await edit).toMatchObject({ code: 'MESSAGE_REJECTED' });
  const kept = await found(setting, messageId);
  expect(kept?.content).toBe('helo');
  expect(kept).not.toHaveProperty('editedAt');
});

it('keeps what was sent, also when its receipt was there first', async () => {
  const setting = await setUp();
  let confirmed: (answer: { timestamp: number; raw: string }) => void = () => undefined;
  setting.fleet.answer = async () => new Promise((resolve) => (confirmed = resolve));
  const sent = setting.sends.send(about({ type: 'poll', question: 'Lunch?', options: ['rice', 'tea'], selectable: 1 }));
  await untilGiven(setting, 1);
  const messageId = given(setting)[0]?.messageId ?? '';
  await setting.store.commit(setting.history.advance('s', messageId, 'delivered'));
  confirmed({ timestamp: SENT_AT, raw: 'cmF3' });
  await sent;
  expect(await found(setting, messageId)).toMatchObject({ type: 'poll', status: 'delivered', raw: 'cmF3' });
});

it('sends after a restart what was referred to, although it is gone', async () => {
  const folder = tempFolder();
  const before = await startSends(await openSupervisorStore(folder));
  await addConnected(before.registry);
  await receive(before, 'A1');
  hold(before.fleet);
  const answer = failureOf(before.sends.send(about({ type: 'text', text: 'yes', quoted: 'A1' }, 'key')));
  await untilGiven(before, 1);
  await receive(before, 'A2', { type: 'revoke', content: null, details: { messageId: 'A1' } });
  before.sends.stop();
  await answer;
  await before.store.close();

  const after = await startSends(closing(await openSupervisorStore(folder)));
  const repeated = after.sends.send(about({ type: 'text', text: 'yes', quoted: 'A1' }, 'key'));
  await disconnect(after);
  await reconnect(after);
  await repeated;
  expect(given(after)).toEqual(given(before));
  expect(given(after)[0]?.references.quoted).toEqual({ messageId: 'A1', chat: ANNA, from: ANNA, fromMe: false, text: 'shall we?' });
});

it('sends once for requests of the same key at the same time, and answers the key when the message is gone', async () => {
  const setting = await setUp();
  await receive(setting, 'A1');
  const reaction = about({ type: 'reaction', messageId: 'A1', emoji: '👍' }, 'key');
  const [first, second] = await Promise.all([setting.sends.send(reaction), setting.sends.send(reaction)]);
  await receive(setting, 'A2', { type: 'revoke', content: null, details: { messageId: 'A1' } });
  expect([second, await setting.sends.send(reaction)]).toEqual([first, first]);
  expect(given(setting)).toHaveLength(1);
  expect(await failureOf(setting.sends.send(about({ type: 'reaction', messageId: 'A1', emoji: '👍' })))).toMatchObject({
    code: 'MESSAGE_NOT_FOUND',
  });
});

const STRANGER = '15550000009@s.whatsapp.net';
const REACTION = { type: 'reaction', messageId: 'A1', emoji: '👍' } as const;
const FORWARD = { type: 'forward', messageId: 'A1' } as const;

it.each([
  ['what is not there', undefined, REACTION, 'MESSAGE_NOT_FOUND'],
  ['what is in another chat', { from: STRANGER, chat: STRANGER }, REACTION, 'MESSAGE_NOT_FOUND'],
  ['what nobody sees as a message', { type: 'reaction' }, REACTION, 'MESSAGE_NOT_FOUND'],
  ['a notice', { type: 'system.ephemeral_setting' }, REACTION, 'MESSAGE_NOT_FOUND'],
  ['what was deleted', { revokedAt: 1 }, REACTION, 'MESSAGE_NOT_FOUND'],
  ['an edit of somebody else’s words', {}, { type: 'edit', messageId: 'A1', text: 'mine' }, 'NOT_YOUR_MESSAGE'],
  ['an edit of a place', { type: 'location', fromMe: true }, { type: 'edit', messageId: 'A1', text: 'there' }, 'NOT_SUPPORTED'],
  ['a deletion of somebody else’s words', {}, { type: 'revoke', messageId: 'A1' }, 'NOT_YOUR_MESSAGE'],
  ['to forward what may be seen once', { type: 'image', raw: 'cmF3', details: { viewOnce: true } }, FORWARD, 'NOT_SUPPORTED'],
  ['to forward what is no content of its own', { type: 'callLog', raw: 'cmF3' }, FORWARD, 'NOT_SUPPORTED'],
  ['to forward what was not sent completely', { type: 'image', fromMe: true, status: 'pending' }, FORWARD, 'MESSAGE_NOT_FOUND'],
  ['to forward what is larger than a frame', { type: 'image', raw: 'A'.repeat(40_001) }, FORWARD, 'PAYLOAD_TOO_LARGE'],
] as const)('refuses %s', async (_name, message, content, code) => {
  const setting = await setUp();
  if (message) await receive(setting, 'A1', message);
  expect(await failureOf(setting.sends.send(about(content)))).toMatchObject({ code });
  expect(given(setting)).toEqual([]);
});

it('answers a message although a stranger gave a newer one the same id', async () => {
  const setting = await setUp();
  await receive(setting, 'A1');
  await receive(setting, 'A1', { from: STRANGER, chat: STRANGER, content: 'shadow' });
  await setting.sends.send(about(REACTION));
  expect(given(setting)[0]?.references.target).toEqual({ messageId: 'A1', chat: ANNA, from: ANNA, fromMe: false });
});

it('quotes a message that is too large by its words alone', async () => {
  const setting = await setUp();
  await receive(setting, 'A1', { type: 'image', content: 'look', raw: 'A'.repeat(40_001) });
  await setting.sends.send(about({ type: 'text', text: 'yes', quoted: 'A1' }));
  expect(given(setting)[0]?.references.quoted).toMatchObject({ text: 'look' });
});
