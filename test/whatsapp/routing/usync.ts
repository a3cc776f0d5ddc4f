import type { Account } from '../accounts/account.js';
import { LID_SERVER, parseJid } from '../wire/jids.js';
import { bytesOf, childOf, childrenOf, stanza, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';

type Protocol = (account: Account | undefined, askedByLid: boolean) => Stanza | undefined;

/** The parts of a contact that can be asked for, by the name of the query's child. */
const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  contact: (account) => stanza('contact', { type: account ? 'in' : 'out' }),
  // Asked by LID, the answer would map the LID to itself.
  lid: (account, askedByLid) => (account && !askedByLid ? stanza('lid', { val: account.lidJid }) : undefined),
  status: (account) => account && stanza('status', { t: account.profile.aboutSetAt }, Buffer.from(account.profile.about)),
  disappearing_mode: (account) => account && stanza('disappearing_mode', { duration: 0, t: 0 }),
  devices: (account) => account && stanza('devices', {}, [stanza('device-list', {}, devicesOf(account))]),
};

function devicesOf(account: Account): Stanza[] {
  const linked = [...account.companions.values()].map(({ device, keyIndex }) => stanza('device', { id: device, 'key-index': keyIndex }));
  return [stanza('device', { id: 0 }), ...linked];
}

/** Answers a contact query. Numbers without a phone are out: neither LID nor devices. */
export function answerUsync(world: World, node: Stanza, asker: Account): Stanza[] {
  const usync = childOf(node, 'usync');
  const asked = childrenOf(childOf(usync, 'query')).map(({ tag }) => tag);
  const users = childrenOf(childOf(usync, 'list')).map((user) => {
    const phone = bytesOf(childOf(user, 'contact')).toString().replace(/\D/g, '');
    const jid = user.attrs['jid'] ?? `${phone}@s.whatsapp.net`;
    const account = world.directory.find(jid);
    if (asked.includes('devices')) account?.watchers.add(asker.number);
    const byLid = parseJid(jid)?.server === LID_SERVER;
    return stanza(
      'user',
      { jid },
      asked.flatMap((name) => PROTOCOLS[name]?.(account, byLid) ?? []),
    );
  });
  return [stanza('usync', {}, [stanza('result'), stanza('list', {}, users)])];
}
