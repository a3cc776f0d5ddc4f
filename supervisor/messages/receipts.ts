// Who of the recipients of a message has it, and since when.
import { isLid, keyPart } from '../../shared/domain/ids.js';
import type { Message, MessageStatus, Receipt } from '../../shared/domain/message.js';
import type { Person } from '../../shared/ipc/queries/person.js';
import type { Store } from '../../shared/store/store.js';
import { contactKey } from '../chats/contact-rows.js';
import { contactName } from '../chats/chat-list.js';
import { TABLES, type ContactRow } from '../supervisor-store.js';

/** What one recipient told of a message; `at` is Unix milliseconds. */
export interface Confirmation {
  by: string;
  status: MessageStatus;
  at: number;
}

/** Times are Unix milliseconds; undefined: not known. */
export interface ReceiptView extends Person {
  name: string | undefined;
  deliveredAt: number | undefined;
  readAt: number | undefined;
  playedAt: number | undefined;
}

const STEPS: readonly MessageStatus[] = ['delivered', 'read', 'played'];
/** More than a group can have members. */
const MOST_RECIPIENTS = 4_096;

/** The first time of each step counts. Undefined when nothing is new. */
export const withReceipts = (known: Message['receipts'], confirmations: readonly Confirmation[]): Message['receipts'] => {
  const receipts = new Map<string, Receipt>(Object.entries(known ?? {}));
  let isNew = false;
  for (const { by, status, at } of confirmations) {
    const step = STEPS.indexOf(status);
    const before = receipts.get(by);
    if (step < 0 || (before?.[step] ?? 0) > 0 || (!before && receipts.size >= MOST_RECIPIENTS)) continue;
    const after: Receipt = before ? [...before] : [0, 0, 0];
    after[step] = Math.floor(at / 1000);
    receipts.set(by, after);
    isNew = true;
  }
  return isNew ? Object.fromEntries(receipts) : undefined;
};

/** By person, in the order of their addresses: of what was told by number and by LID the earlier counts. */
export const receiptsOf = (store: Pick<Store, 'get'>, sessionId: string, { receipts = {} }: Message): ReceiptView[] => {
  const people = new Map<string, { lid: string | undefined; times: Receipt }>();
  for (const [by, times] of Object.entries(receipts)) {
    const jid = isLid(by) ? (store.get<string>(TABLES.lids, [sessionId, keyPart(by)]) ?? by) : by;
    const before = people.get(jid);
    people.set(jid, { lid: isLid(by) ? by : before?.lid, times: before ? earlier(before.times, times) : times });
  }
  return [...people].sort(([a], [b]) => (a < b ? -1 : 1)).map(([jid, { lid, times }]) => view(store, sessionId, jid, lid, times));
};

const view = (store: Pick<Store, 'get'>, sessionId: string, jid: string, told: string | undefined, times: Receipt): ReceiptView => {
  const key = contactKey(sessionId, jid);
  const contact = key && store.get<ContactRow>(TABLES.contacts, key);
  const lid = told ?? contact?.lid;
  const [deliveredAt, readAt, playedAt] = times.map((second) => (second === 0 ? undefined : second * 1000));
  return { jid, ...(lid !== undefined && { lid }), name: contactName(contact), deliveredAt, readAt, playedAt };
};

const earlier = (a: Receipt, b: Receipt): Receipt => {
  const of = (step: 0 | 1 | 2): number => Math.min(a[step] || Infinity, b[step] || Infinity);
  return [of(0), of(1), of(2)].map((second) => (second === Infinity ? 0 : second)) as Receipt;
};
