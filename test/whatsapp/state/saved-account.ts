import { decodeBinaryNode, encodeBinaryNode } from '@whiskeysockets/baileys';
import { Account } from '../accounts/account.js';
import { Collections } from '../app-state/collections.js';
import { Companion } from '../accounts/companion.js';
import type { DeliveryQueue } from '../accounts/delivery-queue.js';
import { PreKeyShelf } from '../accounts/pre-key-shelf.js';
import { Mailbox, type Arrival, type ReceiptSeen } from '../phone/mailbox.js';
import { Memory } from '../phone/memory.js';
import type { Past } from '../phone/past.js';
import { Phone } from '../phone/phone.js';
import { SenderKeys } from '../phone/sender-keys.js';
import { SignalBox } from '../phone/signal-box.js';
import type { World } from '../world.js';
import { signingKeys, type RawKeyPair } from '../wire/key-pair.js';

/** An account as the state file keeps it: one JSON line, bytes in base64, stanzas in their binary form. */
export interface SavedAccount {
  readonly number: string;
  readonly lid: string;
  readonly name: string;
  readonly counters: { readonly lastDevice: number; readonly lastKeyIndex: number };
  readonly watchers: readonly string[];
  readonly blocked: readonly string[];
  readonly about: string;
  readonly aboutSetAt: number;
  readonly picture: { readonly id: string; readonly bytes: string } | null;
  readonly restrictedUntil: number | null;
  readonly collections: readonly (readonly [string, readonly string[]])[];
  readonly phone: {
    readonly online: boolean;
    /** The seed of the identity key. */
    readonly identity: string;
    readonly registrationId: number;
    readonly signedPreKey: SavedPair & { readonly id: number; readonly signature: string };
    readonly appState: { readonly id: string; readonly data: string };
    readonly past: Past;
    readonly sessions: readonly [string, object][];
    readonly senderKeys: ReturnType<SenderKeys['entries']>;
    readonly memory: readonly { readonly id: string; readonly chat: string; readonly sender: string; readonly bytes: string }[];
    readonly arrived: readonly Arrival[];
    readonly receipts: readonly ReceiptSeen[];
    readonly sent: readonly { readonly id: string; readonly to: string; readonly bytes: string; readonly timestamp: number }[];
    readonly queue: readonly string[];
  };
  readonly companions: readonly {
    readonly device: number;
    readonly keyIndex: number;
    readonly noiseKey: string;
    readonly identity: string;
    readonly registrationId: number;
    readonly signedPreKey: { readonly id: number; readonly value: string; readonly signature: string };
    readonly greeted: boolean;
    readonly preKeys: string;
    readonly queue: readonly string[];
  }[];
}

