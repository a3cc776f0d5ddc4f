import { isGroup, isLid, withoutDevice } from '../../shared/domain/ids.js';
import type { Outgoing } from '../../shared/domain/outgoing.js';
import { AppError } from '../../shared/errors.js';
import type { Store, Write } from '../../shared/store/store.js';
import { proto, type UserFacingSocketConfig, type WAMessageKey, type WASocket } from '../baileys.js';
import { SLOT_TABLES } from '../../shared/store/slot-store.js';
import { compose } from './compose/compose.js';
import type { Composed } from './compose/composing.js';

interface OutgoingRow {
  message: Uint8Array;
  at: number;
}

/** Sent messages are kept this long to answer retry receipts of recipients that could not decrypt them. */
const KEEP_MS = 24 * 60 * 60_000;

/** A message that can go out. */
export interface Prepared extends Composed {
  messageId: string;
  to: string;
  bytes: Uint8Array;
  /** Base64 of the message, for every type but text, of which history needs no more. */
  raw?: string;
}

export const prepare = async (sock: WASocket, outgoing: Outgoing): Promise<Prepared> => {
  const { messageId, to, content } = outgoing;
  await assertOnWhatsApp(sock, to);
  const composed = compose(outgoing, withoutDevice(sock.authState.creds.me?.id ?? ''));
  const bytes = proto.Message.encode(composed.message).finish();
  return { ...composed, messageId, to, bytes, ...(content.type !== 'text' && { raw: Buffer.from(bytes).toString('base64') }) };
};

/** What is kept of it for who asks for it again. To be on disk before it leaves. */
export const keptOf = (sessionId: string, { messageId, bytes }: Prepared): Write => ({
  table: SLOT_TABLES.outgoing,
  key: [sessionId, messageId],
  value: { message: bytes, at: Date.now() } satisfies OutgoingRow,
});

/** Writes the message to the wire. Resolves when its bytes were handed over; only an ack means sent. */
export const relay = async (
  relayMessage: WASocket['relayMessage'],
  { messageId, to, message, attributes = {}, nodes = [] }: Prepared,
): Promise<void> => {
  await relayMessage(to, message, { messageId, additionalAttributes: attributes, additionalNodes: nodes });
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
