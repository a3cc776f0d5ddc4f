// Edits and revocations: which message they are about, and what becomes of it.
import type { Message } from '../../shared/domain/message.js';

/** Types whose content is words of their author that can be put otherwise. */
export const EDITABLE: ReadonlySet<string> = new Set(['text', 'image', 'video', 'document']);
const EFFECTS: Readonly<Record<string, (target: Message, by: Message) => Message | undefined>> = {
  edit: ({ mentions: _before, ...target }, { id: editId, content, mentions, timestamp: editedAt }) =>
    !EDITABLE.has(target.type) || (content === null && target.type === 'text')
      ? undefined
      : { ...target, content, ...(mentions && { mentions }), editedAt, editId },
  // The type stays: what was deleted, nobody can read any more; that it was a picture, everybody may know.
  revoke: ({ id, chat, chatAlt, from, fromAlt, to, fromMe, type, timestamp, status, pushName, editedAt, receipts }, by) =>
    type in EFFECTS
      ? undefined
      : {
          ...{ id, chat, from, to, fromMe, type, content: null, timestamp, status, revokedAt: by.timestamp },
          ...(chatAlt !== undefined && { chatAlt }),
          ...(fromAlt !== undefined && { fromAlt }),
          ...(pushName !== undefined && { pushName }),
          ...(editedAt !== undefined && { editedAt }),
          ...(receipts && { receipts }),
        },
};

/** Id of the message that this one changes, if it is one that changes another. */
export const changedBy = ({ type, details, id }: Message): string | undefined => {
  const target = type in EFFECTS ? details?.['messageId'] : undefined;
  return typeof target === 'string' && target !== id ? target : undefined;
};

/** Of one author the same chat, by either of its names; the author is not asked about here. */
export const inOneChat = (a: Message, b: Message): boolean =>
  [a.chat, a.chatAlt].some((chat) => chat !== undefined && (chat === b.chat || chat === b.chatAlt));

/** The message as it is after `by`: `late` when it was revoked or edited after that already, undefined when it cannot be changed so. */
export const afterChange = (target: Message, by: Message): Message | 'late' | undefined => {
  const after = EFFECTS[by.type]?.(target, by);
  if (!after) return undefined;
  const isLate = target.revokedAt !== undefined || (by.type === 'edit' && by.timestamp < (target.editedAt ?? 0));
  return isLate ? 'late' : after;
};

/** An edit whose words are nobody's any more: others took their place, or the message was revoked. */
export const withoutWords = ({ raw: _raw, mentions: _mentions, quoted: _quoted, ...edit }: Message): Message => ({
  ...edit,
  content: null,
});
