// Message files as they may be found: a plain array of records, as the guide's sample writes them, or a file of this worker.
import { z } from 'zod';
import { isGroup, toRecipientJid, withoutDevice } from '../../shared/domain/ids.js';
import { Message, MESSAGE_STATUSES } from '../../shared/domain/message.js';
import { DamagedError } from '../../shared/store/sealed-json.js';
import { readPart } from '../messages/message-file.js';
import { MessageRecord, recordOf, type StoredMessage } from '../messages/message-record.js';
import { TransferRefusedError } from './session-source.js';

/** Numbers below this are seconds: in milliseconds they would be before 1973. */
const FIRST_MILLISECOND = 100_000_000_000;

const timeOf = (iso: string | undefined): number | undefined => (iso === undefined ? undefined : Date.parse(iso));

const LooseRecord = z.object({
  id: z.string().min(1),
  from: z.string().min(1),
  to: z.string().min(1),
  type: z.string().min(1).default('text'),
  content: z.string().nullish(),
  timestamp: z
    .union([z.string().transform(Date.parse), z.number().transform((time) => (time < FIRST_MILLISECOND ? time * 1000 : time))])
    .pipe(z.number().int()),
  status: z.enum(MESSAGE_STATUSES).optional().catch(undefined),
  chat: z.string().optional(),
  chatAlt: z.string().optional(),
  fromAlt: z.string().optional(),
  fromMe: z.boolean().optional(),
  pushName: z.string().optional(),
  raw: z.string().optional(),
  // What is beyond the guide; a value of another shape is done without.
  details: Message.shape.details.catch(undefined),
  quoted: Message.shape.quoted.catch(undefined),
  mentions: Message.shape.mentions.catch(undefined),
  forwarded: Message.shape.forwarded.catch(undefined),
  editedAt: MessageRecord.shape.editedAt.transform(timeOf).catch(undefined),
  editId: Message.shape.editId.catch(undefined),
  revokedAt: MessageRecord.shape.revokedAt.transform(timeOf).catch(undefined),
  receipts: Message.shape.receipts.catch(undefined),
});

/** Whose messages they are: jids of the session, without device. */
export type OwnJids = readonly string[];

/** @throws TransferRefusedError */
export const readMessages = (name: string, body: Buffer, own: OwnJids): Message[] => {
  let content: unknown;
  try {
    content = JSON.parse(body.toString());
    if (isSealed(content)) return readPart(body).messages.map(({ message }) => message);
  } catch (error) {
    if (!(error instanceof DamagedError) && !(error instanceof SyntaxError)) throw error;
    throw new TransferRefusedError(`messages/${name} is damaged${MOVE}`, { cause: error });
  }
  if (!Array.isArray(content)) throw new TransferRefusedError(`messages/${name} is no list of messages${MOVE}`);
  return content.map((record, index) => {
    const parsed = LooseRecord.safeParse(record);
    if (parsed.success) return messageOf(parsed.data, own);
    const names = [...new Set(parsed.error.issues.map(({ path }) => String(path[0] ?? 'all of it')))];
    throw new TransferRefusedError(`message ${index + 1} of messages/${name} cannot be used (${names.join(', ')})${MOVE}`);
  });
};

/** As the guide prints a message, and what is known beyond that. */
export const plainRecord = (stored: StoredMessage): object => ({ ...recordOf(stored), n: undefined, second: undefined });

const MOVE = '; mend it, or move it away to do without it';

const isSealed = (content: unknown): boolean => typeof content === 'object' && content !== null && 'sha256' in content;

const messageOf = (record: z.infer<typeof LooseRecord>, own: OwnJids): Message => {
  const { id, type, content, timestamp } = record;
  const { chatAlt, fromAlt, pushName, raw, details, quoted, mentions, forwarded, editedAt, editId, revokedAt, receipts } = record;
  const [from, to] = [jidOf(record.from), jidOf(record.to)];
  const fromMe = record.fromMe ?? own.includes(from);
  return {
    ...{ id, from, to, fromMe, type, content: content ?? null, timestamp },
    chat: record.chat ?? (fromMe || isGroup(to) ? to : from),
    status: record.status ?? (fromMe ? 'sent' : 'delivered'),
    ...defined({ chatAlt, fromAlt, pushName, raw, details, quoted, mentions, forwarded, editedAt, editId, revokedAt, receipts }),
  };
};

const defined = <T extends object>(fields: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };

const jidOf = (address: string): string => toRecipientJid(address) ?? withoutDevice(address);
