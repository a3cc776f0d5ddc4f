import { inflateSync } from 'node:zlib';
import { proto } from '@whiskeysockets/baileys';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Account } from '../../whatsapp/accounts/account.js';
import { historyMessages } from '../../whatsapp/phone/history.js';
import { pastSchema, spellOut } from '../../whatsapp/phone/past.js';

const NOW = 1_800_000_000;
const ann = new Account('6281200000001', '100000000000001', 'Ann');

function decoded(message: proto.IMessage): proto.HistorySync {
  const payload = message.protocolMessage?.historySyncNotification?.initialHistBootstrapInlinePayload;
  return proto.HistorySync.decode(inflateSync(payload ?? Buffer.alloc(0)));
}

test('every message of a past comes exactly once, in parts of at most 1000, newest first within its chat', () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 2_500 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(sizes, (counts) => {
      const chats = counts.map((messages, index) => ({ with: `62813000000${index}0`, messages }));
      const past = spellOut(pastSchema.parse({ chats }), NOW);
      const [bootstrap, ...parts] = historyMessages({ arrivals: [], past, account: ann, find: () => undefined }).map(decoded);
      const ids = (part: proto.HistorySync | undefined): string[] =>
        (part?.conversations ?? []).flatMap(({ messages }) => (messages ?? []).map(({ message }) => message?.key?.id ?? ''));
      for (const conversation of bootstrap?.conversations ?? []) expect(conversation.messages?.length).toBeLessThanOrEqual(50);
      for (const part of parts) expect(ids(part).length).toBeLessThanOrEqual(1_000);
      const all = [bootstrap, ...parts].flatMap(ids);
      expect(new Set(all).size).toBe(all.length);
      expect(all).toHaveLength(counts.reduce((sum, count) => sum + count, 0));
      for (const { chat, messages } of past) {
        const jid = `${chat}@s.whatsapp.net`;
        const times = [bootstrap, ...parts].flatMap((part) =>
          (part?.conversations ?? [])
            .filter(({ id }) => id === jid)
            .flatMap((each) => each.messages?.map(({ message }) => message?.key?.id) ?? []),
        );
        expect(times).toEqual(messages.map(({ id }) => id).reverse());
      }
      if (parts.length > 0) expect(parts.at(-1)?.progress).toBe(100);
    }),
    { numRuns: 8 },
  );
});
