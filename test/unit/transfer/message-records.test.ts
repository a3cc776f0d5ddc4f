import { expect, it } from 'vitest';
import { plainRecord, readMessages } from '../../../supervisor/transfer/message-records.js';
import { incoming, TODAY } from '../messages/history-setting.js';

const listOf = (...records: object[]): Buffer => Buffer.from(JSON.stringify(records));

it('reads back all that it writes of a message', () => {
  const message = incoming('A1', TODAY, {
    ...{ chatAlt: '1@lid', fromAlt: '1@lid', pushName: 'Anna', raw: 'AAEC', type: 'image', details: { bytes: 5, viewOnce: true } },
    ...{ quoted: { messageId: 'B1', content: null }, mentions: ['2@lid'], forwarded: 3 },
    ...{ editedAt: TODAY + 1, editId: 'E1', revokedAt: TODAY + 2 },
  });
  expect(readMessages('2026-11-22.json', listOf(plainRecord({ second: TODAY / 1000, n: 1, message })), [])).toEqual([message]);
  const bare = incoming('A2', TODAY);
  expect(readMessages('2026-11-22.json', listOf(plainRecord({ second: TODAY / 1000, n: 2, message: bare })), [])).toEqual([bare]);
});

it('does without what somebody else writes under these names', () => {
  const { id, from, to, type, content } = incoming('A1', TODAY);
  const strange = { details: 'x', quoted: 5, mentions: 'all', forwarded: true, editedAt: 'yesterday', editId: 1, revokedAt: 5 };
  const [read] = readMessages('x.json', listOf({ id, from, to, type, content, timestamp: '2026-11-22T00:00:00.000Z', ...strange }), []);
  expect(read).toEqual(incoming('A1', TODAY));
});
