import { keyPart } from '../../shared/domain/ids.js';
import type { MessageStatus } from '../../shared/domain/message.js';
import type { Store } from '../../shared/store/store.js';
import type { BaileysEventMap, WAMessage } from '../baileys.js';
import { proto } from '../baileys.js';
import { SLOT_TABLES } from '../../shared/store/slot-store.js';
import { toMessage } from './decode-message.js';
import type { SpoolEntry } from './spool.js';

const { Status } = proto.WebMessageInfo;
const STATUS: Readonly<Record<number, MessageStatus>> = {
  [Status.SERVER_ACK]: 'sent',
  [Status.DELIVERY_ACK]: 'delivered',
  [Status.READ]: 'read',
  [Status.PLAYED]: 'played',
};

/**
 * What must be kept of an event that Baileys is about to emit, seen before its event buffer, which forgets what it holds when a socket
 * ends. Decrypted messages are not among it: they are in the inbox already.
 */
export const entriesOf = <E extends keyof BaileysEventMap>(
  event: E,
  data: BaileysEventMap[E],
  context: { sessionId: string; me: string; store: Store },
): SpoolEntry[] => {
  const { sessionId } = context;
  switch (event) {
    case 'messages.upsert': {
      const { messages } = data as BaileysEventMap['messages.upsert'];
      return messages
        .filter((message) => !wasDecrypted(message, context))
        .flatMap((message) => toMessage(message, context.me) ?? [])
        .map((message) => ({ kind: 'message', sessionId, message }));
    }
    case 'messages.update':
      return (data as BaileysEventMap['messages.update']).flatMap(({ key, update }) =>
        statusEntry(sessionId, key.fromMe, key.id, update.status, Number(update.messageTimestamp ?? 0) * 1000),
      );
    case 'message-receipt.update':
      return (data as BaileysEventMap['message-receipt.update']).flatMap(({ key, receipt }) =>
        statusEntry(
          sessionId,
          key.fromMe,
          key.id,
          receipt.readTimestamp ? Status.READ : Status.DELIVERY_ACK,
          Number(receipt.readTimestamp ?? receipt.receiptTimestamp ?? 0) * 1000,
        ),
      );
    default:
      return [];
  }
};

const wasDecrypted = ({ key, messageStubType }: WAMessage, { sessionId, store }: { sessionId: string; store: Store }): boolean =>
  !messageStubType &&
  key.id !== undefined &&
  key.id !== null &&
  [...store.range(SLOT_TABLES.inbox, { prefix: [sessionId, keyPart(key.id)], limit: 1 })].length > 0;

const statusEntry = (
  sessionId: string,
  fromMe: boolean | null | undefined,
  messageId: string | null | undefined,
  code: number | null | undefined,
  at: number,
): SpoolEntry[] => {
  const status = typeof code === 'number' ? STATUS[code] : undefined;
  return fromMe && messageId && status ? [{ kind: 'status', sessionId, messageId, status, at: at || Date.now() }] : [];
};
