import type { proto } from '@whiskeysockets/baileys';
import type { Account } from '../accounts/account.js';
import { Group } from '../groups/group.js';
import { readKeyBundle, takeKeyBundle } from '../routing/key-bundle.js';
import { deliverTo } from '../routing/deliver.js';
import { parseJid } from '../wire/jids.js';
import { childOf, stanza, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';
import { findChat } from './chat.js';
import { encodeForOwnDevices, encodeMessage } from './message-content.js';
import type { Parcel } from './outgoing.js';
import type { Phone } from './phone.js';
import { stanzaTypeOf } from './stanza-type.js';

/** Encrypts a message for every device that is to have it, and sends it. */
export async function dispatch(world: World, phone: Phone, parcel: Parcel): Promise<void> {
  if (parcel.chat instanceof Group) return dispatchToGroup(world, phone, parcel, parcel.chat);
  const { account } = phone;
  const others = parcel.chat === account ? [] : [0, ...parcel.chat.companions.keys()];
  for (const device of others) await dispatchTo(world, phone, parcel.chat, device, parcel);
  for (const device of [...account.companions.keys()]) await dispatchTo(world, phone, account, device, parcel);
}

/** Encrypts a message for one device. */
export async function dispatchTo(world: World, phone: Phone, target: Account, device: number, parcel: Parcel): Promise<void> {
  const { id, message, chat, timestamp, retry, peer = false } = parcel;
  const { account } = phone;
  const own = target === account && !peer;
  const group = chat instanceof Group ? chat : undefined;
  // Who was blocked is not told, and not heard.
  if (!group && target.blocked.has(account.number)) return;
  const wrapped = own && !group;
  const enc = await encrypt(world, phone, target, device, wrapped ? encodeForOwnDevices(message, chat.jid) : encodeMessage(message));
  if (!enc) return;
  const { type, mediatype, edit } = stanzaTypeOf(message);
  const attributes = {
    ...(group ? groupAddress(group, account) : { from: account.jid, sender_lid: account.lidJid }),
    id,
    t: timestamp,
    type,
    edit,
    notify: account.name,
    recipient: wrapped ? chat.jid : undefined,
    category: peer ? 'peer' : undefined,
  };
  const marked = { ...enc, attrs: { ...enc.attrs, ...(retry !== undefined && { count: retry }), ...(mediatype && { mediatype }) } };
  deliverTo(world, target, device, stanza('message', attributes, [marked]));
}

/** Repeats a message for a device that could not read it. */
export async function dispatchAgain(world: World, phone: Phone, receipt: Stanza): Promise<void> {
  const { id = '', from, participant = from } = receipt.attrs;
  const asking = world.directory.find(participant);
  const kept = phone.sent.get(id);
  const device = parseJid(participant)?.device ?? 0;
  const chat = kept && findChat(world, kept.to);
  if (!asking || !chat) return;
  const bundle = readKeyBundle(receipt) ?? takeKeyBundle(world, asking, device);
  if (!bundle) return;
  await phone.signal.open(asking.lid, device, bundle);
  const message = phone.readSent(kept);
  const parcel = { id, message, chat, timestamp: kept.timestamp, retry: childOf(receipt, 'retry')?.attrs['count'] ?? '1' };
  if (!(chat instanceof Group)) return dispatchTo(world, phone, asking, device, parcel);
  const withKey = { ...message, senderKeyDistributionMessage: await distributionFor(phone, chat) };
  return dispatchTo(world, phone, asking, device, { ...parcel, message: withKey });
}

async function dispatchToGroup(world: World, phone: Phone, { id, message, timestamp }: Parcel, group: Group): Promise<void> {
  const { account } = phone;
  const { type, mediatype, edit } = stanzaTypeOf(message);
  const attributes = { ...groupAddress(group, account), id, t: timestamp, type, edit, notify: account.name };
  const { body, distribution } = await phone.senderKeys.encrypt(group.jid, encodeMessage(message));
  const shared = stanza('enc', { v: 2, type: 'skmsg', mediatype }, body);
  const handOut = encodeMessage({
    senderKeyDistributionMessage: { groupId: group.jid, axolotlSenderKeyDistributionMessage: distribution },
  });
  for (const member of [...group.ranks.keys()]) {
    for (const device of [...(member === account ? [] : [0]), ...member.companions.keys()]) {
      const lacksKey = phone.senderKeys.handOver(group.jid, `${member.lid}:${device}`);
      const key = lacksKey ? await encrypt(world, phone, member, device, handOut) : undefined;
      deliverTo(world, member, device, stanza('message', attributes, key ? [key, shared] : [shared]));
    }
  }
}

async function encrypt(world: World, phone: Phone, target: Account, device: number, plaintext: Buffer): Promise<Stanza | undefined> {
  if (!phone.signal.has(target.lid, device)) {
    const bundle = takeKeyBundle(world, target, device);
    if (!bundle) return undefined;
    await phone.signal.open(target.lid, device, bundle);
  }
  const { type, body } = await phone.signal.encrypt(target.lid, device, plaintext);
  return stanza('enc', { v: 2, type }, body);
}

async function distributionFor(phone: Phone, group: Group): Promise<proto.Message.ISenderKeyDistributionMessage> {
  return { groupId: group.jid, axolotlSenderKeyDistributionMessage: await phone.senderKeys.distribution(group.jid) };
}

function groupAddress(group: Group, author: Account): Record<string, string> {
  const other = group.byLid ? { participant_pn: author.jid } : { participant_lid: author.lidJid };
  return { from: group.jid, participant: author.addressOf(0, group.byLid), addressing_mode: group.addressing, ...other };
}
