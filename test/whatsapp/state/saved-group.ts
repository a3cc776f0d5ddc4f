import { Group, type Addressing, type Rank } from '../groups/group.js';
import type { World } from '../world.js';

/** A group as the state file keeps it. Persons are phone numbers. */
export interface SavedGroup {
  readonly id: string;
  readonly subject: string;
  readonly subjectBy: string;
  readonly subjectAt: number;
  readonly creator: string;
  readonly creation: number;
  readonly addressing: Addressing;
  readonly inviteCode: string;
  readonly description: { readonly id: string; readonly text: string; readonly by: string; readonly at: number } | null;
  readonly picture: { readonly id: string; readonly bytes: string } | null;
  readonly locked: boolean;
  readonly announcement: boolean;
  readonly memberAddMode: 'admin_add' | 'all_member_add';
  readonly approval: boolean;
  readonly ephemeral: number;
  readonly ranks: readonly (readonly [string, Rank])[];
  readonly requests: readonly string[];
}

/** A group, ready for JSON. */
export function saveGroup(group: Group): SavedGroup {
  const { id, subject, subjectBy, subjectAt, creator, creation, addressing, inviteCode, description, picture } = group;
  const { locked, announcement, memberAddMode, approval, ephemeral, ranks, requests } = group;
  return {
    ...{ id, subject, subjectAt, creation, addressing, inviteCode, locked, announcement, memberAddMode, approval, ephemeral },
    subjectBy: subjectBy.number,
    creator: creator.number,
    description: description && { ...description, by: description.by.number },
    picture: picture && { id: picture.id, bytes: picture.bytes.toString('base64') },
    ranks: [...ranks].map(([{ number }, rank]) => [number, rank]),
    requests: [...requests].map(({ number }) => number),
  };
}

/** Puts a saved group back into a world that has its members already. */
export function restoreGroup(world: World, saved: SavedGroup): void {
  const person = (number: string) => world.directory.byNumber(number);
  const { id, subject, addressing, creation, inviteCode, description, picture, ranks, requests } = saved;
  const { subjectAt, locked, announcement, memberAddMode, approval, ephemeral } = saved;
  const group = new Group(id, { subject, addressing, creation, creator: person(saved.creator) }, inviteCode);
  Object.assign(group, { subjectAt, locked, announcement, memberAddMode, approval, ephemeral });
  group.subjectBy = person(saved.subjectBy);
  group.description = description && { ...description, by: person(description.by) };
  group.picture = picture && { id: picture.id, bytes: Buffer.from(picture.bytes, 'base64') };
  // The creator may have left.
  group.ranks.clear();
  for (const [number, rank] of ranks) group.ranks.set(person(number), rank);
  for (const number of requests) group.requests.add(person(number));
  world.groups.add(group);
}
