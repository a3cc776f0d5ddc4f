// Rows as a session that has been used for a while has them.
import { randomBytes } from 'node:crypto';
import type { Message } from '../../../shared/domain/message.js';
import { SLOT_TABLES } from '../../../shared/store/slot-store.js';
import type { Write } from '../../../shared/store/store.js';
import { dayOf, withMessage } from '../../../supervisor/messages/message-day.js';
import { restoreWrites } from '../../../supervisor/messages/message-file.js';
import { recordBytes, type StoredMessage } from '../../../supervisor/messages/message-record.js';
import { TABLES, type MessageDay, type SessionRow } from '../../../supervisor/supervisor-store.js';

export interface SessionSize {
  preKeys: number;
  signalSessions: number;
  messages: number;
}

/** What Baileys uploads at first, with the contacts and the messages of a small business. */
export const USUAL_SESSION: SessionSize = { preKeys: 812, signalSessions: 50, messages: 500 };

export const sessionIdOf = (index: number): string => `session-${String(index).padStart(6, '0')}`;

const ownJid = (index: number): string => `6281${String(200_000_000 + index)}@s.whatsapp.net`;

interface KeyPair {
  public: Buffer;
  private: Buffer;
}

const keyPair = (): KeyPair => {
  const bytes = randomBytes(64);
  return { public: bytes.subarray(0, 32), private: bytes.subarray(32) };
};

const text = (bytes: number): string => randomBytes(bytes).toString('base64');

export const credentials = (index: number): Write[] => {
  const sessionId = sessionIdOf(index);
  const me = { id: ownJid(index).replace('@', ':7@'), lid: `${70_000_000_000_000 + index}:7@lid`, name: 'Shop' };
  const creds = {
    noiseKey: keyPair(),
    pairingEphemeralKeyPair: keyPair(),
    signedIdentityKey: keyPair(),
    signedPreKey: { keyPair: keyPair(), signature: randomBytes(64), keyId: 1 },
    registrationId: 11_111,
    advSecretKey: text(32),
    processedHistoryMessages: [],
    nextPreKeyId: 813,
    firstUnuploadedPreKeyId: 813,
    accountSyncCounter: 1,
    accountSettings: { unarchiveChats: false },
    registered: true,
    account: {
      details: randomBytes(24),
      accountSignatureKey: randomBytes(32),
      accountSignature: randomBytes(64),
      deviceSignature: randomBytes(64),
    },
    me,
    signalIdentities: [{ identifier: { name: me.lid, deviceId: 0 }, identifierKey: randomBytes(33) }],
    platform: 'android',
    routingInfo: randomBytes(16),
    lastPropHash: '3R9Z39',
    myAppStateKeyId: 'AAAAAK4k',
  };
  return [{ table: SLOT_TABLES.creds, key: [sessionId], value: creds }];
};

/** A Signal session, about 2 KB: identity, root, one chain of each direction and a few keys of messages that came in another order. */
const signalSession = (step: number): unknown => ({
  _sessions: {
    [text(33)]: {
      registrationId: 22_222,
      currentRatchet: {
        ephemeralKeyPair: { pubKey: text(33), privKey: text(32) },
        lastRemoteEphemeralKey: text(33),
        previousCounter: step,
        rootKey: text(32),
      },
      indexInfo: {
        baseKey: text(33),
        baseKeyType: 2,
        closed: -1,
        used: 1_790_000_000_000,
        created: 1_790_000_000_000,
        remoteIdentityKey: text(33),
      },
      _chains: {
        [text(33)]: { chainKey: { counter: step, key: text(32) }, chainType: 1, messageKeys: {} },
        [text(33)]: {
          chainKey: { counter: step, key: text(32) },
          chainType: 2,
          messageKeys: Object.fromEntries(Array.from({ length: 22 }, (_, index) => [String(step + index), text(32)])),
        },
      },
    },
  },
  version: 'v1',
});

const contactOf = (index: number, contact: number): string => `6285${String((index % 100_000) * 1_000 + contact).padStart(9, '0')}`;

