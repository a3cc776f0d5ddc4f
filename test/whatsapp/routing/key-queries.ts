import { createHash } from 'node:crypto';
import type { Companion } from '../accounts/companion.js';
import { parseJid } from '../wire/jids.js';
import { bigEndian, childOf, childrenOf, stanza, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';
import { bundleStanzas, readKey, takeKeyBundle } from './key-bundle.js';

/** Takes the keys that a device uploads. */
export function uploadKeys(world: World, { keys, preKeys }: Companion, node: Stanza): void {
  preKeys.add(childrenOf(childOf(node, 'list')).map(readKey));
  keys.signedPreKey = readKey(childOf(node, 'skey'));
  world.changed();
}

/** The key bundles of the devices that are asked for. */
export function answerBundles(world: World, wanted: Stanza | undefined): Stanza[] {
  return childrenOf(wanted).flatMap(({ attrs }) => {
    const account = world.directory.find(attrs['jid']);
    const bundle = account && takeKeyBundle(world, account, parseJid(attrs['jid'])?.device ?? 0);
    if (!bundle) return [];
    const registration = stanza('registration', {}, bigEndian(bundle.registrationId, 4));
    return [stanza('user', { jid: attrs['jid'], t: world.clock.seconds() }, [registration, ...bundleStanzas(bundle)])];
  });
}

/** What the server has of a device's keys, for the device to compare. */
export function answerDigest({ keys, preKeys }: Companion): Stanza {
  const ids = preKeys.ids().map((id) => stanza('id', {}, bigEndian(id, 3)));
  const hash = createHash('sha1').update(keys.identity).update(keys.signedPreKey.value).update(preKeys.packed()).digest();
  return stanza('digest', {}, [
    stanza('registration', {}, bigEndian(keys.registrationId, 4)),
    stanza('type', {}, Buffer.from([5])),
    stanza('identity', {}, keys.identity),
    stanza('skey', {}, [stanza('id', {}, bigEndian(keys.signedPreKey.id, 3))]),
    stanza('list', {}, ids),
    stanza('hash', {}, hash),
  ]);
}
