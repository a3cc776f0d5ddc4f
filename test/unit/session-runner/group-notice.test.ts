import { expect, test } from 'vitest';
import { proto } from '../../../session-runner/baileys.js';
import { describeNotice } from '../../../session-runner/messages/group-notice.js';

const { StubType } = proto.WebMessageInfo;
const LID = '100000000000002@lid';
const JID = '6281200000002@s.whatsapp.net';

test.each([
  ['by LID, with the number', { id: LID, phoneNumber: JID }, [{ jid: JID, lid: LID }]],
  ['by number, with the LID', { id: JID, lid: LID }, [{ jid: JID, lid: LID }]],
  ['by LID alone', { id: LID }, [{ jid: LID, lid: LID }]],
  ['by number alone, with a device', { id: '6281200000002:7@s.whatsapp.net' }, [{ jid: JID }]],
  ['by nothing', { phoneNumber: 5 }, []],
])('a participant is known %s', (_name, given, participants) => {
  expect(describeNotice(StubType.GROUP_PARTICIPANT_ADD, [JSON.stringify(given)])).toEqual({ content: null, details: { participants } });
});

test('a request to join says who asks and what became of it', () => {
  const who = JSON.stringify({ lid: LID, pn: JID });
  expect(describeNotice(StubType.GROUP_MEMBERSHIP_JOIN_APPROVAL_REQUEST_NON_ADMIN_ADD, [who, 'rejected'])).toEqual({
    content: null,
    details: { participants: [{ jid: JID, lid: LID }], request: 'rejected' },
  });
});

test('who changed the number is named by the old one', () => {
  expect(describeNotice(StubType.GROUP_PARTICIPANT_CHANGE_NUMBER, [JID])).toEqual({
    content: null,
    details: { participants: [{ jid: JID }] },
  });
});

test.each([undefined, null, [], [undefined], [null], [5], ['{'], ['[]'], ['null'], [''], [{}], ['x'.repeat(100_000)]])(
  'nonsense is described without failing, and without growing: %#',
  (given) => {
    for (const stub of Object.values(StubType).filter((value) => typeof value === 'number')) {
      expect(JSON.stringify(describeNotice(stub, given)).length).toBeLessThan(5_000);
    }
  },
);

test('more participants than a group has are left out', () => {
  const { details } = describeNotice(
    StubType.GROUP_PARTICIPANT_ADD,
    Array.from({ length: 5_000 }, () => JSON.stringify({ id: LID })),
  );
  expect(details?.['participants']).toHaveLength(1_024);
});
