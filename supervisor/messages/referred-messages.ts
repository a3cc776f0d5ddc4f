// The messages of history that one to be sent is about or answers: found and checked before it is accepted, and kept with it.
import { isGroup, isLid } from '../../shared/domain/ids.js';
import type { Message } from '../../shared/domain/message.js';
import { referredIn, type OutgoingContent, type OutgoingType, type Referenced, type References } from '../../shared/domain/outgoing.js';
import { AppError } from '../../shared/errors.js';
import { shortened } from '../../shared/domain/shortened.js';
import type { SendRequest } from '../worker.js';
import type { History } from './history.js';
import { EDITABLE } from './message-effects.js';

export interface ReferredMessages {
  quoted?: Message;
  target?: Message;
}

/** Types nobody sees as a message of its own. */
const UNSEEN: ReadonlySet<string> = new Set(['reaction', 'edit', 'revoke', 'pin', 'keep', 'pollVote', 'eventResponse', 'undecryptable']);
const FORWARDABLE: ReadonlySet<string> = new Set([
  ...['text', 'image', 'video', 'audio', 'document', 'sticker', 'location', 'contacts', 'poll'],
]);
/** Base64 characters of a message that still fit into a frame; ones with larger pictures inside are rare. */
const LARGEST_RAW = 40_000;

/** @throws MESSAGE_NOT_FOUND, NOT_YOUR_MESSAGE, NOT_SUPPORTED, PAYLOAD_TOO_LARGE, STORAGE_UNAVAILABLE */
export const findReferred = async (
  history: Pick<History, 'find' | 'findIndexed'>,
  { sessionId, to, content }: Pick<SendRequest, 'sessionId' | 'to' | 'content'>,
): Promise<ReferredMessages> => {
  const { target, quoted } = referredIn(content);
  const type = 'type' in content ? content.type : undefined;
  // What is forwarded or answered may be of another chat.
  const elsewhere = type === 'forward';
  const found = target === undefined ? undefined : await existing(history, sessionId, to, target, elsewhere);
  if (found && type) CHECKS[type]?.(found, to);
  const answered = quoted === undefined ? undefined : await existing(history, sessionId, to, quoted, true);
  return { ...(found && { target: found }), ...(answered && { quoted: answered }) };
};

/** A message that can be seen, in this chat unless it may be elsewhere. @throws MESSAGE_NOT_FOUND, STORAGE_UNAVAILABLE */
export const existing = async (
  history: Pick<History, 'find' | 'findIndexed'>,
  sessionId: string,
  to: string,
  id: string,
  elsewhere = false,
): Promise<Message> => {
  const isThere = ({ chat, chatAlt }: Message): boolean => chat === to || chatAlt === to;
  // First of whom it is sent to: others may have given a message of theirs the same id.
  const theirs = isGroup(to) ? undefined : await history.find(sessionId, id, to);
  const found = theirs && isThere(theirs) ? theirs : await history.findIndexed(sessionId, id);
  const { type = 'system.' } = found ?? {};
  if (!found || !(elsewhere || isThere(found)) || UNSEEN.has(type) || type.startsWith('system.')) {
    throw notFound(`This ${elsewhere ? 'session' : 'chat'} has no message with the id ${id}.`);
  }
  if (found.revokedAt !== undefined) throw notFound('This message was deleted.');
  if (found.fromMe && found.status === 'failed') throw notFound('This message was not sent.');
  return found;
};

const notFound = (sentence: string): AppError => new AppError('MESSAGE_NOT_FOUND', sentence);

/** What may be done to a message, by the type that does it. */
const CHECKS: Partial<Record<OutgoingType, (target: Message, to: string) => void>> = {
  edit: (target) => {
    if (!target.fromMe) throw new AppError('NOT_YOUR_MESSAGE', 'Only messages of this session can be edited.');
    if (!EDITABLE.has(target.type)) throw new AppError('NOT_SUPPORTED', `A message of type ${target.type} cannot be edited.`);
    assertFits(target, 'edited');
  },
  revoke: (target, to) => {
    // An admin of a group may; WhatsApp knows who is one.
    if (target.fromMe || isGroup(to)) return;
    throw new AppError('NOT_YOUR_MESSAGE', 'Only messages of this session can be deleted for everyone.');
  },
  forward: (target) => {
    if (!FORWARDABLE.has(target.type) || target.details?.['viewOnce'] === true) {
      throw new AppError('NOT_SUPPORTED', 'A message of this kind cannot be forwarded.');
    }
    assertFits(target, 'forwarded');
  },
};

const fits = ({ raw }: Message): boolean => raw !== undefined && raw.length <= LARGEST_RAW;

const assertFits = (target: Message, done: string): void => {
  if (target.type === 'text' || fits(target)) return;
  // What WhatsApp has not confirmed is not complete.
  if (target.raw === undefined) throw notFound(`This message was not sent yet, or came without what it takes to be ${done}.`);
  throw new AppError('PAYLOAD_TOO_LARGE', `This message is too large to be ${done}.`);
};

/** What a runner needs of them. `lid`: our own. */
export const referencesOf = ({ quoted, target }: ReferredMessages, content: OutgoingContent, lid: string | undefined): References => ({
  ...(quoted && { quoted: { ...namesOf(quoted, lid), ...quotedContent(quoted) } }),
  ...(target && { target: { ...namesOf(target, lid), ...targetContent(target, content) } }),
});

/** What WhatsApp calls a message. `lid`: our own. */
export const namesOf = (message: Message, lid: string | undefined): Omit<Referenced, 'text' | 'raw'> => {
  const { id, chat, from, fromAlt, fromMe, forwarded } = message;
  // Groups know their members by LID.
  const alternative = isGroup(chat) ? (fromMe ? lid : fromAlt) : undefined;
  const author = alternative !== undefined && isLid(alternative) ? alternative : from;
  return { messageId: id, chat, from: author, fromMe, ...(forwarded !== undefined && { forwarded }) };
};

const quotedContent = (message: Message): Pick<Referenced, 'text' | 'raw'> =>
  message.type !== 'text' && fits(message) ? { raw: message.raw } : { text: shortened(message.content ?? '') };

const targetContent = (message: Message, { type }: OutgoingContent): Pick<Referenced, 'text' | 'raw'> => {
  if (type !== 'forward' && type !== 'edit') return {};
  if (message.type !== 'text') return { raw: message.raw };
  return type === 'forward' ? { text: message.content ?? '' } : {};
};
