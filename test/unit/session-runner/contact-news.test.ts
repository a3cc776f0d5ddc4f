import { expect, it } from 'vitest';
import type { BaileysEventMap } from '../../../session-runner/baileys.js';
import { contactEntries } from '../../../session-runner/messages/contact-news.js';

const ANNA = '6281234567890@s.whatsapp.net';
const LID = '100000000000001@lid';
const GROUP = '120363000000000001@g.us';

const told = <E extends keyof BaileysEventMap>(event: E, data: BaileysEventMap[E]): unknown[] =>
  contactEntries('s', event, data).flatMap((entry) => (entry.kind === 'contacts' ? entry.contacts : []));

it('takes names and both addresses from whichever field has them', () => {
  expect(
    told('contacts.upsert', [
      { id: ANNA, lid: LID, name: 'Anna' },
      { id: LID, phoneNumber: ANNA, verifiedName: 'Anna Ltd.' },
      { id: '6281234567890:12@s.whatsapp.net', notify: 'Anna M.' },
      { id: LID, name: 'Anna' },
      { id: ANNA },
    ]),
  ).toEqual([
    { jid: ANNA, lid: LID, name: 'Anna' },
    { jid: ANNA, lid: LID, verifiedName: 'Anna Ltd.' },
    { jid: ANNA, pushName: 'Anna M.' },
    { jid: LID, name: 'Anna' },
  ]);
});

it('takes names and numbers from what a new device is given, in records of a bounded size', () => {
  const contacts = Array.from({ length: 120 }, (_, index) => ({ id: `62812${index}00000@s.whatsapp.net`, name: `N${index}` }));
  const data = { chats: [], contacts, messages: [], lidPnMappings: [{ lid: LID, pn: ANNA }] };
  const entries = contactEntries('s', 'messaging-history.set', data);
  expect(entries.map((entry) => entry.kind === 'contacts' && entry.contacts.length)).toEqual([50, 50, 21]);
  expect(told('messaging-history.set', data).at(-1)).toEqual({ jid: ANNA, lid: LID });
});

it('takes what groups are called', () => {
  expect(
    told('groups.update', [
      { id: GROUP, subject: 'Family' },
      { id: GROUP, announce: true },
    ]),
  ).toEqual([{ jid: GROUP, name: 'Family' }]);
});

it('says nothing of what comes with every message, and nothing of what is no contact', () => {
  expect(
    contactEntries('s', 'contacts.update', [
      { id: ANNA, notify: 'Anna' },
      { id: ANNA, imgUrl: 'changed' },
    ]),
  ).toEqual([]);
  expect(contactEntries('s', 'contacts.update', [{ name: 'Nobody' }, { id: '', name: 'Nobody' }])).toEqual([]);
  expect(contactEntries('s', 'chats.delete', [ANNA])).toEqual([]);
});

it('cuts names that are longer than any name', () => {
  expect(told('contacts.upsert', [{ id: ANNA, name: 'x'.repeat(10_000) }])).toEqual([{ jid: ANNA, name: 'x'.repeat(256) }]);
});
