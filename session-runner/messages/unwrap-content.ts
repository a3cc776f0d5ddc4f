import type { proto } from '../baileys.js';

/** Fields that hold a whole message and say something about it as such. */
const WRAPPERS = [
  'deviceSentMessage',
  'ephemeralMessage',
  'viewOnceMessage',
  'viewOnceMessageV2',
  'viewOnceMessageV2Extension',
  'documentWithCaptionMessage',
  'editedMessage',
  'associatedChildMessage',
  'groupMentionedMessage',
  'groupStatusMessage',
  'groupStatusMessageV2',
  'botInvokeMessage',
  'botForwardedMessage',
  'lottieStickerMessage',
  'pollCreationMessageV4',
  'pollCreationOptionImageMessage',
  'questionMessage',
  'questionReplyMessage',
] as const satisfies (keyof proto.IMessage)[];
const VIEW_ONCE: ReadonlySet<string> = new Set(['viewOnceMessage', 'viewOnceMessageV2', 'viewOnceMessageV2Extension']);
/** Honest ones have two or three around each other. */
const MOST_WRAPPERS = 16;

/** What is inside of all wrappers, with the context that came outside of it; a wrapper that is too deep, or empty, stays. */
export const unwrapContent = (message: proto.IMessage): { content: proto.IMessage; viewOnce: boolean } => {
  let content = message;
  let viewOnce = false;
  for (let depth = 0; depth < MOST_WRAPPERS; depth++) {
    const wrapper = WRAPPERS.find((name) => content[name]?.message);
    const inner = wrapper && content[wrapper]?.message;
    if (!inner) break;
    viewOnce ||= VIEW_ONCE.has(wrapper);
    const { messageContextInfo } = content;
    content = messageContextInfo && !inner.messageContextInfo ? { ...inner, messageContextInfo } : inner;
  }
  return { content, viewOnce };
};
