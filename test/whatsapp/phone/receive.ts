import { proto } from '@whiskeysockets/baileys';
import type { Account } from '../accounts/account.js';
import type { Group } from '../groups/group.js';
import { bundleStanzas, takeKeyBundle } from '../routing/key-bundle.js';
import { relayReceipt, relayRetry } from '../routing/relay-receipt.js';
import { isGroupJid, parseJid } from '../wire/jids.js';
import { bigEndian, bytesOf, childrenOf, stanza, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';
import type { Chat } from './chat.js';
import { isVisible, readMessage, type MessageContent } from './message-content.js';
import { detailsOf } from './message-details.js';
import type { Phone } from './phone.js';

const MAX_RETRIES = 5;

/** Who wrote a message that reached a phone, from which device, and where. */
interface Origin {
  readonly sender: Account;
  readonly device: number;
  readonly group: Group | undefined;
}

/** Decrypts, shows and confirms a message; asks for it again when it cannot be read. */
export async function receiveMessage(world: World, phone: Phone, node: Stanza): Promise<void> {
  const { id = '', from, participant = from } = node.attrs;
  const { account } = phone;
  const sender = world.directory.find(participant);
  const group = isGroupJid(from) ? world.groups.find(from) : undefined;
  const ciphertexts = childrenOf(node).filter(({ tag }) => tag === 'enc');
  if (!sender || ciphertexts.length === 0) return;
  const origin = { sender, device: parseJid(participant)?.device ?? 0, group };
  let content: MessageContent | undefined;
  try {
    for (const enc of ciphertexts) content = await open(phone, origin, enc);
  } catch (error) {
    world.traces.add(id, 'undecryptable', account.jid, error instanceof Error ? error.message : null);
    return askAgain(world, phone, node, origin);
  }
  if (!content) return;
  world.traces.add(id, 'decrypted', account.jid);
  if (isVisible(content)) await show(world, phone, node, origin, content);
  if (sender !== account) relayReceipt(world, { from: account, to: sender, ids: [id], ...(group && { group }) });
}

async function open(phone: Phone, { sender, device, group }: Origin, enc: Stanza): Promise<MessageContent> {
  const type = enc.attrs['type'] ?? '';
  const body = bytesOf(enc);
  const shared = type === 'skmsg';
  const plaintext = shared
    ? await phone.senderKeys.decrypt(group?.jid ?? '', sender.lid, device, body)
    : await phone.signal.decrypt(sender.lid, device, type, body);
  const content = readMessage(plaintext);
  if (content.senderKey) await phone.senderKeys.take(content.senderKey.groupId, sender.lid, device, content.senderKey.bytes);
  return content;
}

async function show(world: World, phone: Phone, node: Stanza, { sender, device, group }: Origin, content: MessageContent): Promise<void> {
  const { id = '', t = '0', recipient } = node.attrs;
  const { account } = phone;
  const fromMe = sender === account;
  const destination = content.destination ?? recipient;
  const chat: Chat | undefined = group ?? (fromMe ? world.directory.find(destination) : sender);
  const chatId = chat?.chatId ?? parseJid(destination)?.user ?? '';
  phone.memory.keep({ id, chat: chatId, sender: sender.number, bytes: Buffer.from(proto.Message.encode(content.message).finish()) });
  const details = await detailsOf(content, { world, memory: phone.memory, sender, chat });
  const { shown } = phone.mailbox.take({
    ...world.clock.now(),
    id,
    chat: chatId,
    sender: sender.number,
    senderDevice: device,
    fromMe,
    text: content.text,
    content: content.kind,
    details,
    timestamp: Number(t),
  });
  world.stats.count('messages', 'arrived');
  if (shown) world.stats.count('messages', 'shown');
  world.traces.add(id, shown ? 'shown' : 'repeated', account.jid);
}

function askAgain(world: World, phone: Phone, node: Stanza, { sender, device, group }: Origin): void {
  const { id = '', t, recipient } = node.attrs;
  const count = phone.countRetry(`${sender.number}:${device} ${id}`);
  if (count > MAX_RETRIES) return;
  world.stats.count('retries', 'phone');
  const bundle = takeKeyBundle(world, phone.account, 0);
  const children = [
    stanza('retry', { count, id, t, v: 1, error: 0 }),
    stanza('registration', {}, bigEndian(phone.keys.registrationId, 4)),
    // The first request asks the sender to fetch the keys itself.
    ...(count > 1 && bundle ? [stanza('keys', {}, bundleStanzas(bundle))] : []),
  ];
  relayRetry(world, { from: phone.account, fromDevice: 0, to: sender, toDevice: device, id, recipient, children, ...(group && { group }) });
}
