import { answerSync } from '../app-state/sync-query.js';
import type { Companion } from '../accounts/companion.js';
import { matchesStanza, targets } from '../faults/matching.js';
import { answerGroupQuery } from '../groups/group-queries.js';
import { answerBlockList, changeBlockList } from '../profile/block-list.js';
import { answerPicture, changeAbout, changePicture } from '../profile/profile-queries.js';
import type { Connection } from '../server/connection.js';
import { parseJid, SERVER_JID } from '../wire/jids.js';
import { bytesOf, childOf, childrenOf, stanza, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';
import { readKey } from './key-bundle.js';
import { answerBundles, answerDigest, uploadKeys } from './key-queries.js';
import { QueryRefused } from './query-refused.js';
import { answerRestriction } from './restriction.js';
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

/** Queries of linked devices, by xmlns/type/child. What is not here, and no query about groups, is counted and gets a plain result. */
const LINKED: Readonly<Record<string, Linked>> = {
  'encrypt/get/count': (_query, { preKeys }) => [stanza('count', { value: preKeys.count })],
  'encrypt/get/digest': (_query, companion) => [answerDigest(companion)],
  'encrypt/get/key': ({ world, child }) => [stanza('list', {}, answerBundles(world, child))],
  'encrypt/set/registration': ({ world, node }, companion) => {
    uploadKeys(world, companion, node);
    return undefined;
  },
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
  'blocklist/get/': ({ world }, { account }) => [answerBlockList(world, account)],
  'blocklist/set/item': ({ world, child }, companion) => [changeBlockList(world, companion, child)],
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
  'status/set/status': ({ world, child }, { account }) => {
    changeAbout(world, account, bytesOf(child).toString());
    return undefined;
  },
  'w:stats//add': plain,
  'w:sync:app:state/set/sync': ({ world, child }, companion) => answerSync(world, companion, child),
  'w:profile:picture/get/picture': ({ world, node, child }) => [answerPicture(world, node.attrs['target'], child)],
  'w:profile:picture/set/picture': ({ world, node, child }, { account }) => [
    changePicture(world, account, node.attrs['target'], bytesOf(child)),
  ],
  'w:profile:picture/set/': ({ world, node }, { account }) => [changePicture(world, account, node.attrs['target'], Buffer.alloc(0))],
  'w:biz/get/business_profile': () => [stanza('business_profile')],
  'w:m/set/media_conn': ({ world: { media } }) => {
    const host = stanza('host', { hostname: media.host, type: 'primary', maxContentLengthBytes: 2 ** 31 });
    return [stanza('media_conn', { auth: media.auth, ttl: 3600, auth_ttl: 3600, max_buckets: 12 }, [host])];
  },
  'w:mex/get/query': ({ world, child }, { account }) => answerRestriction(world, account, child),
};

/** Answers a query from a client. */
export function answerIq(world: World, connection: Connection, node: Stanza): void {
  const { id, type, xmlns, to } = node.attrs;
  if (type === 'result' || type === 'error') return;
  const [child] = childrenOf(node);
  const key = `${xmlns ?? ''}/${type ?? ''}/${child?.tag ?? ''}`;
  const from = xmlns === 'w:g2' ? to : SERVER_JID;
  try {
    refuseAsTold(world, connection, node);
    const answer = find(key, { world, connection, node, child });
    connection.send(stanza('iq', { id, from, type: 'result' }, answer && [...answer]));
  } catch (error) {
    if (!(error instanceof QueryRefused)) throw error;
    world.stats.count('refusedIqs', `${key} ${error.code}`);
    connection.send(stanza('iq', { id, from, type: 'error' }, [stanza('error', { code: error.code, text: error.message })]));
  }
  const { companion } = connection;
  // What it missed follows the confirmation that it may come.
  if (key === 'passive/set/active' && companion) world.switchboard.startReceiving(companion);
  if (key === 'passive/set/passive' && companion) companion.receiving = false;
}

function refuseAsTold(world: World, connection: Connection, node: Stanza): void {
  const fault = world.faults.strike(
    'refuse-query',
    ({ match, target }) => targets(target, connection.subject) && matchesStanza(match, node),
  );
  if (fault) throw new QueryRefused(fault.error, 'refused by a fault');
}

function find(key: string, query: Query): Answer {
  const { world, connection, node } = query;
  const { companion } = connection;
  const unpaired = UNPAIRED[key];
  if (unpaired) return unpaired(query);
  const linked = companion && LINKED[key];
  if (linked) return linked(query, companion);
  const aboutGroups = companion && node.attrs['xmlns'] === 'w:g2' ? answerGroupQuery(world, companion.account, node) : undefined;
  if (!aboutGroups) world.stats.count('unknownIqs', key);
  return aboutGroups;
}

function linkCode({ world, connection, child }: Query): Answer {
  const { stage, jid } = child?.attrs ?? {};
  if (stage === 'companion_finish' && child) world.pairing.finish(connection, child);
  if (stage !== 'companion_hello') return undefined;
  const wrapped = bytesOf(childOf(child, 'link_code_pairing_wrapped_companion_ephemeral_pub'));
  const ref = world.pairing.hello(connection, parseJid(jid)?.user ?? '', wrapped);
  return [stanza('link_code_companion_reg', {}, [stanza('link_code_pairing_ref', {}, ref)])];
}
