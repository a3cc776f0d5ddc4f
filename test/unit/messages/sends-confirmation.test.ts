import { expect, it } from 'vitest';
import { TABLES } from '../../../supervisor/supervisor-store.js';
import { eventually } from '../../fixtures/eventually.js';
import { rowsIn } from '../store/temp-store.js';
import { ANNA, hold, SENT_AT, setUp, statusOf, text, untilGiven } from './sends-setting.js';

it('answers sent once the runner saw the ack, and history says so', async () => {
  const setting = await setUp();
  const result = await setting.sends.send(text('hello'));
  expect(result).toEqual({ messageId: expect.stringMatching(/^3EB0[0-9A-F]{18}$/) as string, status: 'sent', timestamp: SENT_AT });
  expect(setting.given()).toEqual([{ text: 'hello', messageId: result.messageId }]);
  expect((await setting.history.page('s', { limit: 5, offset: 0 })).messages).toMatchObject([
    { id: result.messageId, chat: ANNA, from: '15550000001@s.whatsapp.net', to: ANNA, fromMe: true, content: 'hello', status: 'sent' },
  ]);
  await eventually(() => setting.sends.size === 0, 'that it was sent is on disk');
  expect(rowsIn(setting.store, TABLES.intents)).toEqual([]);
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
