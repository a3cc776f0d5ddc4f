import { createHash } from 'node:crypto';
import type { Companion } from '../accounts/companion.js';
import type { Connection } from '../server/connection.js';
import { parseJid, SERVER_JID } from '../wire/jids.js';
import { bigEndian, bytesOf, childOf, childrenOf, stanza, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';
import { bundleStanzas, readKey, takeKeyBundle } from './key-bundle.js';
import { unlink } from './unlink.js';
import { answerUsync } from './usync.js';

interface Query {
  readonly world: World;
  readonly connection: Connection;
  readonly node: Stanza;
  /** The first child. */
  readonly child: Stanza | undefined;
}

type Answer = readonly Stanza[] | undefined;
type Unpaired = (query: Query) => Answer;
type Linked = (query: Query, companion: Companion) => Answer;

const plain = (): Answer => undefined;

const PRIVACY = { readreceipts: 'all', profile: 'all', status: 'all', online: 'all', last: 'all', groupadd: 'all', calladd: 'all' };

/** Queries that need no login, by xmlns/type/child. */
const UNPAIRED: Readonly<Record<string, Unpaired>> = {
  'w:p/get/ping': plain,
  'md/set/link_code_companion_reg': linkCode,
};

/** Queries of linked devices, by xmlns/type/child. What is not here is counted and gets a plain result. */
const LINKED: Readonly<Record<string, Linked>> = {
  'encrypt/get/count': (_query, { preKeys }) => [stanza('count', { value: preKeys.count })],
  'encrypt/get/digest': (_query, companion) => [digest(companion)],
  'encrypt/get/key': ({ world, child }) => [stanza('list', {}, bundles(world, child))],
  'encrypt/set/registration': uploadKeys,
  'encrypt/set/rotate': ({ world, child }, { keys }) => {
    keys.signedPreKey = readKey(childOf(child, 'skey'));
    world.changed();
    return undefined;
  },
  'passive/set/active': plain,
  'passive/set/passive': plain,
  'usync/get/usync': ({ world, node }, { account }) => answerUsync(world, node, account),
  'md/set/remove-companion-device': ({ world, child }, companion) => {
    const named = world.directory.companion(child?.attrs['jid']) ?? companion;
    if (named.account === companion.account) unlink(world, named);
    return undefined;
  },
  'abt/get/props': () => [stanza('props', { protocol: 1, hash: 'simulated' })],
  'blocklist/get/': () => [stanza('list')],
  'blocklist/set/item': () => [stanza('list')],
  'privacy/get/privacy': () => [
    stanza(
      'privacy',
      {},
      Object.entries(PRIVACY).map(([name, value]) => stanza('category', { name, value })),
    ),
  ],
  'privacy/set/privacy': plain,
  'privacy/set/tokens': plain,
  'urn:xmpp:whatsapp:dirty/set/clean': plain,
  'disappearing_mode/set/disappearing_mode': plain,
  'status/set/status': plain,
  'w:stats//add': plain,
  'w:sync:app:state/set/sync': ({ child }) => [
    stanza(
      'sync',
      {},
      childrenOf(child).map(({ attrs }) => stanza('collection', { name: attrs['name'], version: attrs['version'] })),
    ),
  ],
  'w:profile:picture/get/picture': () => [stanza('picture')],
  'w:profile:picture/set/picture': plain,
  'w:biz/get/business_profile': () => [stanza('business_profile')],
  'w:m/set/media_conn': () => [stanza('media_conn', { auth: 'simulated', ttl: 3600, auth_ttl: 3600, max_buckets: 12 })],
};

/** Answers a query from a client. */
export function answerIq(world: World, connection: Connection, node: Stanza): void {
  const { id, type, xmlns } = node.attrs;
  if (type === 'result' || type === 'error') return;
  const [child] = childrenOf(node);
  const key = `${xmlns ?? ''}/${type ?? ''}/${child?.tag ?? ''}`;
  const query = { world, connection, node, child };
  const { companion } = connection;
  if (UNPAIRED[key] === undefined && (!companion || LINKED[key] === undefined)) world.stats.count('unknownIqs', key);
  const answer = UNPAIRED[key]?.(query) ?? (companion ? LINKED[key]?.(query, companion) : undefined);
  connection.send(stanza('iq', { id, from: SERVER_JID, type: 'result' }, answer && [...answer]));
  // What it missed follows the confirmation that it may come.
  if (key === 'passive/set/active' && companion) world.switchboard.startReceiving(companion);
  if (key === 'passive/set/passive' && companion) companion.receiving = false;
}

function linkCode({ world, connection, child }: Query): Answer {
  const { stage, jid } = child?.attrs ?? {};
  if (stage === 'companion_finish' && child) world.pairing.finish(connection, child);
  if (stage !== 'companion_hello') return undefined;
  const wrapped = bytesOf(childOf(child, 'link_code_pairing_wrapped_companion_ephemeral_pub'));
  const ref = world.pairing.hello(connection, parseJid(jid)?.user ?? '', wrapped);
  return [stanza('link_code_companion_reg', {}, [stanza('link_code_pairing_ref', {}, ref)])];
}

function uploadKeys({ world, node }: Query, { keys, preKeys }: Companion): Answer {
  preKeys.add(childrenOf(childOf(node, 'list')).map(readKey));
  keys.signedPreKey = readKey(childOf(node, 'skey'));
  world.changed();
  return undefined;
}

function bundles(world: World, wanted: Stanza | undefined): Stanza[] {
  return childrenOf(wanted).flatMap(({ attrs }) => {
    const account = world.directory.find(attrs['jid']);
    const bundle = account && takeKeyBundle(world, account, parseJid(attrs['jid'])?.device ?? 0);
    if (!bundle) return [];
    const registration = stanza('registration', {}, bigEndian(bundle.registrationId, 4));
    return [stanza('user', { jid: attrs['jid'], t: world.clock.seconds() }, [registration, ...bundleStanzas(bundle)])];
  });
}

function digest({ keys, preKeys }: Companion): Stanza {
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
