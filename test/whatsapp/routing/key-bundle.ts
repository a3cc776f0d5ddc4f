import type { Account } from '../accounts/account.js';
import type { Companion, SignedPreKey } from '../accounts/companion.js';
import type { PreKey } from '../accounts/pre-key-shelf.js';
import { SERVER_JID } from '../wire/jids.js';
import { bigEndian, bytesOf, childOf, stanza, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';

/** The public keys that start a Signal session with a device. The one-time key may be missing. */
export interface KeyBundle {
  readonly registrationId: number;
  readonly identity: Buffer;
  readonly signedPreKey: SignedPreKey;
  readonly preKey?: PreKey | undefined;
}

/** Below this many one-time keys a device is told to upload more. */
const LOW_KEYS = 5;
const KEY_TYPE = Buffer.from([5]);

/** The keys of a phone or of a linked device; a linked device gives away one of its one-time keys. Undefined for an unknown device. */
export function takeKeyBundle(world: World, account: Account, device: number): KeyBundle | undefined {
  if (device === 0) {
    const { identity, registrationId, signedPreKey } = account.phone.keys;
    const { id, pair, signature } = signedPreKey;
    return { registrationId, identity: identity.public, signedPreKey: { id, value: pair.public, signature } };
  }
  const companion = account.companions.get(device);
  if (!companion) return undefined;
  const { registrationId, identity, signedPreKey } = companion.keys;
  const preKey = companion.preKeys.take();
  world.changed();
  if (preKey && companion.preKeys.count < LOW_KEYS) announceLowKeys(world, companion);
  return { registrationId, identity, signedPreKey, preKey };
}

function announceLowKeys(world: World, companion: Companion): void {
  const attributes = { id: `keys-${world.clock.now().order}`, from: SERVER_JID, type: 'encrypt', t: world.clock.seconds() };
  const count = stanza('count', { value: companion.preKeys.count });
  world.switchboard.deliver(companion, stanza('notification', attributes, [count]));
}

/** The children of a `<user>` or `<keys>` node that carry a bundle. */
export function bundleStanzas(bundle: KeyBundle): Stanza[] {
  const { identity, signedPreKey, preKey } = bundle;
  return [
    stanza('type', {}, KEY_TYPE),
    stanza('identity', {}, identity),
    stanza('skey', {}, [
      stanza('id', {}, bigEndian(signedPreKey.id, 3)),
      stanza('value', {}, signedPreKey.value),
      stanza('signature', {}, signedPreKey.signature),
    ]),
    ...(preKey ? [stanza('key', {}, [stanza('id', {}, bigEndian(preKey.id, 3)), stanza('value', {}, preKey.value)])] : []),
  ];
}

/** Reads `<id/><value/>` with an optional signature. */
export function readKey(node: Stanza | undefined): SignedPreKey {
  const id = bytesOf(childOf(node, 'id'));
  return {
    id: id.length === 3 ? id.readUIntBE(0, 3) : 0,
    value: bytesOf(childOf(node, 'value')),
    signature: bytesOf(childOf(node, 'signature')),
  };
}

/** The bundle inside a retry receipt; undefined when it carries none. */
export function readKeyBundle(receipt: Stanza): KeyBundle | undefined {
  const keys = childOf(receipt, 'keys');
  const identity = bytesOf(childOf(keys, 'identity'));
  const registration = bytesOf(childOf(receipt, 'registration'));
  if (identity.length !== 32 || registration.length !== 4) return undefined;
  const oneTime = childOf(keys, 'key');
  return {
    registrationId: registration.readUInt32BE(),
    identity,
    signedPreKey: readKey(childOf(keys, 'skey')),
    preKey: oneTime && readKey(oneTime),
  };
}
