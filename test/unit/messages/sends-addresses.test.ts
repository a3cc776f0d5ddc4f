import { expect, it } from 'vitest';
import type { Message } from '../../../shared/domain/message.js';
import { ChatList } from '../../../supervisor/chats/chat-list.js';
import { incoming } from './history-setting.js';
import { setUp, type Setting } from './sends-setting.js';

const NUMBER = '6281234567890@s.whatsapp.net';
const LID = '77000000009@lid';

const send = async ({ sends }: Setting, to: string, text: string): Promise<string> =>
  (await sends.send({ sessionId: 's', to, content: { type: 'text', text } })).messageId;

const chatOf = async ({ history }: Setting, chat: string): Promise<string[]> =>
  (await history.page('s', { limit: 10, filter: { chat } })).messages.map(({ id }) => id);

it('puts what is sent to either address of a person into their one chat, and sends it to the one that was named', async () => {
  const setting = await setUp();
  const { store, history, fleet } = setting;
  const heard: Message = incoming('heard', 1_000, { chat: NUMBER, chatAlt: LID, from: NUMBER, fromAlt: LID, pushName: 'Ann' });
  await store.commit(history.append('s', heard));
  const ids = [await send(setting, LID, 'to the LID'), await send(setting, NUMBER, 'to the number')].reverse();
  for (const address of [NUMBER, LID]) expect(await chatOf(setting, address)).toEqual([...ids, 'heard']);
  expect(new ChatList(store).chats('s', { limit: 10 }).chats).toMatchObject([{ jid: NUMBER, lid: LID, last: { id: ids[0] } }]);
  expect(fleet.of('session.send').map(({ params }) => params.message.to)).toEqual([LID, NUMBER]);
});

it('answers under one address what was sent to the other', async () => {
  const setting = await setUp();
  const { store, history, sends } = setting;
  await store.commit(
    history.append('s', incoming('heard', 1_000, { chat: NUMBER, chatAlt: LID, from: NUMBER, fromAlt: LID, pushName: 'Ann' })),
  );
  const first = await send(setting, LID, 'hello');
  for (const to of [NUMBER, LID]) {
    const edit = { sessionId: 's', to, content: { type: 'edit', messageId: first, text: 'hello!' } } as const;
    expect(await sends.send(edit)).toMatchObject({ status: 'sent' });
  }
});

it('keeps a chat under the LID of somebody whose number is not known', async () => {
  const setting = await setUp();
  const id = await send(setting, LID, 'hello');
  expect(await chatOf(setting, LID)).toEqual([id]);
  expect(await chatOf(setting, NUMBER)).toEqual([]);
});
