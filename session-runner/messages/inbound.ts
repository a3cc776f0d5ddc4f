import { isGroup, isLid, keyPart, withoutDevice } from '../../shared/domain/ids.js';
import type { MessageStatus } from '../../shared/domain/message.js';
import type { Store } from '../../shared/store/store.js';
import type { BaileysEventMap, BinaryNode, MessageUserReceipt, WAMessage, WAMessageKey } from '../baileys.js';
import { proto } from '../baileys.js';
import { SLOT_TABLES } from '../../shared/store/slot-store.js';
import { wholeNumber } from './bounded.js';
import { contactEntries } from './contact-news.js';
import { toMessage } from './decode-message.js';
import type { SpoolEntry } from './spool.js';

const { Status } = proto.WebMessageInfo;
const PERSON = /^\d{1,30}(:\d{1,3})?@(s\.whatsapp\.net|lid)$/;
const STATUS: Readonly<Record<number, MessageStatus>> = {
  [Status.SERVER_ACK]: 'sent',
  [Status.DELIVERY_ACK]: 'delivered',
  [Status.READ]: 'read',
  [Status.PLAYED]: 'played',
};

/** Whose events they are; `me` and `meLid` are our own jids, without device. */
interface Context {
  sessionId: string;
  me: string;
  meLid: string;
  store: Store;
  /** The number of a LID that acted in a group, as far as WhatsApp told it. */
  numberOf?: (lid: string) => string | undefined;
}

/**
 * What must be kept of an event that Baileys is about to emit, seen before its event buffer, which forgets what it holds when a socket
 * ends. Decrypted messages are not among it: they are in the inbox already.
 */
export const entriesOf = <E extends keyof BaileysEventMap>(event: E, data: BaileysEventMap[E], context: Context): SpoolEntry[] => {
  const { sessionId } = context;
  switch (event) {
    case 'messages.upsert': {
      const { messages } = data as BaileysEventMap['messages.upsert'];
      return messages.flatMap((message): SpoolEntry[] => {
        const decoded = wasDecrypted(message, context) ? undefined : toMessage(withNumber(message, context), context.me);
        const kept: SpoolEntry[] = decoded ? [{ kind: 'message', sessionId, message: decoded }] : [];
        return [...kept, ...mergedStatuses(message, context)];
      });
    }
    case 'messages.update':
      return (data as BaileysEventMap['messages.update']).flatMap(({ key, update }) => [
        ...statusEntry(sessionId, key, update.status, secondsOf(update.messageTimestamp), key.remoteJid),
        ...(update.userReceipt ?? []).flatMap((receipt) => receiptEntry(context, key, receipt)),
      ]);
    case 'message-receipt.update':
      return (data as BaileysEventMap['message-receipt.update']).flatMap(({ key, receipt }) => receiptEntry(context, key, receipt));
    default:
      return contactEntries(sessionId, event, data);
  }
};

/** Of who acted in a group Baileys loses the number on the way. */
const withNumber = (message: WAMessage, { me, meLid, numberOf }: Context): WAMessage => {
  const { key } = message;
  const actor = withoutDevice(key.participant ?? '');
  if (!message.messageStubType || !isLid(actor) || key.participantAlt) return message;
  const participantAlt = actor === meLid ? me : numberOf?.(actor);
  return participantAlt === undefined ? message : { ...message, key: { ...key, participantAlt } };
};

/** Of a group Baileys does not tell played from read: this looks at the stanza of the receipt itself. */
export const playedInGroup = ({ attrs, content }: BinaryNode, { sessionId, me, meLid }: Omit<Context, 'store'>): SpoolEntry[] => {
  const listener = withoutDevice(attrs['participant'] ?? '');
  if (attrs['type'] !== 'played' || !isGroup(attrs['from'] ?? '') || listener === me || listener === meLid) return [];
  const more = Array.isArray(content) ? content.flatMap(({ content: items }) => (Array.isArray(items) ? items : [])) : [];
  const ids = [attrs['id'], ...more.map((item) => item.attrs['id'])];
  return ids.flatMap((id) =>
    statusEntry(sessionId, { id: id ?? '', fromMe: true }, Status.PLAYED, secondsOf(Number(attrs['t'])), listener),
  );
};

const wasDecrypted = ({ key, messageStubType }: WAMessage, { sessionId, store }: Context): boolean =>
  !messageStubType &&
  key.id !== undefined &&
  key.id !== null &&
  [...store.range(SLOT_TABLES.inbox, { prefix: [sessionId, keyPart(key.id)], limit: 1 })].length > 0;

/** Baileys merges receipts that come together with a message into it. */
const mergedStatuses = ({ key, status, userReceipt }: WAMessage, context: Context): SpoolEntry[] => [
  // What a message of our own has by itself; that it was sent history knows.
  ...(typeof status === 'number' && status > Status.SERVER_ACK ? statusEntry(context.sessionId, key, status, 0) : []),
  ...(userReceipt ?? []).flatMap((receipt) => receiptEntry(context, key, receipt)),
];

/** How far one recipient got; a group's message counts as far as the first of its members. */
const receiptEntry = ({ sessionId, me, meLid }: Context, key: WAMessageKey, receipt: MessageUserReceipt): SpoolEntry[] => {
  const reader = withoutDevice(receipt.userJid ?? '');
  // Our other devices confirm the copies they get.
  if (reader !== '' && (reader === me || reader === meLid)) return [];
  const steps = [
    [Status.PLAYED, receipt.playedTimestamp],
    [Status.READ, receipt.readTimestamp],
    [Status.DELIVERY_ACK, receipt.receiptTimestamp],
  ] as const;
  const [code, time] = steps.find(([, at]) => secondsOf(at) > 0) ?? [Status.DELIVERY_ACK, undefined];
  return statusEntry(sessionId, key, code, secondsOf(time), reader);
};

const secondsOf = (time: unknown): number => wholeNumber(time) ?? 0;

/** @param seconds Unix time; 0: now @param recipient who confirmed it; a chat that is a person */
const statusEntry = (
  sessionId: string,
  { fromMe, id }: WAMessageKey,
  code: number | null | undefined,
  seconds: number,
  recipient?: string | null,
): SpoolEntry[] => {
  const status = typeof code === 'number' ? STATUS[code] : undefined;
  if (!fromMe || !id || !status) return [];
  const by = status === 'sent' || !PERSON.test(recipient ?? '') ? undefined : withoutDevice(recipient ?? '');
  return [{ kind: 'status', sessionId, messageId: id, status, at: seconds * 1000 || Date.now(), ...(by !== undefined && { by }) }];
};
