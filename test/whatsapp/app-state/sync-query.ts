import type { Account } from '../accounts/account.js';
import type { Companion } from '../accounts/companion.js';
import { SERVER_JID } from '../wire/jids.js';
import { bytesOf, childOf, childrenOf, stanza, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';

const CONFLICT = 409;

/** Takes the patches of a device and gives it those it lacks. A patch on an outdated version is refused with what came before it. */
export function answerSync(world: World, companion: Companion, sync: Stanza | undefined): Stanza[] {
  return [
    stanza(
      'sync',
      {},
      childrenOf(sync).map((collection) => answerCollection(world, companion, collection)),
    ),
  ];
}

function answerCollection(world: World, companion: Companion, collection: Stanza): Stanza {
  const { name = '', version = '0' } = collection.attrs;
  const { collections } = companion.account;
  const patch = childOf(collection, 'patch');
  const base = Number(version);
  const taken = patch !== undefined && collections.add(name, base, bytesOf(patch));
  const refused = patch !== undefined && !taken;
  if (taken) {
    world.stats.count('appState', name);
    announcePatch(world, companion.account, name, companion);
    world.changed();
  }
  const missing = taken ? [] : collections.since(name, base);
  const patches =
    missing.length > 0
      ? [
          stanza(
            'patches',
            {},
            missing.map((bytes) => stanza('patch', {}, bytes)),
          ),
        ]
      : [];
  const error = refused ? [stanza('error', { code: CONFLICT, text: 'conflict' })] : [];
  const attributes = { name, version: collections.version(name), type: refused ? 'error' : undefined };
  return stanza('collection', attributes, [...patches, ...error]);
}

/** Tells the devices of an account that a collection has a new patch; the one that made it knows. */
export function announcePatch(world: World, account: Account, name: string, author?: Companion): void {
  for (const companion of account.companions.values()) {
    if (companion === author) continue;
    const attributes = { id: `sync-${world.clock.now().order}`, from: SERVER_JID, type: 'server_sync', t: world.clock.seconds() };
    const collection = stanza('collection', { name, version: account.collections.version(name) });
    world.switchboard.deliver(companion, stanza('notification', attributes, [collection]));
  }
}
