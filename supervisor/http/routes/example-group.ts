import type { z } from 'zod';
import type { ShownGroup, ShownGroupSummary } from '../schemas/group.js';

const ALICE = { jid: '6281200000001@s.whatsapp.net', lid: '100000000000001@lid', phoneNumber: '+6281200000001' };
const BOB = { jid: '6281200000002@s.whatsapp.net', lid: '100000000000002@lid', phoneNumber: '+6281200000002' };

export const EXAMPLE_GROUP_SUMMARY: z.input<typeof ShownGroupSummary> = {
  jid: '120363000000000001@g.us',
  subject: 'Lunch',
  subjectSetAt: '2026-11-22T16:19:13.000Z',
  subjectSetBy: ALICE,
  description: null,
  owner: ALICE,
  createdAt: '2026-11-22T16:19:13.000Z',
  size: 2,
  addressing: 'lid',
  announce: false,
  locked: false,
  ephemeralSeconds: 0,
  joinApproval: false,
  memberAdd: 'admins',
  community: null,
};

export const EXAMPLE_GROUP: z.input<typeof ShownGroup> = {
  ...EXAMPLE_GROUP_SUMMARY,
  participants: [
    { ...ALICE, rank: 'superadmin' },
    { ...BOB, rank: 'member' },
  ],
};

export const EXAMPLE_MEMBER = BOB;
