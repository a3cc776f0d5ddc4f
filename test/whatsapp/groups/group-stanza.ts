import type { Account } from '../accounts/account.js';
import { stanza, type Stanza } from '../wire/stanza.js';
import type { Group } from './group.js';

/** Everything about a group, as clients read it. */
export function groupStanza(group: Group): Stanza {
  const { id, subject, subjectBy, subjectAt, creation, creator, addressing, ephemeral, memberAddMode } = group;
  const attributes = {
    id,
    subject,
    s_t: subjectAt,
    s_o: subjectBy.addressOf(0, group.byLid),
    s_o_pn: group.byLid ? subjectBy.jid : undefined,
    creation,
    creator: creator.addressOf(0, group.byLid),
    creator_pn: group.byLid ? creator.jid : undefined,
    addressing_mode: addressing,
    size: group.ranks.size,
  };
  const settings = [
    ...(group.locked ? [stanza('locked')] : []),
    ...(group.announcement ? [stanza('announcement')] : []),
    ...(group.approval ? [stanza('membership_approval_mode', {}, [stanza('group_join', { state: 'on' })])] : []),
    ...(ephemeral > 0 ? [stanza('ephemeral', { expiration: ephemeral })] : []),
    ...(group.description ? [descriptionStanza(group)] : []),
    stanza('member_add_mode', {}, Buffer.from(memberAddMode)),
  ];
  return stanza('group', attributes, [...settings, ...[...group.ranks.keys()].map((member) => memberStanza(group, member))]);
}

/** One member, with both addresses and the rank unless it is the plain one. */
export function memberStanza(group: Group, member: Account, error?: number): Stanza {
  const rank = group.ranks.get(member);
  const other = group.byLid ? { phone_number: member.jid } : { lid: member.lidJid };
  const type = rank === 'member' ? undefined : rank;
  return stanza('participant', { jid: member.addressOf(0, group.byLid), ...other, type, error });
}

export function descriptionStanza(group: Group): Stanza {
  const { description } = group;
  if (!description) return stanza('description', { delete: 'true' });
  const { id, by, at, text } = description;
  const attributes = { id, participant: by.addressOf(0, group.byLid), participant_pn: group.byLid ? by.jid : undefined, t: at };
  return stanza('description', attributes, [stanza('body', {}, Buffer.from(text))]);
}
