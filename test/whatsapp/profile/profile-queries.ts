import type { Account } from '../accounts/account.js';
import type { Profile } from '../accounts/profile.js';
import type { Group } from '../groups/group.js';
import { badRequest, forbidden, itemNotFound } from '../routing/query-refused.js';
import { isGroupJid } from '../wire/jids.js';
import { stanza, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';

/** Largest profile picture; clients make theirs 640 pixels wide. */
const MAX_PICTURE_BYTES = 512 * 1024;

/** The picture of a person or group, as a URL. Throws `item-not-found` when there is none. */
export function answerPicture(world: World, target: string | undefined, wanted: Stanza | undefined): Stanza {
  const picture = pictured(world, target)?.picture;
  if (!picture) throw itemNotFound();
  const directPath = `/pp/${picture.id}`;
  const type = wanted?.attrs['type'] ?? 'preview';
  return stanza('picture', { id: picture.id, type, url: `https://${world.media.host}${directPath}`, direct_path: directPath });
}

/** Sets or (with no bytes) removes the picture of an account, or of a group that it may change; who knows them is told. */
export function changePicture(world: World, account: Account, target: string | undefined, bytes: Buffer): Stanza {
  if (bytes.length > MAX_PICTURE_BYTES) throw badRequest();
  const group = isGroupJid(target) ? world.groups.find(target) : undefined;
  if (group && (!group.has(account) || (group.locked && !group.isAdmin(account)))) throw forbidden();
  const owner: Pick<Profile, 'picture'> = group ?? account.profile;
  const id = String(Math.floor(world.clock.now().at * 1000));
  owner.picture = bytes.length > 0 ? { id, bytes } : null;
  announcePicture(world, account, group, owner.picture?.id);
  return stanza('picture', owner.picture ? { id } : {});
}

/** Sets the text under an account's name. */
export function changeAbout(world: World, account: Account, about: string): void {
  account.profile.about = about;
  account.profile.aboutSetAt = world.clock.seconds();
  world.changed();
}

function pictured(world: World, target: string | undefined): Pick<Profile, 'picture'> | undefined {
  return isGroupJid(target) ? world.groups.find(target) : world.directory.find(target)?.profile;
}

function announcePicture(world: World, account: Account, group: Group | undefined, id: string | undefined): void {
  const audience = group ? [...group.ranks.keys()] : acquaintances(world, account);
  const author = account.addressOf(0, group?.byLid ?? false);
  const change = id === undefined ? stanza('delete', { author }) : stanza('set', { id, author });
  for (const { companions } of audience) {
    for (const companion of companions.values()) {
      const from = group?.jid ?? account.jid;
      const attributes = { id: `picture-${world.clock.now().order}`, from, type: 'picture', t: world.clock.seconds() };
      world.switchboard.deliver(companion, stanza('notification', attributes, [change]));
    }
  }
  world.changed();
}

/** The account itself and everyone who ever asked for its devices. */
function acquaintances(world: World, account: Account): Account[] {
  return [...new Set([account.number, ...account.watchers])].map((number) => world.directory.byNumber(number));
}
