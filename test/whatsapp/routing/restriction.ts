import type { Account } from '../accounts/account.js';
import { SERVER_JID } from '../wire/jids.js';
import { stanza, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';

/** What WhatsApp's query for the reach-out limit is called by clients of this version. */
const REACH_OUT_QUERY = '23983697327930364';

/** Forbids an account to write to strangers until a moment (seconds since the epoch), or allows it again; its devices are told. */
export function restrict(world: World, account: Account, until: number | null): void {
  account.restrictedUntil = until;
  const update = { data: { xwa2_notify_account_reachout_timelock: restrictionOf(world, account) } };
  const attributes = { id: `mex-${world.clock.now().order}`, from: SERVER_JID, type: 'mex', t: world.clock.seconds() };
  const child = stanza('update', { op_name: 'NotificationUserReachoutTimelockUpdate' }, Buffer.from(JSON.stringify(update)));
  for (const companion of account.companions.values()) world.switchboard.deliver(companion, stanza('notification', attributes, [child]));
  world.changed();
}

/** Answers the one GraphQL query that is known; others get an empty answer and are counted. */
export function answerRestriction(world: World, account: Account, query: Stanza | undefined): Stanza[] {
  const id = query?.attrs['query_id'] ?? '';
  if (id !== REACH_OUT_QUERY) world.stats.count('unknownIqs', `w:mex/get/query ${id}`);
  const data = id === REACH_OUT_QUERY ? { xwa2_fetch_account_reachout_timelock: restrictionOf(world, account) } : {};
  return [stanza('result', {}, Buffer.from(JSON.stringify({ data })))];
}

function restrictionOf(world: World, { restrictedUntil }: Account): object {
  const active = (restrictedUntil ?? 0) > world.clock.seconds();
  return { is_active: active, time_enforcement_ends: active ? String(restrictedUntil) : '0', enforcement_type: 'DEFAULT' };
}
