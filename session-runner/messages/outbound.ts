import { isGroup, isLid } from '../../shared/domain/ids.js';
import type { OutgoingContent } from '../../shared/domain/message.js';
import { AppError } from '../../shared/errors.js';
import type { Store } from '../../shared/store/store.js';
import { generateWAMessage, proto, type UserFacingSocketConfig, type WAMessageKey, type WASocket } from '../baileys.js';
import { SLOT_TABLES } from '../../shared/store/slot-store.js';

interface OutgoingRow {
  message: Uint8Array;
  at: number;
}

/** Sent messages are kept this long to answer retry receipts of recipients that could not decrypt them. */
const KEEP_MS = 24 * 60 * 60_000;

export interface SendRequest {
  messageId: string;
  to: string;
  content: OutgoingContent;
}

/** Writes the message to the wire. Resolves when its bytes were handed over; only an ack means sent. */
export const relay = async (sock: WASocket, store: Store, sessionId: string, { messageId, to, content }: SendRequest): Promise<void> => {
  await assertOnWhatsApp(sock, to);
  const message = await generateWAMessage(
    to,
    // null, not absent: absent lets Baileys look for a link preview.
    { text: content.text, linkPreview: null },
    { messageId, userJid: sock.authState.creds.me?.id ?? '', upload: refuseUpload },
  );
  if (!message.message) throw new AppError('INVALID_REQUEST', 'The message has no content.');
  const row: OutgoingRow = { message: proto.Message.encode(message.message).finish(), at: Date.now() };
  await store.commit([{ table: SLOT_TABLES.outgoing, key: [sessionId, messageId], value: row }]);
  await sock.relayMessage(to, message.message, { messageId });
};

/** Answers Baileys when a recipient asks for a message again. */
export const sentMessage =
  (store: Store, sessionId: string): NonNullable<UserFacingSocketConfig['getMessage']> =>
  // Baileys asks for a promise; the store answers at once.
  async ({ id }: WAMessageKey) => {
    const row = id ? store.get<OutgoingRow>(SLOT_TABLES.outgoing, [sessionId, id]) : undefined;
    return Promise.resolve(row && proto.Message.decode(row.message));
  };

/** Forgets sent messages that nobody will ask for any more. */
export const sweepOutgoing = async (store: Store, now: number): Promise<void> => {
  const due = [...store.range<OutgoingRow>(SLOT_TABLES.outgoing)].filter(({ value }) => value.at < now - KEEP_MS);
  await store.commit(due.map(({ key }) => ({ table: SLOT_TABLES.outgoing, key, value: undefined })));
};

/** Baileys drops recipients it has no LID for and then fails with a riddle; a number that is not on WhatsApp deserves its own answer. */
const assertOnWhatsApp = async (sock: WASocket, to: string): Promise<void> => {
  if (isGroup(to) || isLid(to)) return;
  if (await sock.signalRepository.lidMapping.getLIDForPN(to)) return;
  const found = await sock.onWhatsApp(to);
  if (found && !found.some(({ exists }) => exists)) {
    throw new AppError('RECIPIENT_NOT_ON_WHATSAPP', 'This number is not on WhatsApp.');
  }
};

const refuseUpload = async (): Promise<never> => Promise.reject(new AppError('INVALID_REQUEST', 'Only text can be sent.'));