/** The row of one Signal session, as one ratchet step writes it. */
export const ratchetStep = (index: number, contact: number, step: number): Write => ({
  table: SLOT_TABLES.keys,
  key: [sessionIdOf(index), 'session', `${contactOf(index, contact)}.0`],
  value: signalSession(step),
});

export const keyRows = (index: number, { preKeys, signalSessions }: SessionSize): Write[] => [
  ...Array.from({ length: preKeys }, (_, id) => ({
    table: SLOT_TABLES.keys,
    key: [sessionIdOf(index), 'pre-key', String(id + 1)],
    value: keyPair(),
  })),
  ...Array.from({ length: signalSessions }, (_, contact) => ratchetStep(index, contact, 1)),
  {
    table: SLOT_TABLES.keys,
    key: [sessionIdOf(index), 'app-state-sync-key', 'AAAAAK4k'],
    value: { keyData: randomBytes(32), timestamp: '0' },
  },
];

/** How much of a session is used between two checkpoints. */
export const USED = { signalSessions: 5, preKeys: 3, messages: 3 };

/** Rows of a slot's store that change meanwhile: credentials, steps of a few ratchets, and pre-keys that are used up. */
export const usedRows = (index: number): Write[] => [
  ...credentials(index),
  ...Array.from({ length: USED.signalSessions }, (_, contact) => ratchetStep(index, contact, 2)),
  ...Array.from({ length: USED.preKeys }, (_, id) => ({
    table: SLOT_TABLES.keys,
    key: [sessionIdOf(index), 'pre-key', String(id + 1)],
    value: undefined,
  })),
];

export const messageOf = (index: number, n: number, timestamp: number): Message => ({
  id: `3EB0${String(n).padStart(18, '0')}`,
  chat: `${contactOf(index, n % 50)}@s.whatsapp.net`,
  from: `${contactOf(index, n % 50)}@s.whatsapp.net`,
  to: ownJid(index),
  fromMe: false,
  type: 'text',
  content: `Message ${n}, of about the length that messages have in a chat between people.`,
  timestamp,
  status: 'delivered',
  pushName: 'Anna',
});

/** Messages one second apart, the last of them at `newest`, as rows of the supervisor's store that no file includes yet. */
export const historyRows = (index: number, count: number, newest: number): Write[] => {
  const sessionId = sessionIdOf(index);
  const days = new Map<string, MessageDay>();
  const parts = new Map<string, StoredMessage[]>();
  for (let n = 1; n <= count; n++) {
    const timestamp = newest - (count - n) * 1000;
    const stored = { second: Math.floor(timestamp / 1000), n, message: messageOf(index, n, timestamp) };
    const day = dayOf(stored.second);
    const row = withMessage(days.get(day), recordBytes(stored));
    days.set(day, row);
    const place = `${day} ${row.part}`;
    const part = parts.get(place);
    if (part) part.push(stored);
    else parts.set(place, [stored]);
  }
  return [
    { table: TABLES.messageCounts, key: [sessionId], value: { total: count, n: count } },
    ...[...days].map(([day, value]) => ({ table: TABLES.messageDays, key: [sessionId, day], value })),
    ...[...parts].flatMap(([place, messages]) => {
      const [day = '', part = '0'] = place.split(' ');
      return [
        ...restoreWrites({ sessionId, day, part: Number(part), messages, workerId: '', generation: 0 }),
        { table: TABLES.changedParts, key: [sessionId, day, Number(part)], value: index + 1 },
      ];
    }),
  ];
};

export const sessionRow = (index: number, slot: number, now: number): SessionRow => ({
  sessionId: sessionIdOf(index),
  userId: 'user123',
  sessionName: undefined,
  desired: 'connected',
  state: 'connected',
  reason: 'opened',
  seq: 5,
  since: now,
  createdAt: now,
  lastActivity: now,
  slot,
  epoch: 1,
  paired: true,
  everConnected: true,
  jid: ownJid(index),
  lid: undefined,
  pushName: 'Shop',
  deleting: false,
});
