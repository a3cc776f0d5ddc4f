import { beforeEach, expect, it } from 'vitest';
import type { ChatView } from '../../../supervisor/chats/chat-list.js';
import { closeServersAfterEach, startServer, type Fixture } from './http-fixture.js';
import { STARTED_AT } from './memory-sessions.js';

closeServersAfterEach();

let fixture: Fixture;
beforeEach(async () => {
  fixture = await startServer();
  await fixture.call('POST', '/session/create', { sessionId: 'alice' });
});

const chatWith = (n: number, changes: Partial<ChatView> = {}): ChatView => ({
  jid: `628123456789${n}@s.whatsapp.net`,
  name: undefined,
  last: {
    id: `m${n}`,
    from: `628123456789${n}@s.whatsapp.net`,
    fromMe: false,
    type: 'image',
    content: null,
    timestamp: STARTED_AT,
    status: 'read',
  },
  ...changes,
});

it('shows a chat with what is known of it', async () => {
  fixture.worker.listedChats.push(
    chatWith(0, { lid: '100000000000002@lid', name: 'Bob' }),
    chatWith(1, { jid: '120363000000000001@g.us', name: 'Family' }),
  );
  const { status, data } = await fixture.call('GET', '/session/alice/chats');
  expect(status).toBe(200);
  const lastMessage = { id: 'm0', from: '6281234567890@s.whatsapp.net', fromMe: false, type: 'image', content: null, status: 'read' };
  expect(data).toEqual({
    chats: [
      {
        ...{ id: '6281234567890@s.whatsapp.net', lid: '100000000000002@lid', phoneNumber: '+6281234567890', name: 'Bob', isGroup: false },
        ...{ lastActivity: '2024-01-15T10:30:00.000Z', lastMessage },
      },
      {
        ...{ id: '120363000000000001@g.us', name: 'Family', isGroup: true, lastActivity: '2024-01-15T10:30:00.000Z' },
        lastMessage: { ...lastMessage, id: 'm1', from: '6281234567891@s.whatsapp.net' },
      },
    ],
  });
});

it('goes on with the cursor of the page before, and says when chats may be missing', async () => {
  fixture.worker.listedChats.push(...[0, 1, 2].map((n) => chatWith(n)));
  const first = await fixture.call('GET', '/session/alice/chats?limit=2');
  expect(first.data).toMatchObject({ chats: [{ lastMessage: { id: 'm0' } }, { lastMessage: { id: 'm1' } }], incomplete: true });
  const second = await fixture.call('GET', `/session/alice/chats?limit=2&cursor=${String(first.data['nextCursor'])}`);
  expect(second.data).toMatchObject({ chats: [{ lastMessage: { id: 'm2' } }] });
  expect(Object.keys(second.data)).toEqual(['chats']);
});

it('lists people by pages, each by every identity that is known', async () => {
  fixture.worker.listedContacts.push(
    { jid: '100000000000001@lid', lid: '100000000000001@lid', pushName: 'Somebody' },
    { jid: '6281234567890@s.whatsapp.net', lid: '100000000000002@lid', name: 'Bob', verifiedName: 'Bob Ltd.' },
  );
  const first = await fixture.call('GET', '/session/alice/contacts?limit=1');
  expect(first.data['contacts']).toEqual([{ jid: '100000000000001@lid', lid: '100000000000001@lid', pushName: 'Somebody' }]);
  const second = await fixture.call('GET', `/session/alice/contacts?cursor=${String(first.data['nextCursor'])}`);
  expect(second.data).toEqual({
    contacts: [
      {
        jid: '6281234567890@s.whatsapp.net',
        lid: '100000000000002@lid',
        phoneNumber: '+6281234567890',
        name: 'Bob',
        verifiedName: 'Bob Ltd.',
      },
    ],
  });
});

it.each(['chats', 'contacts'])('refuses a cursor of %s that it did not give', async (what) => {
  for (const cursor of ['x', '%00', 'bm8', 'MTc5NTM2NDM1My4x'.repeat(20)]) {
    const { status, body } = await fixture.call('GET', `/session/alice/${what}?cursor=${cursor}`);
    expect([status, body['error']]).toEqual([400, 'The request is not valid: cursor must be a nextCursor of this session.']);
  }
});