interface SavedPair {
  readonly private: string;
  readonly public: string;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const bytes = (saved: string): Buffer => Buffer.from(saved, 'base64');
const savePair = (pair: RawKeyPair): SavedPair => ({ private: text(pair.private), public: text(pair.public) });
const loadPair = (pair: SavedPair): RawKeyPair => ({ private: bytes(pair.private), public: bytes(pair.public) });
const saveQueue = (queue: DeliveryQueue): string[] => queue.pending().map(({ node }) => text(encodeBinaryNode(node)));

/** An account with its phone and linked devices, ready for JSON. */
export function saveAccount(account: Account): SavedAccount {
  const { number, lid, name, counters, phone, profile, restrictedUntil } = account;
  const { identity, registrationId, signedPreKey, appState } = phone.keys;
  return {
    number,
    lid,
    name,
    counters,
    watchers: [...account.watchers],
    blocked: [...account.blocked],
    about: profile.about,
    aboutSetAt: profile.aboutSetAt,
    picture: profile.picture && { id: profile.picture.id, bytes: text(profile.picture.bytes) },
    restrictedUntil,
    collections: account.collections.entries().map(([collection, patches]) => [collection, patches.map(text)]),
    phone: {
      online: phone.online,
      identity: text(identity.seed),
      registrationId,
      signedPreKey: { ...savePair(signedPreKey.pair), id: signedPreKey.id, signature: text(signedPreKey.signature) },
      appState: { id: text(appState.id), data: text(appState.data) },
      past: phone.past,
      sessions: phone.signal.entries(),
      senderKeys: phone.senderKeys.entries(),
      memory: phone.memory.entries().map((message) => ({ ...message, bytes: text(message.bytes) })),
      arrived: phone.mailbox.arrived,
      receipts: phone.mailbox.receipts,
      sent: [...phone.sent.values()].map((message) => ({ ...message, bytes: text(message.bytes) })),
      queue: saveQueue(phone.queue),
    },
    companions: [...account.companions.values()].map(({ device, keyIndex, keys, preKeys, queue, greeted }) => ({
      device,
      keyIndex,
      noiseKey: text(keys.noiseKey),
      identity: text(keys.identity),
      registrationId: keys.registrationId,
      signedPreKey: { id: keys.signedPreKey.id, value: text(keys.signedPreKey.value), signature: text(keys.signedPreKey.signature) },
      greeted,
      preKeys: text(preKeys.packed()),
      queue: saveQueue(queue),
    })),
  };
}

/** Puts a saved account back into a world. Its phone stays offline until the function it resolves with is called, when all others are back too. */
export async function restoreAccount(world: World, saved: SavedAccount): Promise<() => void> {
  const account = new Account(saved.number, saved.lid, saved.name, saved.counters);
  for (const watcher of saved.watchers) account.watchers.add(watcher);
  for (const number of saved.blocked) account.blocked.add(number);
  const { phone, about, aboutSetAt, picture } = saved;
  account.profile = { about, aboutSetAt, picture: picture && { id: picture.id, bytes: bytes(picture.bytes) } };
  account.restrictedUntil = saved.restrictedUntil;
  account.collections = new Collections(saved.collections.map(([collection, patches]) => [collection, patches.map(bytes)] as const));
  const keys = {
    identity: signingKeys(bytes(phone.identity)),
    registrationId: phone.registrationId,
    signedPreKey: { id: phone.signedPreKey.id, pair: loadPair(phone.signedPreKey), signature: bytes(phone.signedPreKey.signature) },
    appState: { id: bytes(phone.appState.id), data: bytes(phone.appState.data) },
  };
  const belongings = {
    mailbox: new Mailbox([...phone.arrived], [...phone.receipts]),
    memory: new Memory(phone.memory.map((message) => ({ ...message, bytes: bytes(message.bytes) }))),
    senderKeys: new SenderKeys(saved.lid, phone.senderKeys.records, phone.senderKeys.holders),
  };
  account.phone = new Phone(world, account, keys, new SignalBox(saved.number, keys, phone.sessions), belongings);
  account.phone.past = phone.past;
  for (const message of phone.sent) account.phone.sent.set(message.id, { ...message, bytes: bytes(message.bytes) });
  await restoreQueue(account.phone.queue, phone.queue);
  account.phone.setOnline(false);
  for (const { device, keyIndex, noiseKey, identity, registrationId, signedPreKey, greeted, preKeys, queue } of saved.companions) {
    const { id, value, signature } = signedPreKey;
    const publicKeys = {
      noiseKey: bytes(noiseKey),
      identity: bytes(identity),
      registrationId,
      signedPreKey: { id, value: bytes(value), signature: bytes(signature) },
    };
    const companion = new Companion(account, device, keyIndex, publicKeys, new PreKeyShelf(bytes(preKeys)));
    companion.greeted = greeted;
    await restoreQueue(companion.queue, queue);
    account.companions.set(device, companion);
  }
  world.directory.add(account);
  return () => account.phone.setOnline(phone.online);
}

async function restoreQueue(queue: DeliveryQueue, saved: readonly string[]): Promise<void> {
  for (const node of saved) queue.push(await decodeBinaryNode(bytes(node)));
}
