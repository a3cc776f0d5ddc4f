import { expect, it } from 'vitest';
import { openStore } from '../../../shared/store/open-store.js';
import type { Store } from '../../../shared/store/store.js';
import { chatGaps } from '../../../supervisor/chats/chat-gaps.js';
import { ChatList } from '../../../supervisor/chats/chat-list.js';
import { RemoteHistory } from '../../../supervisor/messages/remote-history.js';
import { newSession, openSupervisorStore, SUPERVISOR_SCHEMA, TABLES } from '../../../supervisor/supervisor-store.js';
import { eventually } from '../../fixtures/eventually.js';
import { DAY_MS, evict, historyOver, incoming, TODAY } from '../messages/history-setting.js';
import { MemoryObjects } from '../messages/memory-objects.js';
import { silent } from '../shared/logged.js';
import { closing, tempFolder } from '../store/temp-store.js';

const CHATS = 30;
const MESSAGES = 1_000;
const chat = (n: number): string => `62812000${String(n).padStart(5, '0')}@s.whatsapp.net`;

/** A store as it was before there was a list of chats, with one day of three that is only in the object store. */
const oldStore = async (): Promise<{ folder: string; objects: MemoryObjects }> => {
  const folder = tempFolder();
  const objects = new MemoryObjects();
  const old = await openStore(folder, { ...SUPERVISOR_SCHEMA, version: 2 }, { track: false });
  const { append, ship } = historyOver(old, objects);
  await old.commit([{ table: TABLES.sessions, key: ['s'], value: newSession('s', TODAY) }]);
  // The last ten chats only long ago.
  await append(
    ...Array.from({ length: MESSAGES }, (_, index) => {
      const long = index % CHATS >= 20;
      const at = TODAY - (long ? 2 : index % 2) * DAY_MS + index * 1_000;
      return incoming(`M${index}`, at, { chat: chat(index % CHATS), from: chat(index % CHATS), pushName: `name at ${index}` });
    }),
  );
  await ship();
  await evict(old, '2026-11-20');
  for (const table of [TABLES.chats, TABLES.chatOrder, TABLES.contacts]) {
    await old.commit([...old.range(table)].map(({ key }) => ({ table, key, value: undefined })));
  }
  await old.close();
  return { folder, objects };
};

const shown = (store: Store) => new ChatList(store).chats('s', { limit: 500 });

it('finds the chats of all that was kept before, newest first, also when it was stopped in between', async () => {
  const { folder, objects } = await oldStore();
  for (const stops of [1, 2, Infinity]) {
    const store = await openSupervisorStore(folder);
    let commits = 0;
    const counted = Object.assign(Object.create(store) as Store, {
      get: store.get.bind(store),
      range: store.range.bind(store),
      commit: async (...given: Parameters<Store['commit']>) => {
        if (++commits > stops) throw new Error('killed');
        return store.commit(...given);
      },
    });
    const gaps = chatGaps({ store: counted, remote: new RemoteHistory({ store, objects, log: silent }), log: silent });
    gaps.start();
    await eventually(() => commits > stops || !shown(store).incomplete, 'the end of the search');
    await gaps.stop();
    if (stops === Infinity) break;
    expect(shown(store).incomplete).toBe(true);
    await store.close();
  }
  const store = closing(await openSupervisorStore(folder));
  const { chats, incomplete } = shown(store);
  expect(incomplete).toBe(false);
  expect(chats.length).toBe(CHATS);
  const { messages } = await historyOver(store, objects).history.page('s', { limit: MESSAGES });
  const newest = new Map([...messages].reverse().map((message) => [message.chat, message.id]));
  expect(new Map(chats.map(({ jid, last }) => [jid, last.id]))).toEqual(newest);
  expect(chats.find(({ jid }) => jid === chat(0))?.name).toBe(`name at ${newest.get(chat(0))?.slice(1) ?? ''}`);
});

it('says that chats may be missing and goes on later when the object store is away', async () => {
  const { folder, objects } = await oldStore();
  const store = closing(await openSupervisorStore(folder));
  objects.away = true;
  const remote = new RemoteHistory({ store, objects, log: silent });
  const gaps = chatGaps({ store, remote, log: silent, retryMs: 20 });
  gaps.start();
  await eventually(() => shown(store).chats.length === 20, 'the chats whose messages are here');
  expect(shown(store).incomplete).toBe(true);
  objects.away = false;
  await eventually(() => !shown(store).incomplete, 'the others');
  await gaps.stop();
  expect(shown(store).chats.length).toBe(CHATS);
});
